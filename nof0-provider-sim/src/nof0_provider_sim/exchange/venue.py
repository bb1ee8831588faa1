"""The paper venue: takes orders, lets time pass, and keeps a record of everything.

No method awaits or looks at a clock; callers say what time it is. Decimals must be computed in the
context `EXACT`, which `SimExchange` sets.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from nof0_core.domain.candles import from_ms
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.order import OrderRequest, OrderStatus, TriggerKind
from nof0_core.domain.outcome import OrderOutcome
from nof0_core.domain.position import MarginMode
from nof0_core.ids import ClientOrderId, Symbol
from nof0_core.money import ZERO
from nof0_core.plugins.env import Logger
from nof0_provider_sim.exchange import refusals
from nof0_provider_sim.exchange.execution import Execution
from nof0_provider_sim.exchange.faults import Fault, Faults
from nof0_provider_sim.exchange.feed import Bar, Feed
from nof0_provider_sim.exchange.funding import Funding
from nof0_provider_sim.exchange.leverage import check_leverage
from nof0_provider_sim.exchange.liquidation import Liquidation
from nof0_provider_sim.exchange.records import LeverageSet, OrderTaken
from nof0_provider_sim.exchange.triggers import Hit, IsServed, Reach, hits, reach

_HOUR_MS = 3_600_000


class Venue:
    """One account at a simulated venue."""

    def __init__(
        self,
        *,
        execution: Execution,
        feed: Feed,
        instruments: Mapping[Symbol, Instrument],
        default_rate: Decimal,
        oracle_band: Decimal,
        is_served: IsServed,
        faults: Faults,
        log: Logger,
    ) -> None:
        self._execution = execution
        self._state = execution.state
        self._feed = feed
        self._instruments = instruments
        self._oracle_band = oracle_band
        self._is_served = is_served
        self._faults = faults
        self._known_reaches: tuple[int, dict[Symbol, Reach]] = (-1, {})
        self._funding = Funding(feed=feed, default_rate=default_rate, log=log)
        self._liquidation = Liquidation(execution=execution, instruments=instruments, log=log)

    def advance(self, to_ms: int) -> None:
        """Let time pass: fire triggers, fill orders, liquidate, settle funding, in time order.

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
                self._liquidation.at_marks()
        if self._feed.is_live:
            self._judge(state.time_ms)

    def place(self, request: OrderRequest, sent_ms: int, pair: str | None = None) -> OrderOutcome:
        """Take one order at the venue's present time; orders of one `pair` exclude each other.

        An order that was placed before is not placed again: the answer is where it stands. The
        venue knows it for as long as it waits and 30 days (`Days`) after it ended, and longer
        while no more than 2,000 orders ended after it.
        """
        known = self._state.book.shown(request.client_id)
        if known is not None:
            return known.outcome(request.client_id, self._state.fills_of(known))
        # Judged before it is taken: an order nobody can judge must not be waiting afterwards.
        reason = self._refusal(request)
        order = self._execution.take(
            _taken(request, self._state.next_venue_order_id, self._now, sent_ms, pair)
        )
        if reason is not None:
            self._execution.end(order, OrderStatus.REJECTED, reason)
        elif request.trigger is None:
            mark = self._execution.marks([request.symbol])[request.symbol]
            self._execution.match(order, mark, refused_as=OrderStatus.REJECTED)
        if not order.filled:
            return order.outcome()
        came = from_ms(order.taken.at_ms)
        return order.outcome(self._state.executions(request.client_id, came, order.filled))

    def cancel(self, client_id: ClientOrderId) -> OrderOutcome:
        """Cancel an order; the answer is where it stands if that is too late."""
        order = self._state.book.by_client(client_id)
        if order is not None:
            self._execution.end(order, OrderStatus.CANCELED, "")
            return order.outcome()
        found = self._state.book.shown(client_id)
        if found is None:
            return OrderOutcome(
                client_id=client_id, status=OrderStatus.REJECTED, reason=refusals.NEVER_PLACED
            )
        return found.outcome(client_id)

    def set_leverage(self, symbol: Symbol, leverage: int, mode: MarginMode) -> None:
        """Set leverage and margin mode of a coin.

        Raises:
            RejectedError: with the venue's words.
        """
        marks = self.marks()
        if check_leverage(self._state, self._instruments, marks, symbol, leverage, mode):
            self._execution.emit(
                LeverageSet(at_ms=self._now, symbol=symbol, leverage=leverage, mode=mode)
            )

    def marks(self, symbols: set[Symbol] | None = None) -> dict[Symbol, Decimal]:
        """Return the marks of the coins held and of `symbols`, as far as they are known."""
        held = self._state.account.positions
        return self._execution.marks({*held, *symbols} if symbols else held)

    def stirred(self) -> set[Symbol]:
        """Return the coins in which something may trade at the present marks.

        That is where they reach a waiting trigger, or use up the margin of a position.
        """
        marks = self.marks(self._state.symbols())
        found = self._liquidation.due(marks)
        for symbol, near in self._reaches().items():
            mark = float(marks.get(symbol, ZERO))
            if mark and (mark <= near.below or mark >= near.above):
                found.add(symbol)
        return found

    def next_event(self, after_ms: int, until_ms: int) -> int | None:
        """Return when in (after, until] a bar or an hour may bring something, None if none may.

        On a live market that is at once: nobody knows its prices.
        """
        state = self._state
        if state.is_idle:
            return None
        if self._feed.is_live:
            return after_ms + 1 if after_ms < until_ms else None
        # What was until the venue's present is judged, what was after it is still to come.
        begin = state.time_ms
        moments = [(begin // _HOUR_MS + 1) * _HOUR_MS] if state.account.positions else []
        if begin < until_ms:
            for near in (self._reaches(), self._liquidation.reaches(self.marks)):
                for symbol, found in near.items():
                    touch = self._feed.next_touch(symbol, begin, until_ms, found.below, found.above)
                    if touch is not None:
                        moments.append(touch)
        first = max(min(moments, default=until_ms + 1), after_ms + 1)
        return first if first <= until_ms else None

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
        trigger = request.trigger
        if (
            trigger is not None
            and trigger.kind is TriggerKind.STOP
            and self._faults.strikes(Fault.REJECT_STOPS)
        ):
            return refusals.TRIGGER_PRICE
        return refusals.refusal(
            request,
            instrument,
            mark=mark,
            oracle=self._feed.oracle(request.symbol, self._now) or mark,
            oracle_band=self._oracle_band,
            position=self._state.reducible(request.symbol, request.client_id),
        )

    def _judge_bars(self, end_ms: int) -> None:
        """Judge the bars that close in (now, end] and may matter, moment by moment.

        A bar matters if it reaches a waiting order or a price a position may be liquidated at.
        """
        if self._feed.is_live:
            return
        while not self._state.is_idle:
            moments = []
            for near in (self._reaches(), self._liquidation.reaches(self.marks)):
                for symbol, found in near.items():
                    moment = self._feed.next_touch(
                        symbol, self._now, end_ms, found.below, found.above
                    )
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
        """Let happen what bars that close now bring: gaps, stops, liquidations, then the rest.

        A stop comes before a liquidation that lies behind it, and after one that lies before it.
        """
        state, bars, rest = self._state, {}, []
        for symbol in sorted(state.symbols()):
            bar = self._feed.bar(symbol, close_ms)
            if bar is not None:
                bars[symbol] = bar
        self._liquidation.at_open(bars)
        for symbol, bar in bars.items():
            for hit in hits(state.book.open_of(symbol), bar, self._is_served):
                if hit.is_trigger and hit.order.taken.trigger_kind is TriggerKind.STOP:
                    self._liquidation.before(bars, symbol, hit.price)
                    self._reach(hit, bar)
                else:
                    rest.append((hit, bar))
        self._liquidation.at_extreme(bars)
        for hit, bar in rest:
            self._reach(hit, bar)
        if rest:
            self._liquidation.at_extreme(bars)
        self._liquidation.forget()

    def _reach(self, hit: Hit, bar: Bar) -> None:
        # What happened before may have cancelled the order.
        if hit.order.is_open:
            symbol = hit.order.taken.symbol
            room = self._execution.liquidity.room(
                symbol, bar.volume_from_ms, bar.volume, hit.order.taken.client_id
            )
            self._execution.reach(hit, room)


def _taken(
    request: OrderRequest, venue_order_id: int, now_ms: int, sent_ms: int, pair: str | None
) -> OrderTaken:
    return OrderTaken(
        at_ms=now_ms,
        venue_order_id=venue_order_id,
        client_id=request.client_id,
        symbol=request.symbol,
        side=request.side,
        size=request.size,
        limit_price=request.limit_price,
        tif=request.tif,
        is_reduce_only=request.is_reduce_only,
        trigger_kind=request.trigger.kind if request.trigger else None,
        trigger_price=request.trigger.price if request.trigger else None,
        trigger_is_market=request.trigger.is_market if request.trigger else True,
        pair=pair,
        sent_ms=sent_ms,
    )
