"""An exchange account in a file; every order within its limit fills at the mark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

import attrs

from nof0_core.clock import Clock
from nof0_core.domain.account import AccountReport, VenueAccount
from nof0_core.domain.fill import Fill
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.order import OrderRequest, OrderStatus
from nof0_core.domain.outcome import OrderOutcome, VenueOrder
from nof0_core.domain.position import MarginMode, VenuePosition
from nof0_core.errors import RejectedError
from nof0_core.ids import ClientOrderId, Symbol
from nof0_core.money import BPS, ZERO, truncate_usd
from nof0_core.protocols import Capability, MarketProvider
from nof0_provider_example.account_file import AccountFile, Change
from nof0_provider_example.position import Position


@attrs.define(kw_only=True)
class ExampleExchange:
    """An `ExchangeProvider`. It knows no resting and no trigger orders, and says so.

    `_cash` is deposits minus everything paid for coins, fees included. Orders and fills are kept
    for good: that is what makes `place` idempotent and `fills` complete, also after a restart. All
    that changes the account is a `Change`: first written, then applied.
    """

    market: MarketProvider
    instruments: Mapping[Symbol, Instrument]
    clock: Clock
    fee_bps: Decimal
    file: AccountFile
    _cash: Decimal = attrs.field(alias="balance_usd")
    _positions: dict[Symbol, Position] = attrs.field(init=False, factory=dict)
    _leverage: dict[Symbol, int] = attrs.field(init=False, factory=dict)
    _orders: dict[ClientOrderId, VenueOrder] = attrs.field(init=False, factory=dict)
    _fills: list[Fill] = attrs.field(init=False, factory=list)

    def __attrs_post_init__(self) -> None:
        """Take up the account where the file left it."""
        for change in self.file.read():
            self._apply(change)

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Return what goes beyond single IOC orders: reduce-only, and several in one call."""
        return frozenset({Capability.REDUCE_ONLY, Capability.BATCH})

    async def place(
        self,
        orders: Sequence[OrderRequest],
        *,
        expires_at: datetime | None,  # noqa: ARG002 - None: there is no EXPIRY
    ) -> Sequence[OrderOutcome]:
        """Fill or refuse each order; one that was seen before gets its first answer again."""
        quotes = await self.market.quotes([order.symbol for order in orders])
        marks = {symbol: quote.mark for symbol, quote in quotes.items()}
        for order in orders:
            if order.client_id not in self._orders:
                self._keep(self._execute(order, marks.get(order.symbol)))
        return [self._outcome(order.client_id) for order in orders]

    def _outcome(self, client_id: ClientOrderId) -> OrderOutcome:
        fills = tuple(fill for fill in self._fills if fill.client_id == client_id)
        return self._orders[client_id].outcome(client_id, fills)

    def _execute(self, order: OrderRequest, mark: Decimal | None) -> VenueOrder:
        number = str(len(self._orders) + 1)
        answer = VenueOrder(
            client_id=order.client_id,
            venue_order_id=number,
            symbol=order.symbol,
            side=order.side,
            size=order.size,
            filled_size=ZERO,
            limit_price=order.limit_price,
            status=OrderStatus.REJECTED,
            time=self.clock.now(),
            is_reduce_only=order.is_reduce_only,
        )
        instrument = self.instruments.get(order.symbol)
        if instrument is None or mark is None:
            return attrs.evolve(answer, reason=f"{order.symbol} is not traded here")
        if not instrument.is_valid_size(order.size):
            return attrs.evolve(answer, reason=f"size must be a multiple of {instrument.lot}")
        if order.trigger:
            return attrs.evolve(answer, reason="trigger orders are not supported")
        if order.side.sign * (mark - order.limit_price) > 0:
            return attrs.evolve(answer, status=OrderStatus.CANCELED, reason="mark beyond limit")
        size = self._size_to_fill(order)
        if not size:
            return attrs.evolve(answer, reason="reduce-only without a position to reduce")
        status = OrderStatus.FILLED if size == order.size else OrderStatus.PARTLY_FILLED
        return attrs.evolve(answer, status=status, filled_size=size, average_price=mark)

    def _size_to_fill(self, order: OrderRequest) -> Decimal:
        if not order.is_reduce_only:
            return order.size
        held = self._positions.get(order.symbol, Position()).quantity
        return min(order.size, max(ZERO, -order.side.sign * held))

    def _keep(self, order: VenueOrder) -> None:
        """Write down an order and what it filled, and let it count from then on."""
        fill = None
        if order.average_price is not None:
            fill = Fill(
                trade_id=str(len(self._fills) + 1),
                venue_order_id=order.venue_order_id,
                client_id=order.client_id,
                symbol=order.symbol,
                side=order.side,
                price=order.average_price,
                size=order.filled_size,
                fee=truncate_usd(order.average_price * order.filled_size * self.fee_bps / BPS),
                time=order.time,
            )
        self._change(Change(order=order, fill=fill))

    def _change(self, change: Change) -> None:
        self.file.append(change)
        self._apply(change)

    def _apply(self, change: Change) -> None:
        if change.order is not None and change.order.client_id is not None:
            self._orders[change.order.client_id] = change.order
        if change.fill is not None:
            fill = change.fill
            self._fills.append(fill)
            self._cash -= fill.quantity * fill.price + fill.fee
            held = self._positions.get(fill.symbol, Position())
            self._positions[fill.symbol] = held.after(fill.quantity, fill.price)
        if change.leverage is not None:
            symbol, leverage = change.leverage
            self._leverage[symbol] = leverage

    async def _open_positions(self) -> Sequence[VenuePosition]:
        """Return open positions at their marks."""
        held = {symbol: p for symbol, p in self._positions.items() if p.quantity}
        quotes = await self.market.quotes(list(held))
        return [
            VenuePosition(
                symbol=symbol,
                quantity=position.quantity,
                entry_price=position.entry,
                leverage=self._leverage.get(symbol, 1),
                margin_used=abs(position.quantity)
                * quotes[symbol].mark
                / self._leverage.get(symbol, 1),
                unrealized_pnl=position.quantity * (quotes[symbol].mark - position.entry),
            )
            for symbol, position in held.items()
        ]

    async def report(self) -> AccountReport:
        """Value the account at current marks; no order ever waits here."""
        positions = await self._open_positions()
        # quantity x entry + unrealised profit = quantity x mark
        value = sum((p.quantity * p.entry_price + p.unrealized_pnl for p in positions), ZERO)
        equity = self._cash + value
        margin = sum((p.margin_used for p in positions), ZERO)
        now = self.clock.now()
        account = VenueAccount(
            time=now,
            equity=equity,
            raw_usd=self._cash,
            margin_used=margin,
            available=max(ZERO, equity - margin),
        )
        return AccountReport(time=now, account=account, positions=tuple(positions))

    async def order(self, client_id: ClientOrderId) -> VenueOrder | None:
        """Return an order by client id."""
        return self._orders.get(client_id)

    async def cancel(self, client_ids: Sequence[ClientOrderId]) -> Sequence[OrderOutcome]:
        """Say for each order why there is nothing to cancel."""
        return [
            self._outcome(client_id)
            if client_id in self._orders
            else OrderOutcome(
                client_id=client_id, status=OrderStatus.REJECTED, reason="unknown order"
            )
            for client_id in client_ids
        ]

    async def fills(self, since: datetime) -> Sequence[Fill]:
        """Return executions at or after `since`, oldest first."""
        return [fill for fill in self._fills if fill.time >= since]

    async def set_leverage(self, symbol: Symbol, leverage: int, margin_mode: MarginMode) -> None:
        """Remember the leverage of a coin; only cross margin exists here."""
        instrument = self.instruments.get(symbol)
        if instrument is None or not 1 <= leverage <= instrument.max_leverage:
            message = f"no leverage of {leverage} on {symbol}"
            raise RejectedError(message)
        if margin_mode is not MarginMode.CROSS:
            message = "only cross margin is supported"
            raise RejectedError(message)
        self._change(Change(leverage=(symbol, leverage)))
