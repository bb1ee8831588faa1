"""From events to rows: what has to be remembered of the past for them, and the rows themselves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import attrs
import msgspec

from nof0_core.domain.event import (
    AccountReported,
    ConfigLoaded,
    CycleEnded,
    Decided,
    Event,
    Filled,
    HourMarked,
    HoursMarked,
    InstrumentsListed,
    MarketSeen,
    Offset,
    OrderAnswered,
    OrderIntended,
)
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.order import OrderStatus
from nof0_core.domain.order_record import OrderRecord
from nof0_core.errors import UnbookableError
from nof0_core.exporters.sql.analytics_rows import AnalyticsRows, KeptAnalytics
from nof0_core.exporters.sql.cycle_rows import Models, put_cycle, put_traders
from nof0_core.exporters.sql.market_rows import MarketRows
from nof0_core.exporters.sql.position_rows import PositionRows, Stay
from nof0_core.exporters.sql.rows import Rows
from nof0_core.exporters.sql.venue_rows import Held, KnownOrder, VenueRows, limit_of, word
from nof0_core.ids import ClientOrderId, Symbol, TraderId, is_shared
from nof0_core.ledger.position import Position
from nof0_core.money import EXACT
from nof0_core.state.dispatch import Dispatch
from nof0_core.state.histories import Histories
from nof0_core.state.money_ledger import MoneyLedger
from nof0_core.state.order_register import OrderRegister

_LEAST_POINTS = 2
"""Points of a curve below which there is no Sharpe ratio."""


class _Decided(msgspec.Struct):
    """A decision whose cycle goes on: number and time of its record, seconds the model took."""

    seq: int
    time: datetime
    took: float


class _Dump(msgspec.Struct):
    seq: int
    hash: str
    register: bytes
    ledger: bytes
    histories: bytes
    models: dict[str, tuple[str, bool]]
    listed: dict[str, dict[Symbol, Instrument]]
    held: dict[str, dict[str, Held]]
    orders: dict[str, dict[str, KnownOrder]]
    stays: dict[str, Stay]
    decided: dict[str, _Decided]
    analytics: KeptAnalytics


class Fold:
    """Makes rows of events; `seq` and `hash` are those of the newest line it has taken in.

    It goes into the checkpoints: with it a start reads no history again.
    """

    name = "rows"
    version = 3

    def __init__(self, tell: Callable[[str], object] = lambda text: None) -> None:  # noqa: ARG005
        self.seq = 0
        self.hash = ""
        self._tell = tell
        self._orders = OrderRegister()
        self._histories = Histories()
        self._ledger = MoneyLedger(self._orders, self._histories)
        self._dispatch = Dispatch((self._orders, self._ledger, self._histories))
        self._models = Models()
        self._market = MarketRows()
        self._venue = VenueRows()
        self._positions = PositionRows()
        self._decided: dict[str, _Decided] = {}
        self._analytics = AnalyticsRows()

    def apply(self, event: Event) -> None:
        """Take in one event; its rows are of no interest."""
        self.take(event, 0.0, "", Rows(""))

    def take(self, event: Event, took: float, digest: str, rows: Rows) -> None:
        """Take in one event, and add its rows; hours that were kept together are so many events.

        Args:
            event: a cycle has to be whole.
            took: seconds of real time that its record names.
            digest: hash of its line.
            rows: where they go.
        """
        if isinstance(event.body, HoursMarked):
            for hour, mark in event.body.each():
                self.take(attrs.evolve(event, time=hour, body=mark), took, digest, rows)
            return
        rows.seq = event.seq
        held = self._affected(event)
        try:
            change = self._dispatch.prepare(event)
        except UnbookableError as error:
            # The engine refuses what cannot be true before it is written: lines were lost here.
            self._tell(str(error))
        else:
            change()
        self._analytics.apply(event)
        self._write(event, took, held, rows)
        self.seq, self.hash = event.seq, digest

    def dump(self) -> bytes:
        """Return all that is remembered."""
        return msgspec.msgpack.encode(
            _Dump(
                seq=self.seq,
                hash=self.hash,
                register=self._orders.dump(),
                ledger=self._ledger.dump(),
                histories=self._histories.dump(),
                models=self._models.known,
                listed=self._market.listed,
                held=self._venue.held,
                orders=self._venue.orders,
                stays=self._positions.open,
                decided=self._decided,
                analytics=self._analytics.keep(),
            )
        )

    def load(self, data: bytes) -> None:
        """Take over what `dump` has returned.

        Raises:
            ValueError: it is something else; nothing has changed then.
        """
        kept = msgspec.msgpack.decode(data, type=_Dump)
        fresh = Fold(self._tell)
        fresh._orders.load(kept.register)
        fresh._ledger.load(kept.ledger)
        fresh._histories.load(kept.histories)
        fresh._models.known = kept.models
        fresh._market.listed = kept.listed
        fresh._venue.held, fresh._venue.orders = kept.held, kept.orders
        fresh._positions.open = kept.stays
        fresh._decided = kept.decided
        fresh._analytics.take(kept.analytics)
        fresh.seq, fresh.hash = kept.seq, kept.hash
        self.__dict__.update(fresh.__dict__)

    def reset(self) -> None:
        """Forget everything."""
        self.__dict__.update(Fold(self._tell).__dict__)

    def _write(
        self,
        event: Event,
        took: float,
        held: dict[TraderId, tuple[Position | None, int]],
        rows: Rows,
    ) -> None:
        body = event.body
        match body:
            case ConfigLoaded():
                self._models.load(body)
                put_traders(body, event.time, rows)
            case HourMarked():
                self._put_hour(body, rows)
            case Decided():
                self._decided[body.trader] = _Decided(event.seq, event.time, took)
            case CycleEnded():
                self._put_cycle(event, body, took, rows)
            case InstrumentsListed():
                self._market.list(body, rows)
            case MarketSeen():
                self._market.see(body, rows)
            case AccountReported():
                self._venue.report(body.venue_account, body.report, event.time, rows)
            case _:
                self._write_orders(event, held, rows)

    def _write_orders(
        self, event: Event, held: dict[TraderId, tuple[Position | None, int]], rows: Rows
    ) -> None:
        body = event.body
        match body:
            case OrderIntended():
                self._put_order(body.request.client_id, event.time, rows)
            case OrderAnswered():
                record = self._put_order(body.outcome.client_id, event.time, rows)
                if record is not None:
                    self._venue.answer(record, event.time, rows)
            case Filled():
                self._put_fill(body, rows)
                if body.fill.client_id is not None:
                    self._put_order(body.fill.client_id, event.time, rows)
                self._book(body.venue_account, body.fill.symbol, held, body.fill.time, rows)
            case Offset():
                self._book(body.venue_account, body.symbol, held, event.time, rows)
            case _:
                pass

    def _affected(self, event: Event) -> dict[TraderId, tuple[Position | None, int]]:
        """Return what those hold now, and how many trades they closed, whom an event may change."""
        match event.body:
            case Filled(venue_account=account, trader=trader, fill=fill):
                coin, traders = fill.symbol, [trader]
            case Offset(venue_account=account, symbol=coin, quantities=quantities):
                traders = list(quantities)
            case _:
                return {}
        return {
            trader: (self._held(account, trader, coin), len(self._histories.trades(trader)))
            for trader in traders
        }

    def _held(self, account: str, trader: TraderId, symbol: Symbol) -> Position | None:
        venue = self._ledger.venue_accounts.get(account)
        found = venue.accounts.get(trader) if venue is not None else None
        return found.positions.get(symbol) if found is not None else None

    def _book(
        self,
        account: str,
        symbol: Symbol,
        held: dict[TraderId, tuple[Position | None, int]],
        time: datetime,
        rows: Rows,
    ) -> None:
        for trader, (before, count) in held.items():
            trades = self._histories.trades(trader)
            closed = trades[-1] if len(trades) > count else None
            after = self._held(account, trader, symbol)
            self._positions.book(trader, before, after, closed, time, rows)

    def _put_order(
        self, client_id: ClientOrderId, time: datetime, rows: Rows
    ) -> OrderRecord | None:
        record = self._orders.get(client_id)
        if record is None:
            return None
        request, outcome = record.request, record.outcome
        rows.put(
            "trader_orders",
            order_id=client_id,
            trader_id=record.trader,
            provider_id=record.venue_account,
            cycle_id=record.cycle,
            symbol=record.symbol,
            side=request.side.value,
            purpose=record.purpose.value,
            price=limit_of(request),
            trigger_price=request.trigger.price if request.trigger is not None else None,
            average_price=outcome.average_price if outcome is not None else None,
            size=request.size,
            filled_size=max(record.filled, outcome.filled_size) if outcome else record.filled,
            status=_stands(record),
            venue_order_id=outcome.venue_order_id if outcome is not None else None,
            reason=outcome.reason if outcome is not None else "",
            created_at=record.intended_at,
            updated_at=time,
        )
        return record

    def _put_fill(self, body: Filled, rows: Rows) -> None:
        fill = body.fill
        is_ours = fill.client_id is not None and self._orders.get(fill.client_id) is not None
        rows.put(
            "trader_fills",
            provider_id=body.venue_account,
            trade_id=fill.trade_id,
            trader_id=body.trader,
            order_id=fill.client_id if is_ours else None,
            venue_order_id=fill.venue_order_id,
            symbol=fill.symbol,
            side=fill.side.value,
            fill_price=fill.price,
            fill_size=fill.size,
            commission=fill.fee,
            is_liquidation=fill.is_liquidation,
            is_taker=fill.is_taker,
            timestamp=fill.time,
        )

    def _put_hour(self, body: HourMarked, rows: Rows) -> None:
        for account in body.accounts:
            if is_shared(account.trader):
                continue
            found = self._histories.performance(account.trader, account)
            has_curve = len(self._histories.curve(account.trader)) >= _LEAST_POINTS
            rows.put(
                "trader_performance",
                trader_id=account.trader,
                timestamp=account.time,
                equity=account.equity,
                pnl=EXACT.subtract(account.equity, account.deposited),
                return_pct=account.return_pct,
                sharpe_ratio=found.sharpe_ratio if has_curve else None,
                win_rate=found.win_rate if found.trades else None,
                max_drawdown_pct=found.max_drawdown_pct,
                analytics=self._analytics.of(account, self._histories),
            )

    def _put_cycle(self, event: Event, body: CycleEnded, took: float, rows: Rows) -> None:
        decided = self._decided.pop(body.trader, None)
        time = event.time
        if decided is not None and decided.seq == body.decided:
            time, took = decided.time, max(took, decided.took)
        put_cycle(body, time, took, self._models, rows)
        for report in body.orders:
            request = report.request
            if request is None or self._orders.get(request.client_id) is not None:
                continue
            rows.put(
                "trader_orders",
                order_id=request.client_id,
                trader_id=body.trader,
                provider_id=self._ledger.homes.get(body.trader, ""),
                cycle_id=body.cycle,
                symbol=report.symbol,
                side=request.side.value,
                purpose=report.purpose.value,
                price=limit_of(request),
                trigger_price=request.trigger.price if request.trigger is not None else None,
                average_price=None,
                size=request.size,
                filled_size=request.size * 0,
                status=word(OrderStatus.REJECTED),
                venue_order_id=None,
                reason=report.why,
                created_at=event.time,
                updated_at=event.time,
            )


def _stands(record: OrderRecord) -> str:
    """Return the word for an order; one that was executed has left, whatever was answered."""
    if record.outcome is not None:
        return word(record.outcome.status)
    return "sent" if record.filled else "intended"
