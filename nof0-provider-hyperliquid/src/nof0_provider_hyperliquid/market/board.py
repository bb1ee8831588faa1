"""All prices and rules of a dex, from one request for everybody."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import attrs

from nof0_core.domain.health import Health
from nof0_core.domain.snapshot import Quote
from nof0_core.errors import DataError, ProviderError
from nof0_core.ids import Symbol
from nof0_core.plugins.env import Env
from nof0_provider_hyperliquid.market.single_flight import SingleFlight
from nof0_provider_hyperliquid.market.standstill import Standstill
from nof0_provider_hyperliquid.transport.client import InfoClient
from nof0_provider_hyperliquid.transport.windows import Priority
from nof0_provider_hyperliquid.wire.contexts import Contexts, read_contexts
from nof0_provider_hyperliquid.wire.meta import Universe

FRESH = timedelta(seconds=1)
"""An answer serves so long."""
RULES = timedelta(minutes=5)
"""Rules are asked for again after so long, where nobody has asked for prices since."""
LOST = timedelta(minutes=1)
"""A venue that has not answered for so long is down."""


@attrs.frozen(kw_only=True)
class Prices:
    """One answer: the contexts, and of when each coin's prices are."""

    contexts: Contexts
    times: Mapping[Symbol, datetime]
    asked: datetime


class Board:
    """Asks `metaAndAssetCtxs` and remembers what has changed."""

    def __init__(self, client: InfoClient, *, dex: str, env: Env) -> None:
        self._client = client
        self._dex = dex
        self._env = env
        self._standstill = Standstill()
        self._prices: SingleFlight[Prices] = SingleFlight(self._ask, clock=env.clock, fresh=FRESH)
        self._universe: Universe | None = None
        self._read_at: datetime | None = None
        self._good_at: datetime | None = None
        self._trouble = ""
        self._stale: tuple[Symbol, ...] = ()

    async def universe(self) -> Universe:
        """Return the rules, asked for within the last five minutes.

        Raises:
            ProviderError: they cannot be had.
        """
        now = self._env.clock.now()
        if self._universe is not None and self._read_at is not None:
            age = now - self._read_at
            if timedelta(0) <= age < RULES:
                return self._universe
        return (await self._prices.get()).contexts.universe

    async def quotes(self, symbols: tuple[Symbol, ...]) -> dict[Symbol, Quote]:
        """Return the prices of what is traded of `symbols`.

        Raises:
            ProviderError: they cannot be had.
            DataError: the venue's values of one of them make no sense.
        """
        prices = await self._prices.get()
        contexts, found = prices.contexts, {}
        for symbol in symbols:
            fault = contexts.faults.get(symbol) or contexts.universe.faults.get(symbol)
            if fault is not None:
                message = f"the venue's answer on {symbol} makes no sense: {fault}"
                raise DataError(message, section=self._env.section)
            asset = contexts.universe.assets.get(symbol)
            if asset is not None and not asset.is_delisted:
                found[symbol] = contexts.of[symbol].quote(symbol, prices.times[symbol])
        return found

    def health(self) -> tuple[Health, str]:
        """Say whether the venue answers, and whether its prices move."""
        if self._trouble:
            now = self._env.clock.now()
            is_lost = self._good_at is None or now - self._good_at > LOST
            return (Health.DOWN if is_lost else Health.DEGRADED), self._trouble
        if self._stale:
            names = ", ".join(self._stale[:5])
            return Health.DEGRADED, f"prices stand still at the venue: {names}"
        return Health.OK, ""

    async def _ask(self) -> Prices:
        request = {"type": "metaAndAssetCtxs"} | ({"dex": self._dex} if self._dex else {})
        asked = self._env.clock.now()
        try:
            contexts = read_contexts(
                await self._client.info(request, priority=Priority.NEWS), self._dex
            )
        except ProviderError as error:
            self._trouble = str(error)
            raise
        now = self._env.clock.now()
        self._trouble, self._good_at = "", now
        self._take(contexts.universe)
        self._universe, self._read_at = contexts.universe, now
        times = self._standstill.look(contexts.of, asked)
        self._look_at(times, asked, contexts.universe)
        return Prices(contexts=contexts, times=times, asked=asked)

    def _take(self, new: Universe) -> None:
        """Tell what has changed since, and what is wrong with coins that are left out."""
        old = self._universe
        for symbol, fault in new.faults.items():
            if old is None or symbol not in old.faults:
                self._env.log.warning("a coin is left out", symbol=symbol, because=fault)
        if old is None:
            return
        gone, changed = [], []
        for symbol, before in old.assets.items():
            now = new.assets.get(symbol)
            if not before.is_delisted and (now is None or now.is_delisted):
                gone.append(symbol)
            elif now is not None and now.instrument != before.instrument:
                changed.append(symbol)
        self._tell("delisted", gone, "no longer traded at the venue")
        self._tell("rules_changed", changed, "the venue has changed the rules")

    def _tell(self, code: str, symbols: Sequence[Symbol], text: str) -> None:
        if traded := [s for s in symbols if s in self._env.symbols]:
            self._env.alert(code, f"{text}: {', '.join(traded)}")
        elif symbols:
            self._env.log.info(text, symbols=list(symbols))

    def _look_at(
        self, times: Mapping[Symbol, datetime], asked: datetime, universe: Universe
    ) -> None:
        traded = self._env.symbols or tuple(universe.instruments())
        stale = tuple(s for s in traded if s in times and times[s] < asked)
        if stale and not self._stale:
            self._env.alert(
                "stale_prices",
                f"prices have stood still for more than a minute: {', '.join(stale[:5])}",
            )
        self._stale = stale
