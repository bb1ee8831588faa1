"""The paper venue: takes orders, lets time pass, and keeps a record of everything.

No method awaits or looks at a clock; callers say what time it is. Decimals must be computed in the
context `EXACT`, which `SimExchange` sets.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from nof0_core.domain.instrument import Instrument
from nof0_core.domain.order import OrderOutcome, OrderRequest, OrderStatus, TimeInForce
from nof0_core.domain.position import MarginMode
from nof0_core.errors import RejectedError
from nof0_core.ids import ClientOrderId, Symbol
from nof0_core.money import ZERO
from nof0_core.plugins.env import Logger
from nof0_provider_sim.exchange import margin, refusals
from nof0_provider_sim.exchange.book import Order
from nof0_provider_sim.exchange.execution import Execution
from nof0_provider_sim.exchange.feed import Feed
from nof0_provider_sim.exchange.funding import Funding
from nof0_provider_sim.exchange.matching import is_within
from nof0_provider_sim.exchange.records import LeverageSet, OrderTaken
from nof0_provider_sim.exchange.triggers import Reach, hits, reach

_HOUR_MS = 3_600_000
_RESTING = (TimeInForce.GTC, TimeInForce.ALO)


class Venue:
    """One account at a simulated venue."""

    def __init__(
        self,
        *,
        execution: Execution,
        feed: Feed,
        instruments: Mapping[Symbol, Instrument],
        default_rate: Decimal,
        log: Logger,
    ) -> None:
        self._execution = execution
        self._state = execution.state
        self._feed = feed
        self._instruments = instruments
        self._known_reaches: tuple[int, dict[Symbol, Reach]] = (-1, {})
        self._funding = Funding(feed=feed, default_rate=default_rate, log=log)

    def advance(self, to_ms: int) -> None:
        """Let time pass: fire triggers, fill resting orders, settle funding, in order of time.

        At one moment the bars that close come first, then funding. Takes constant time while there
        is neither position nor order. Time never goes back.
        """
        state = self._state
        while state.time_ms < to_ms:
            if state.is_idle:
                state.time_ms = to_ms
                return
            hour = (state.time_ms // _HOUR_MS + 1) * _HOUR_MS
            end = min(hour, to_ms)
            self._judge_bars(end)
            state.time_ms = end
            if end == hour:
                for record in self._funding.due(state.account, hour, to_ms):
                    self._execution.emit(record)
        if self._feed.is_live:
            self._judge(state.time_ms)

    def place(self, request: OrderRequest, sent_ms: int) -> OrderOutcome:
        """Take one order at the venue's present time.

        An order that was placed before is not placed again: the answer is where it stands.
        """
        known = self._state.book.by_client(request.client_id)
        if known is not None:
            return known.shown().outcome(request.client_id)
        order = self._execution.take(_taken(request, self._state.next_venue_id, self._now, sent_ms))
        reason = self._refusal(request)
        if reason is not None:
            self._execution.end(order, OrderStatus.REJECTED, reason)
        elif request.trigger is None:
            self._match(order)
        return order.shown().outcome(request.client_id)

    def cancel(self, client_id: ClientOrderId) -> OrderOutcome:
        """Cancel an order; the answer is where it stands if that is too late."""
        order = self._state.book.by_client(client_id)
        if order is None:
            return OrderOutcome(
                client_id=client_id, status=OrderStatus.REJECTED, reason=refusals.NEVER_PLACED
            )
        if order.is_open:
            self._execution.end(order, OrderStatus.CANCELED, "")
        return order.shown().outcome(client_id)

    def set_leverage(self, symbol: Symbol, leverage: int, mode: MarginMode) -> None:
        """Set the leverage of a coin.

        Raises:
            RejectedError: with the venue's words.
        """
        instrument = self._instruments.get(symbol)
        if instrument is None:
            raise RejectedError(refusals.UNKNOWN_ASSET.format(symbol=symbol))
        if mode is not MarginMode.CROSS:
            raise RejectedError(refusals.CROSS_ONLY)
        account = self._state.account
        current, size = account.leverage(instrument), account.size(symbol)
        marks = self.marks({symbol}) if size else {}
        notional = abs(size) * marks[symbol] if size else ZERO
        if not 1 <= leverage <= instrument.leverage_cap(notional):
            raise RejectedError(refusals.LEVERAGE)
        if leverage == current:
            return
        if leverage < current:
            self._check_lower(instrument, leverage)
        self._execution.emit(LeverageSet(at_ms=self._now, symbol=symbol, leverage=leverage))

    def marks(self, symbols: set[Symbol] | None = None) -> dict[Symbol, Decimal]:
        """Return the marks of the coins held and of `symbols`, as far as they are known."""
        wanted = {*self._state.account.positions, *(symbols or ())}
        return self._execution.marks(wanted)

    @property
    def _now(self) -> int:
        return self._state.time_ms

    def _refusal(self, request: OrderRequest) -> str | None:
        instrument = self._instruments.get(request.symbol)
        if instrument is None:
            return refusals.UNKNOWN_ASSET.format(symbol=request.symbol)
        mark = self._feed.mark(request.symbol, self._now)
        if mark is None:
            return refusals.NO_LIQUIDITY
        held = self._state.account.size(request.symbol)
        return refusals.refusal(request, instrument, mark, held)

    def _match(self, order: Order) -> None:
        taken = order.taken
        mark = self.marks({taken.symbol})[taken.symbol]
        price = self._execution.taker_price(order, mark)
        crosses = is_within(taken.side, price, taken.limit_price)
        if taken.tif is TimeInForce.ALO and crosses:
            other = self._execution.taker_price(order, mark, opposite=True)
            bid, ask = sorted((price, other))
            self._execution.end(
                order, OrderStatus.REJECTED, refusals.POST_ONLY.format(bid=bid, ask=ask)
            )
        elif crosses:
            self._execution.fill(order, price, is_taker=True, refused_as=OrderStatus.REJECTED)
        elif taken.tif in _RESTING:
            # At the mark: the gain of a limit better than the mark is not there before it fills.
            reason = self._execution.margin_refusal(order, mark, is_taker=False)
            if reason is not None:
                self._execution.end(order, OrderStatus.REJECTED, reason)
        else:
            self._execution.end(order, OrderStatus.CANCELED, refusals.NO_MATCH)

    def _check_lower(self, instrument: Instrument, leverage: int) -> None:
        account, symbol = self._state.account, instrument.symbol
        size = account.size(symbol)
        if not size:
            return
        marks = self.marks()
        current = account.leverage(instrument)
        extra = margin.initial_margin(size, marks[symbol], leverage)
        extra -= margin.initial_margin(size, marks[symbol], current)
        free = account.equity(marks) - margin.used(account, marks, self._instruments)
        free -= margin.reserved(account, list(self._state.book.open()), self._instruments)
        if extra > free:
            raise RejectedError(refusals.LOWER_LEVERAGE)

    def _judge_bars(self, end_ms: int) -> None:
        """Judge the bars that close in (now, end] and reach a waiting order, moment by moment."""
        if self._feed.is_live:
            return
        while self._state.book.has_open:
            moments = []
            for symbol, near in self._reaches().items():
                moment = self._feed.next_touch(symbol, self._now, end_ms, near.below, near.above)
                if moment is not None:
                    moments.append(moment)
            if not moments:
                return
            self._state.time_ms = min(moments)
            self._judge(self._now)

    def _reaches(self) -> dict[Symbol, Reach]:
        book = self._state.book
        if self._known_reaches[0] != book.version:
            near = {symbol: reach(book.open_of(symbol)) for symbol in book.open_symbols()}
            self._known_reaches = (book.version, near)
        return self._known_reaches[1]

    def _judge(self, close_ms: int) -> None:
        for symbol in self._state.book.open_symbols():
            bar = self._feed.bar(symbol, close_ms)
            if bar is None:
                continue
            for hit in hits(self._state.book.open_of(symbol), bar):
                # An execution may have cancelled the orders that come after it.
                if hit.order.is_open:
                    self._execution.reach(hit)


def _taken(request: OrderRequest, venue_id: int, now_ms: int, sent_ms: int) -> OrderTaken:
    return OrderTaken(
        at_ms=now_ms,
        venue_id=venue_id,
        client_id=request.client_id,
        symbol=request.symbol,
        side=request.side,
        size=request.size,
        limit_price=request.limit_price,
        tif=request.tif,
        is_reduce_only=request.is_reduce_only,
        trigger_kind=request.trigger.kind if request.trigger else None,
        trigger_price=request.trigger.price if request.trigger else None,
        group=request.group,
        sent_ms=sent_ms,
    )
