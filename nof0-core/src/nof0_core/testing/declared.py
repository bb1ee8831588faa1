"""Providers that pass on what others answer, and fail where a value is not of its declared type.

The checks are those of `nof0_core.border`, which the engine makes of everything a plugin returns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Never, TypeVar

from nof0_core.border.bars import checked_bars
from nof0_core.border.glance import Check
from nof0_core.border.records import (
    BOOK,
    FILL,
    FUNDING,
    HISTORY_ROWS,
    INSTRUMENT,
    ORDER,
    OUTCOME,
    QUOTE,
    REPORT,
    SYMBOL,
    joined,
    mapping,
    rows,
)
from nof0_core.border.values import moment, optional, shown
from nof0_core.domain.account import AccountReport
from nof0_core.domain.candles import Candles, Interval, interval_ms
from nof0_core.domain.fill import Fill, FundingPayment
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.order import OrderRequest
from nof0_core.domain.order_book import OrderBook
from nof0_core.domain.outcome import OrderOutcome, VenueOrder
from nof0_core.domain.snapshot import Quote
from nof0_core.errors import DataError
from nof0_core.ids import ClientOrderId, Symbol
from nof0_core.protocols import (
    ExchangeProvider,
    ExchangeWrapper,
    MarketCapability,
    MarketProvider,
    RecordedRange,
)
from nof0_core.protocols.capabilities import MARKET_METHODS

T = TypeVar("T")


def declared(verb: str, check: Check, answer: T) -> T:
    """Return an answer that passes a check of the border.

    Raises:
        AssertionError: it does not; the message begins with verb and field.
    """
    wrong = check(answer)
    if wrong:
        _fail(joined(verb, wrong))
    return answer


class DeclaredExchange(ExchangeWrapper):
    """An exchange whose every answer is of its declared type, about coins the market has."""

    def __init__(self, inner: ExchangeProvider, coins: Mapping[Symbol, Instrument]) -> None:
        super().__init__(inner)
        self._coins = coins

    async def report(self) -> AccountReport:
        """Pass on."""
        report = declared("report", REPORT, await self.inner.report())
        self._known("report.positions", report.positions)
        self._known("report.orders", report.orders)
        return report

    async def place(
        self, orders: Sequence[OrderRequest], *, expires_at: datetime | None
    ) -> Sequence[OrderOutcome]:
        """Pass on."""
        outcomes = await self.inner.place(orders, expires_at=expires_at)
        declared("place", rows(OUTCOME), outcomes)
        for number, outcome in enumerate(outcomes):
            self._known(f"place[{number}].fills", outcome.fills)
        return outcomes

    async def cancel(self, client_ids: Sequence[ClientOrderId]) -> Sequence[OrderOutcome]:
        """Pass on."""
        return declared("cancel", rows(OUTCOME), await self.inner.cancel(client_ids))

    async def order(self, client_id: ClientOrderId) -> VenueOrder | None:
        """Pass on."""
        return declared("order", optional(ORDER), await self.inner.order(client_id))

    async def fills(self, since: datetime) -> Sequence[Fill]:
        """Pass on."""
        return self._filled("fills", await self.inner.fills(since))

    async def _funding(self, since: datetime) -> Sequence[FundingPayment]:
        payments = await self._with().funding(since)
        declared("funding", rows(FUNDING, most=HISTORY_ROWS), payments)
        return self._known("funding", payments)

    async def _prove(self, client_id: ClientOrderId) -> VenueOrder | None:
        found: VenueOrder | None = await self._with().prove(client_id)
        return declared("prove", optional(ORDER), found)

    async def _accept_marks(self, quotes: Mapping[Symbol, Quote]) -> Sequence[Fill]:
        return self._filled("accept_marks", await self._with().accept_marks(quotes))

    def _next_event(self, after: datetime, until: datetime) -> datetime | None:
        found: datetime | None = self._with().next_event(after, until)
        return declared("next_event", optional(moment), found)

    def _with(self) -> Any:
        """Return the exchange behind, whose words have been looked at."""
        return self.inner

    def _filled(self, verb: str, fills: Sequence[Fill]) -> Sequence[Fill]:
        declared(verb, rows(FILL, most=HISTORY_ROWS), fills)
        self._known(verb, fills)
        for number, fill in enumerate(fills):
            if not self._coins[fill.symbol].is_valid_size(fill.size):
                _fail(f"{verb}[{number}].size is {fill.size}, no whole lots of {fill.symbol}")
        return fills

    def _known(self, where: str, answer: Sequence[T]) -> Sequence[T]:
        for number, row in enumerate(answer):
            symbol = row.symbol  # type: ignore[attr-defined]  # each of these rows has one
            if symbol not in self._coins:
                _fail(f"{where}[{number}].symbol is {symbol}, which the market does not have")
        return answer


class DeclaredMarket:
    """A market whose every answer is of its declared type.

    It has just the optional methods that the market behind it has.
    """

    def __init__(self, inner: MarketProvider) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        """Find an optional method, where `inner` has it."""
        word = MARKET_METHODS.get(name)
        if word is None or word not in self.inner.capabilities:
            message = f"{type(self.inner).__name__!r} object has no attribute {name!r}"
            raise AttributeError(message)
        return getattr(self, f"_{name}", None) or getattr(self.inner, name)

    @property
    def capabilities(self) -> frozenset[MarketCapability]:
        """Return what the market behind can do."""
        return self.inner.capabilities

    async def instruments(self) -> Mapping[Symbol, Instrument]:
        """Pass on."""
        return _by_symbol("instruments", INSTRUMENT, await self.inner.instruments())

    async def candles(
        self, symbol: Symbol, interval: Interval, end: datetime, limit: int
    ) -> Candles:
        """Pass on."""
        bars = await self.inner.candles(symbol, interval, end, limit)
        return _bars("candles", symbol, interval, bars)

    async def quotes(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, Quote]:
        """Pass on."""
        return _by_symbol("quotes", QUOTE, await self.inner.quotes(symbols))

    async def _books(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, OrderBook]:
        return _by_symbol("books", BOOK, await self._with().books(symbols))

    def _recorded(self) -> RecordedRange:
        span: RecordedRange = self._with().recorded()
        if type(span) is not RecordedRange:
            _fail(f"recorded is {shown(span)}, not a RecordedRange")
        declared("recorded.start", moment, span.start)
        declared("recorded.end", moment, span.end)
        declared("recorded.resolution", _interval, span.resolution)
        return span

    def _history(self, symbol: Symbol, interval: Interval) -> Candles:
        return _bars("history", symbol, interval, self._with().history(symbol, interval))

    def _with(self) -> Any:
        """Return the market behind, whose words have been looked at."""
        return self.inner


def _by_symbol(verb: str, check: Check, answer: Mapping[Symbol, T]) -> Mapping[Symbol, T]:
    found = mapping(answer)
    if isinstance(found, str):
        _fail(joined(verb, found))
    for symbol, value in found.items():
        declared(f"{verb}: a symbol", SYMBOL, symbol)
        declared(f"{verb}[{symbol}]", check, value)
    return answer


def _bars(verb: str, symbol: Symbol, interval: Interval, answer: Candles) -> Candles:
    try:
        checked_bars(verb, symbol, interval, answer)
    except DataError as error:
        # A market raises it as well, for what it does not have: that would pass for this.
        _fail(f"{verb}: {error}")
    return answer


def _interval(value: object) -> str:
    if type(value) is not str:
        return f"is {shown(value)}, not a str"
    try:
        interval_ms(value)
    except ValueError as error:
        return f"is {shown(value)}: {error}"
    return ""


def _fail(message: str) -> Never:
    raise AssertionError(message)
