"""Funding: every full hour, on what is held then."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from nof0_core.domain.candles import from_ms
from nof0_core.ids import Symbol
from nof0_core.money import truncate_usd
from nof0_core.plugins.env import Logger
from nof0_provider_sim.exchange.account import Account
from nof0_provider_sim.exchange.feed import Feed
from nof0_provider_sim.exchange.records import FundingSettled

_HOUR_MS = 3_600_000


class Funding:
    """Settles at the oracle price: amount = -quantity x oracle x rate, cut to 6 decimals."""

    def __init__(self, *, feed: Feed, default_rate: Decimal, log: Logger) -> None:
        self._feed = feed
        self._default_rate = default_rate
        self._log = log
        self._told: set[Symbol] = set()
        self._missing: set[Symbol] = set()

    def due(self, account: Account, hour_ms: int, now_ms: int) -> Iterator[FundingSettled]:
        """Yield the payments of one full hour, by symbol; `now_ms` is up to when time passes.

        A live market only tells its current rate and oracle; hours that passed unwatched are
        settled with these, and the log says so.
        """
        if self._feed.is_live and now_ms - hour_ms >= _HOUR_MS and account.positions:
            self._log.warning(
                "funding of a missed hour settled at current rates",
                hour=from_ms(hour_ms).isoformat(),
            )
        missing: list[Symbol] = []
        for symbol in sorted(account.positions):
            quantity = account.positions[symbol].quantity
            oracle, rate = self._feed.oracle(symbol, hour_ms), self._feed.rate(symbol, hour_ms)
            if rate is None:
                rate = self._default_rate
                self._tell_default(symbol)
            elif not self._feed.misses_rate(symbol, hour_ms):
                self._missing.discard(symbol)
            elif symbol not in self._missing:
                missing.append(symbol)
            if oracle is None:
                self._log.error(
                    "no oracle price, funding not settled",
                    symbol=symbol,
                    hour=from_ms(hour_ms).isoformat(),
                )
                continue
            yield FundingSettled(
                at_ms=hour_ms,
                symbol=symbol,
                quantity=quantity,
                rate=rate,
                amount=truncate_usd(-quantity * oracle * rate),
            )
        if missing:
            # Once for all hours until there is a rate again: a year of them is no news.
            self._missing.update(missing)
            self._log.warning(
                "funding rate is missing from an hour on, settled at the newest one before it",
                symbols=" ".join(missing),
                hour=from_ms(hour_ms).isoformat(),
            )

    def _tell_default(self, symbol: Symbol) -> None:
        """Say once for each coin that nobody knows its rate."""
        if symbol not in self._told:
            self._told.add(symbol)
            self._log.warning(
                "the market tells no funding rate, settled at the configured one", symbol=symbol
            )
