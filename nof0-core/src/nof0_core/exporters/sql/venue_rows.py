"""Rows of venue accounts: what a report said of positions and orders when it changed."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from nof0_core.domain.account import AccountReport
from nof0_core.domain.order import OrderRequest, OrderStatus, Trigger
from nof0_core.domain.order_record import OrderRecord
from nof0_core.exporters.sql.rows import Rows
from nof0_core.ids import Symbol

WORDS = {OrderStatus.CANCELED: "cancelled"}
"""Words of the tables that are others than those of the journal."""


def word(status: OrderStatus) -> str:
    """Return the word of the tables for where an order stands."""
    return WORDS.get(status, status.value)


def limit_of(request: OrderRequest) -> Decimal | None:
    """Return the limit of an order; None where a trigger sends it as a market order."""
    trigger = request.trigger
    return None if trigger is not None and trigger.is_market else request.limit_price


class KnownOrder(msgspec.Struct, frozen=True):
    """An order that the venue may still have; the row that was written of it last."""

    order_id: str | None
    symbol: str
    side: str
    price: Decimal | None
    trigger_price: Decimal | None
    size: Decimal
    filled_size: Decimal
    status: str
    created_at: datetime


Held = tuple[Decimal, Decimal, int, str]
"""Quantity, entry price, leverage and margin mode of a position."""


class VenueRows:
    """Remembers what each venue account held last, and its open orders by venue order id."""

    def __init__(self) -> None:
        self.held: dict[str, dict[str, Held]] = {}
        self.orders: dict[str, dict[str, KnownOrder]] = {}

    def report(self, account: str, report: AccountReport, time: datetime, rows: Rows) -> None:
        """Write what has changed since the report before."""
        self._positions(account, report, time, rows)
        self._orders(account, report, time, rows)

    def answer(self, record: OrderRecord, time: datetime, rows: Rows) -> None:
        """Write an order of ours after an answer about it, where the venue gave it an id."""
        outcome = record.outcome
        if outcome is None or outcome.venue_order_id is None:
            return
        request = record.request
        self._put(
            record.venue_account,
            outcome.venue_order_id,
            KnownOrder(
                order_id=record.client_id,
                symbol=record.symbol,
                side=request.side.value,
                price=limit_of(request),
                trigger_price=_trigger_price(request.trigger),
                size=request.size,
                filled_size=outcome.filled_size,
                status=word(outcome.status),
                created_at=record.intended_at,
            ),
            time,
            rows,
            is_done=outcome.status.is_final,
        )

    def _positions(self, account: str, report: AccountReport, time: datetime, rows: Rows) -> None:
        before = self.held.get(account, {})
        now: dict[str, Held] = {}
        for each in report.positions:
            found = each.quantity, each.entry_price, each.leverage, each.margin_mode.value
            now[each.symbol] = found
            if before.get(each.symbol) == found:
                continue
            rows.put(
                "exchange_positions",
                provider_id=account,
                symbol=each.symbol,
                timestamp=time,
                side="long" if each.quantity > 0 else "short",
                size=abs(each.quantity),
                entry_price=each.entry_price,
                liquidation_price=each.liquidation_price,
                leverage=each.leverage,
                margin_mode=each.margin_mode.value,
            )
        for symbol in before.keys() - now.keys():
            _put_flat(rows, account, Symbol(symbol), time)
        self.held[account] = now

    def _orders(self, account: str, report: AccountReport, time: datetime, rows: Rows) -> None:
        known = self.orders.setdefault(account, {})
        there = {order.venue_order_id: order for order in report.orders}
        for venue_order_id, order in there.items():
            before = known.get(venue_order_id)
            trigger = order.trigger
            found = KnownOrder(
                order_id=order.client_id,
                symbol=order.symbol,
                side=order.side.value,
                price=None if trigger is not None and trigger.is_market else order.limit_price,
                trigger_price=_trigger_price(trigger),
                size=order.size,
                filled_size=order.filled_size,
                status=word(order.status),
                created_at=before.created_at if before is not None else order.time,
            )
            if found != before:
                self._put(account, venue_order_id, found, time, rows, is_done=False)
        for venue_order_id in [each for each in known if each not in there]:
            if known[venue_order_id].order_id is None:
                # Nobody tells what became of a foreign order; that it is over is all we know.
                gone = msgspec.structs.replace(known[venue_order_id], status="gone")
                self._put(account, venue_order_id, gone, time, rows, is_done=True)

    def _put(
        self,
        account: str,
        venue_order_id: str,
        order: KnownOrder,
        time: datetime,
        rows: Rows,
        *,
        is_done: bool,
    ) -> None:
        rows.put(
            "exchange_orders",
            provider_id=account,
            venue_order_id=venue_order_id,
            **msgspec.structs.asdict(order),
            updated_at=time,
            done_at=time if is_done else None,
        )
        known = self.orders.setdefault(account, {})
        if is_done:
            known.pop(venue_order_id, None)
        else:
            known[venue_order_id] = order


def _trigger_price(trigger: Trigger | None) -> Decimal | None:
    return None if trigger is None else trigger.price


def _put_flat(rows: Rows, account: str, symbol: Symbol, time: datetime) -> None:
    rows.put(
        "exchange_positions",
        provider_id=account,
        symbol=symbol,
        timestamp=time,
        side="flat",
        size=Decimal(0),
        entry_price=None,
        liquidation_price=None,
        leverage=None,
        margin_mode=None,
    )
