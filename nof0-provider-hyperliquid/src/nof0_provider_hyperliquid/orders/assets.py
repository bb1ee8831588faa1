"""The coins of a dex as actions name them: by number."""

from __future__ import annotations

from datetime import datetime, timedelta

import anyio

from nof0_core.clock import Clock
from nof0_core.errors import DataError
from nof0_core.ids import Symbol
from nof0_provider_hyperliquid.transport.client import InfoClient
from nof0_provider_hyperliquid.transport.windows import Priority
from nof0_provider_hyperliquid.wire.meta import Asset, Universe, read_universe
from nof0_provider_hyperliquid.wire.reading import record, rows

MAX_AGE = timedelta(hours=1)
"""How long rules count; the venue lists and delists coins while a run goes on."""
AGAIN = timedelta(seconds=10)
"""How soon it is asked again for a coin nobody knew."""
DEX_IDS = 100_000
DEX_SPAN = 10_000
"""Assets of the dex of a builder begin at 100,000 + 10,000 x its place (SDK, `Info`)."""


class Assets:
    """The universe of one dex and the numbers of its assets; asked for when it is needed."""

    def __init__(self, client: InfoClient, *, dex: str, clock: Clock) -> None:
        self._client = client
        self._dex = dex
        self._clock = clock
        self._turn = anyio.Lock()
        self._universe: Universe | None = None
        self._asked: datetime | None = None
        self._first = 0 if not dex else None

    async def asset(self, symbol: Symbol) -> Asset:
        """Return a coin that can be traded; at once, if it was ever heard of.

        Raises:
            TransientError: the venue does not say.
            DataError: there is none of that name, or its rules make no sense.
        """
        if self._universe is not None and symbol in self._universe.assets:
            return self._universe.asset(symbol)
        return (await self._fresh(AGAIN)).asset(symbol)

    async def refresh(self) -> None:
        """Ask for the rules again if they are old, while there is time for it.

        Raises:
            TransientError: the venue does not say.
            DataError: it says what cannot be, or has no such dex.
        """
        await self._fresh(MAX_AGE)

    def number(self, asset: Asset) -> int:
        """Return what actions call an asset."""
        assert self._first is not None  # noqa: S101 - whoever has an asset has asked
        return self._first + asset.index

    async def _fresh(self, age: timedelta) -> Universe:
        async with self._turn:
            now = self._clock.now()
            asked, known = self._asked, self._universe
            if known is not None and asked is not None and timedelta(0) <= now - asked < age:
                return known
            if self._first is None:
                self._first = await self._begin()
            request = {"type": "meta", "dex": self._dex}
            meta = await self._client.info(request, priority=Priority.ORDERS)
            self._universe, self._asked = read_universe(meta, self._dex), now
            return self._universe

    async def _begin(self) -> int:
        answer = await self._client.info({"type": "perpDexs"}, priority=Priority.ORDERS)
        for place, entry in enumerate(rows(answer, "perpDexs")):
            name = None if entry is None else record(entry, f"perpDexs[{place}]").get("name")
            if name == self._dex:
                return DEX_IDS + DEX_SPAN * place
        message = f"the venue has no dex {self._dex}"
        raise DataError(message)
