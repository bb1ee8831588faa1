"""Prices and bars the venue's stream tells, in place of requests."""

from __future__ import annotations

from collections.abc import Sequence

from nof0_core.domain.health import Health
from nof0_core.domain.snapshot import Quote
from nof0_core.errors import DataError
from nof0_core.ids import Symbol
from nof0_core.plugins.env import Env
from nof0_provider_hyperliquid.market.standstill import Standstill
from nof0_provider_hyperliquid.stream.live import MarketStream
from nof0_provider_hyperliquid.wire.contexts import read_context
from nof0_provider_hyperliquid.wire.meta import Universe


class StreamedPrices:
    """Quotes from the stream, as the board makes them from an answer.

    `Quote.time` is when the venue told them; where they stand still, when they were first told.
    """

    def __init__(self, stream: MarketStream, *, env: Env) -> None:
        self._stream = stream
        self._env = env
        self._standstill = Standstill()
        self._stale: tuple[Symbol, ...] = ()

    def quotes(self, universe: Universe, symbols: Sequence[Symbol]) -> dict[Symbol, Quote] | None:
        """Return the prices of what is traded of `symbols`.

        Returns:
            None where the stream does not tell all of them: the venue has to be asked.
        """
        traded = {
            symbol: universe.assets[symbol].coin
            for symbol in symbols
            if symbol in universe.assets and not universe.assets[symbol].is_delisted
        }
        told = self._stream.quotes.contexts(tuple(traded.values()))
        if len(told) < len(traded) or any(symbol in universe.faults for symbol in symbols):
            return None
        try:
            contexts = {s: read_context(told[coin].context) for s, coin in traded.items()}
        except DataError as error:
            self._env.log.warning("the stream tells prices that make no sense", because=str(error))
            return None
        if not contexts:
            return {}
        newest = max(told[coin].time for coin in traded.values())
        since = self._standstill.look(contexts, newest)
        times = {
            symbol: since[symbol] if since[symbol] < newest else told[coin].time
            for symbol, coin in traded.items()
        }
        self._look_at(tuple(s for s in times if since[s] < newest))
        return {s: context.quote(s, times[s]) for s, context in contexts.items()}

    def health(self) -> tuple[Health, str]:
        """Say whether the stream tells what it should, and whether its prices move."""
        if self._stale:
            names = ", ".join(self._stale[:5])
            return Health.DEGRADED, f"prices stand still at the venue: {names}"
        return self._stream.health()

    def _look_at(self, stale: tuple[Symbol, ...]) -> None:
        if stale and not self._stale:
            self._env.alert(
                "stale_prices",
                f"prices have stood still for more than a minute: {', '.join(stale[:5])}",
            )
        self._stale = stale
