"""The coins of a dex as actions name them: by number."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import anyio
from anyio import to_thread

from nof0_core.clock import Clock
from nof0_core.errors import DataError, ProviderError
from nof0_core.files import begun, read_bytes
from nof0_core.ids import Symbol
from nof0_provider_hyperliquid.transport.client import InfoClient
from nof0_provider_hyperliquid.transport.windows import Priority
from nof0_provider_hyperliquid.wire.meta import Asset, Universe, read_universe
from nof0_provider_hyperliquid.wire.reading import record, rows, whole

FILE_NAME = "rules.json"
LARGEST_FILE = 16 * 1024 * 1024
MAX_AGE = timedelta(hours=1)
"""How long rules count; the venue lists and delists coins while a run goes on."""
AGAIN = timedelta(seconds=10)
"""How soon it is asked again for a coin nobody knew."""
DEX_IDS = 100_000
DEX_SPAN = 10_000
"""Assets of the dex of a builder begin at 100,000 + 10,000 x its place (SDK, `Info`)."""
MOST_DEXES = 100_000


class Assets:
    """The universe of one dex and the numbers of its assets; asked for when it is needed.

    What the venue said last is kept in `folder`: a number is never given to another coin, so what
    closes a position can leave at once after a start, whatever the venue answers then. Rules that
    have changed since are the venue's to refuse.
    """

    def __init__(
        self, client: InfoClient, *, dex: str, network: str, clock: Clock, folder: Path
    ) -> None:
        """Prepare; `network` is the base URL of the venue whose numbers these are."""
        self._client = client
        self._dex = dex
        self._network = network
        self._clock = clock
        self._path = folder / FILE_NAME
        self._turn = anyio.Lock()
        self._universe: Universe | None = None
        self._asked: datetime | None = None
        self._first = 0 if not dex else None
        self._is_restored = False

    async def asset(self, symbol: Symbol) -> Asset:
        """Return a coin that can be traded; at once, if it was ever heard of.

        Raises:
            TransientError: the venue does not say.
            DataError: there is none of that name, or its rules make no sense.
        """
        if not self._is_restored:
            await self._restore()
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
            first = await self._begin() if self._dex else 0
            request = {"type": "meta", "dex": self._dex}
            meta = await self._client.info(request, priority=Priority.PROTECTION)
            universe = read_universe(meta, self._dex)
            self._first, self._universe, self._asked = first, universe, now
            await to_thread.run_sync(self._keep, first, meta)
            return universe

    async def _begin(self) -> int:
        request = {"type": "perpDexs"}
        answer = await self._client.info(request, priority=Priority.PROTECTION)
        for place, entry in enumerate(rows(answer, "perpDexs")):
            name = None if entry is None else record(entry, f"perpDexs[{place}]").get("name")
            if name == self._dex:
                return DEX_IDS + DEX_SPAN * place
        message = f"the venue has no dex {self._dex}"
        raise DataError(message)

    async def _restore(self) -> None:
        async with self._turn:
            if not self._is_restored and self._universe is None:
                # Without it, or where it is damaged or of another venue, the venue is asked.
                with suppress(OSError, ValueError, ProviderError):
                    self._read(await to_thread.run_sync(self._kept))
            self._is_restored = True

    def _read(self, kept: object) -> None:
        found: Mapping[str, Any] = record(kept, FILE_NAME)
        if (found.get("network"), found.get("dex")) == (self._network, self._dex):
            most = DEX_IDS + DEX_SPAN * MOST_DEXES
            first = whole(found.get("first"), "first", least=0, most=most)
            self._universe = read_universe(found.get("meta"), self._dex)
            self._first = first

    def _kept(self) -> object:
        return json.loads(read_bytes(self._path, limit=LARGEST_FILE))

    def _keep(self, first: int, meta: object) -> None:
        row = {"network": self._network, "dex": self._dex, "first": first, "meta": meta}
        draft = self._path.with_name(f".{FILE_NAME}.part")
        with suppress(OSError):  # then it is asked for at the next start
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with begun(draft) as file:
                file.write(json.dumps(row).encode())
            draft.replace(self._path)
