"""From an approved decision to the order that carries it out. Pure.

Prices here come from the market at the moment of sending, never from the model.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import timedelta
from decimal import Decimal

import attrs

from nof0_core.domain.event import OrderIntended
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.limits import RiskLimits
from nof0_core.domain.order import (
    OrderPurpose,
    OrderRequest,
    OrderStyle,
    PricedAt,
    Side,
    TimeInForce,
    Trigger,
    TriggerKind,
)
from nof0_core.domain.position import ExitPlan, MarginMode
from nof0_core.domain.snapshot import Quote
from nof0_core.ids import ClientOrderId, CycleId, Symbol, TraderId, client_order_id
from nof0_core.money import BPS, ZERO, exactly
from nof0_core.risk.approval import ApprovedDecision

TRIGGER_SLIPPAGE = Decimal("0.1")
"""How far beyond its trigger a stop may fill: 10 %, the venue's own tolerance for such orders."""


@attrs.frozen(kw_only=True)
class Refusal:
    """Why an approved decision is not carried out after all: the market or the account moved."""

    reason: str


@attrs.frozen(kw_only=True)
class OrderPolicy:
    """How a trader's orders are to be made.

    `slippage_bps` caps what may be paid beyond the mark; `style` is `market_ioc` (the cap around
    the mark) or `limit_ioc` (the mark itself). `limits` are the trader's, asked once more when an
    order leaves. `stop_deadline` is how long a filled entry may be without its
    stop, `quote_deadline` how long one without a stop at the venue may be without any price.
    `margin_mode` is how positions are backed.
    """

    style: OrderStyle
    slippage_bps: Decimal
    limits: RiskLimits = attrs.field(factory=RiskLimits)
    stop_deadline: timedelta = timedelta(seconds=10)
    quote_deadline: timedelta = timedelta(seconds=60)
    margin_mode: MarginMode = MarginMode.CROSS

    @property
    def cap(self) -> Decimal:
        """Return how far beyond the mark an entry or a model's close may pay, in bps."""
        return ZERO if self.style is OrderStyle.LIMIT_IOC else self.slippage_bps


def limit_price(quote: Quote, instrument: Instrument, side: Side, cap: Decimal) -> Decimal:
    """Return the worst price an order may fill at, `cap` bps from the mark, never made tighter."""
    price = quote.mark * (1 + side.sign * cap / BPS)
    return instrument.round_price(price, "up" if side is Side.BUY else "down")


@exactly
def open_order(
    approved: ApprovedDecision,
    quote: Quote,
    instrument: Instrument,
    policies: OrderPolicy,
    venue_account: str,
) -> OrderIntended | Refusal:
    """Make the order that opens a position, or say why there is none to make."""
    decision = approved.decision
    side = Side.BUY if decision.signal == "buy_to_enter" else Side.SELL
    limit = limit_price(quote, instrument, side, policies.cap)
    size = instrument.round_size(approved.size_usd / quote.mark)
    if size * limit < instrument.min_notional or size <= 0:
        return Refusal(reason=f"{size} {decision.symbol} is below the venue's smallest order")
    return OrderIntended(
        trader=approved.trader,
        venue_account=venue_account,
        cycle=approved.cycle,
        purpose=OrderPurpose.OPEN,
        request=OrderRequest(
            client_id=client_order_id(
                approved.trader, approved.cycle, decision.symbol, OrderPurpose.OPEN
            ),
            symbol=decision.symbol,
            side=side,
            size=size,
            limit_price=limit,
        ),
        leverage=approved.leverage,
        margin_mode=policies.margin_mode,
        confidence=approved.confidence,
        risk_usd=approved.risk_usd,
        plan=ExitPlan(
            stop_loss=approved.stop_loss,
            take_profit=approved.take_profit,
            invalidation_condition=approved.invalidation_condition,
        ),
        priced=_priced(quote),
    )


@exactly
def close_order(
    *,
    trader: TraderId,
    venue_account: str,
    cycle: CycleId,
    symbol: Symbol,
    side: Side,
    size: Decimal,
    quote: Quote,
    instrument: Instrument,
    cap: Decimal,
    purpose: OrderPurpose,
    client_id: ClientOrderId,
    is_reduce_only: bool,
) -> OrderIntended:
    """Make an order of `size` coins that closes a position, at most `cap` bps from the mark."""
    return OrderIntended(
        trader=trader,
        venue_account=venue_account,
        cycle=cycle,
        purpose=purpose,
        request=OrderRequest(
            client_id=client_id,
            symbol=symbol,
            side=side,
            size=size,
            limit_price=limit_price(quote, instrument, side, cap),
            is_reduce_only=is_reduce_only,
        ),
        priced=_priced(quote),
    )


def _priced(quote: Quote) -> PricedAt:
    return PricedAt(time=quote.time, mark=quote.mark)


@exactly
def exit_orders(
    *,
    trader: TraderId,
    venue_account: str,
    cycle: CycleId,
    symbol: Symbol,
    quantity: Decimal,
    plan: ExitPlan,
    instrument: Instrument,
    ids: Mapping[TriggerKind, ClientOrderId],
    kinds: Collection[TriggerKind] = (TriggerKind.STOP, TriggerKind.TARGET),
) -> list[OrderIntended]:
    """Make the stop and target of a position of signed `quantity`, the stop first."""
    side = Side.SELL if quantity > 0 else Side.BUY
    orders = []
    for kind, price in (
        (TriggerKind.STOP, plan.stop_loss),
        (TriggerKind.TARGET, plan.take_profit),
    ):
        if price is None or kind not in kinds:
            continue
        trigger = instrument.round_price(price)
        limit = trigger * (1 + side.sign * TRIGGER_SLIPPAGE)
        request = OrderRequest(
            client_id=ids[kind],
            symbol=symbol,
            side=side,
            size=abs(quantity),
            limit_price=instrument.round_price(limit, "up" if side is Side.BUY else "down"),
            tif=TimeInForce.IOC,
            is_reduce_only=True,
            trigger=Trigger(kind=kind, price=trigger),
        )
        orders.append(
            OrderIntended(
                trader=trader,
                venue_account=venue_account,
                cycle=cycle,
                purpose=OrderPurpose(kind.value),
                request=request,
                plan=plan,
            )
        )
    return orders
