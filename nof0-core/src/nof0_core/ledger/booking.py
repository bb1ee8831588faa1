"""What a fill does to a position. Pure and exact.

Opening or adding puts signed size x price into the cost. Reducing takes cost out in proportion,
rounded to `COST_STEP`; the rest stays in, and a full close takes all of it. Realised profit is what
the coins brought minus the cost taken out. A fill beyond zero closes first and opens the rest.

A trader that reduces an isolated position gets margin back in proportion; where the venue forced
the reduction, all of it stays in the rest.
"""

from __future__ import annotations

from decimal import Decimal

import msgspec
from msgspec.structs import replace

from nof0_core.domain.fill import Fill
from nof0_core.domain.order import OrderPurpose
from nof0_core.domain.order_record import OrderRecord
from nof0_core.domain.position import ExitPlan, MarginMode
from nof0_core.domain.trade import ClosedTrade, TradeLeg
from nof0_core.domain.vocabulary import ExitReason
from nof0_core.ids import CycleId, TraderId
from nof0_core.ledger.arithmetic import COST_STEP, share
from nof0_core.ledger.pools import own_usd
from nof0_core.ledger.position import Position
from nof0_core.money import USD, ZERO


class Owner(msgspec.Struct, frozen=True, kw_only=True):
    """Whose fill it is, by which order (None: nobody's), told by which event.

    `reason` is what a trade that it closes counts as, None for what follows from the order.
    """

    trader: TraderId
    venue_account: str
    order: OrderRecord | None
    seq: int
    reason: ExitReason | None = None


class Booking(msgspec.Struct, frozen=True, kw_only=True):
    """What came out of a fill.

    `position` is what is held now, None for nothing. `realized` is gross, in USD. `trade` is the
    part that was closed, if any.
    """

    position: Position | None
    realized: Decimal = ZERO
    trade: ClosedTrade | None = None


def book(held: Position | None, fill: Fill, owner: Owner) -> Booking:
    """Apply a fill to what its owner held of the coin before; call it in the `STRICT` context."""
    change = fill.quantity
    if held is None:
        return Booking(position=_opened(fill, change, fill.fee, owner))
    if held.is_long == (change > 0):
        return Booking(position=_added(held, fill, change))
    open_size = abs(held.quantity)
    if fill.size <= open_size:
        return _reduced(held, fill, fill.size, fill.fee, owner)
    exit_fee = share(fill.fee, open_size, fill.size, USD)
    closing = _reduced(held, fill, open_size, exit_fee, owner)
    rest = _opened(fill, held.quantity + change, fill.fee - exit_fee, owner)
    return replace(closing, position=rest)


def _opened(fill: Fill, quantity: Decimal, fee: Decimal, owner: Owner) -> Position:
    order = owner.order
    if order is not None and order.purpose is not OrderPurpose.OPEN:
        # What a closing order did beyond zero was meant by nobody: no leverage, no exits.
        order = None
    return Position(
        trader=owner.trader,
        venue_account=owner.venue_account,
        symbol=fill.symbol,
        quantity=quantity,
        cost=quantity * fill.price,
        leverage=order.leverage if order else 1,
        confidence=order.confidence if order else 0.0,
        risk_usd=order.risk_usd if order else ZERO,
        plan=order.plan if order else ExitPlan(),
        margin_mode=order.margin_mode if order else MarginMode.CROSS,
        cycle=order.cycle if order else CycleId(""),
        opened_by=order.client_id if order else None,
        opened_seq=order.seq if order else owner.seq,
        opened_at=fill.time,
        entry_trade_id=fill.trade_id,
        entry_order_id=fill.venue_order_id,
        is_taker=fill.is_taker,
        fees=fee,
        entry_fees=fee,
    )


def _added(held: Position, fill: Fill, change: Decimal) -> Position:
    return replace(
        held,
        quantity=held.quantity + change,
        cost=held.cost + change * fill.price,
        fees=held.fees + fill.fee,
        entry_fees=held.entry_fees + fill.fee,
    )


def _reduced(held: Position, fill: Fill, size: Decimal, fee: Decimal, owner: Owner) -> Booking:
    """Close `size` coins of a position for an exit fee of `fee`."""
    open_size = abs(held.quantity)
    gone = size if held.is_long else -size
    cost, entry_fee, funding = held.cost, held.entry_fees, held.open_funding
    kept = held.kept_margin
    if size != open_size:
        cost = share(cost, size, open_size, COST_STEP)
        entry_fee = share(entry_fee, size, open_size, USD)
        funding = share(funding, size, open_size, USD)
        kept = share(kept, size, open_size, COST_STEP)
    realized = gone * fill.price - cost
    trade = ClosedTrade(
        trader=owner.trader,
        symbol=fill.symbol,
        quantity=gone,
        leverage=held.leverage,
        confidence=held.confidence,
        exit_plan=held.plan,
        entry=TradeLeg(
            price=held.entry_price,
            time=held.opened_at,
            trade_id=held.entry_trade_id,
            venue_order_id=held.entry_order_id,
            is_taker=held.is_taker,
            fee=entry_fee,
        ),
        exit=TradeLeg(
            price=fill.price,
            time=fill.time,
            trade_id=fill.trade_id,
            venue_order_id=fill.venue_order_id,
            is_taker=fill.is_taker,
            fee=fee,
            is_liquidation=fill.is_liquidation,
        ),
        gross_pnl=realized,
        funding=funding,
        net_pnl=realized - entry_fee - fee + funding,
        reason=owner.reason or _reason(fill, owner.order),
    )
    if size == open_size:
        return Booking(position=None, realized=realized, trade=trade)
    left = replace(
        held,
        quantity=held.quantity - gone,
        cost=held.cost - cost,
        fees=held.fees + fee,
        entry_fees=held.entry_fees - entry_fee,
        open_funding=held.open_funding - funding,
        realized_pnl=held.realized_pnl + realized,
        kept_margin=held.kept_margin - kept,
    )
    if fill.is_liquidation and held.margin_mode is MarginMode.ISOLATED:
        surplus = own_usd(held) + realized - fee - own_usd(left)
        left = replace(left, kept_margin=left.kept_margin + surplus)
    return Booking(position=left, realized=realized, trade=trade)


def _reason(fill: Fill, order: OrderRecord | None) -> ExitReason:
    if fill.is_liquidation:
        return ExitReason.LIQUIDATION
    if order is None:
        return ExitReason.MANUAL
    if order.purpose is OrderPurpose.OPEN:
        return ExitReason.CLOSE
    return ExitReason(order.purpose.value)
