"""Orders against the book: what matches at once, and what rests until the market comes to it."""

from __future__ import annotations

from decimal import Decimal

from nof0_core.money import ZERO
from nof0_provider_hyperliquid.rehearsal.accounts import refusals
from nof0_provider_hyperliquid.rehearsal.accounts.account import Account
from nof0_provider_hyperliquid.rehearsal.accounts.amounts import Json, text
from nof0_provider_hyperliquid.rehearsal.accounts.depth import Liquidity
from nof0_provider_hyperliquid.rehearsal.accounts.lifecycle import (
    CANCELED,
    cancel_by_venue,
    finish,
    rest,
)
from nof0_provider_hyperliquid.rehearsal.accounts.order import Order, Tif
from nof0_provider_hyperliquid.rehearsal.accounts.order_rules import margin_refusal
from nof0_provider_hyperliquid.rehearsal.accounts.refusals import Refusal
from nof0_provider_hyperliquid.rehearsal.accounts.state import ExchangeState
from nof0_provider_hyperliquid.rehearsal.accounts.trading import Trade, fill_order


def liquidity(state: ExchangeState, coin: str) -> Liquidity:
    """Return what is left of a coin's book, empty without one."""
    return state.liquidity.setdefault(coin, Liquidity())


def meet(state: ExchangeState, account: Account, order: Order, digest: str) -> Refusal | None:
    """Match a limit order, rest what may rest, end what is left.

    Returns:
        Why nothing of it was taken, None if it rests or traded.
    """
    there = liquidity(state, order.asset.name)
    if order.tif is Tif.ALO and there.crosses(is_buy=order.is_buy, limit=order.limit):
        return refusals.post_only(there.touch(is_buy=False), there.touch(is_buy=True))
    take(state, account, order, digest)
    if order.left == ZERO:
        return None
    if order.tif is not None and order.tif.is_immediate:
        if order.filled > ZERO:
            finish(state, account, order, CANCELED)
            return None
        is_market = order.tif is Tif.FRONTEND_MARKET
        is_empty = there.touch(is_buy=order.is_buy) is None
        return refusals.NO_LIQUIDITY if is_market and is_empty else refusals.NO_MATCH
    if order.is_reduce_only and reducible(account, order) == ZERO:
        finish(state, account, order, "reduceOnlyCanceled")
    else:
        rest(state, account, order)
    return None


def take(state: ExchangeState, account: Account, order: Order, digest: str) -> None:
    """Trade an order against the book up to its limit; own orders in the way are cancelled."""
    there = liquidity(state, order.asset.name)
    touch = there.touch(is_buy=order.is_buy)
    for other in account.resting():
        if _meets(order, other) and (touch is None or _is_first(other, touch)):
            cancel_by_venue(state, account, other, "selfTradeCanceled")
    size = min(order.left, reducible(account, order)) if order.is_reduce_only else order.left
    for price, part in there.take(is_buy=order.is_buy, limit=order.limit, size=size):
        signed = part if order.is_buy else -part
        trade = Trade(asset=order.asset, signed=signed, price=price, is_taker=True, hash=digest)
        fill_order(state, account, order, trade)


def reducible(account: Account, order: Order) -> Decimal:
    """Return how much of the position an order may close."""
    held = account.held(order.asset.name)
    return abs(held) if held * (1 if order.is_buy else -1) < ZERO else ZERO


def fill_resting(state: ExchangeState, account: Account) -> None:
    """Fill resting orders that the market has come to, at their limit, as maker.

    The other side of the new book up to the limit is who traded with them; without a book the mark
    must have gone through the limit. Margin is looked at once more.
    """
    for order in sorted(account.resting(), key=lambda each: each.oid):
        if not order.rests:
            continue
        size = min(order.left, reducible(account, order)) if order.is_reduce_only else order.left
        size = _arrived(state, order, size)
        if size <= ZERO:
            continue
        signed = size if order.is_buy else -size
        if not order.is_reduce_only and margin_refusal(
            state, account, order.asset, signed, order.limit, order
        ):
            cancel_by_venue(state, account, order, "marginCanceled")
            continue
        trade = Trade(
            asset=order.asset,
            signed=signed,
            price=order.limit,
            is_taker=False,
            hash=state.next_hash(),
        )
        fill_order(state, account, order, trade)


def outcome(order: Order) -> Json:
    """Return the status of an order that was taken: `filled` if it traded, else `resting`."""
    identity: Json = {"oid": order.oid}
    if order.cloid is not None:
        identity["cloid"] = order.cloid
    if order.filled == ZERO:
        return {"resting": identity}
    average = order.notional / order.filled
    digits = Decimal(1).scaleb(order.asset.sz_decimals - 6)
    return {
        "filled": {
            "totalSz": text(order.filled),
            "avgPx": text(average.quantize(digits)),
            **identity,
        }
    }


def _arrived(state: ExchangeState, order: Order, size: Decimal) -> Decimal:
    coin = order.asset.name
    there = liquidity(state, coin)
    if there.bids or there.asks:
        levels = there.take(is_buy=order.is_buy, limit=order.limit, size=size)
        return sum((part for _, part in levels), ZERO)
    mark = state.marks[coin]
    is_through = mark < order.limit if order.is_buy else mark > order.limit
    return size if is_through else ZERO


def _meets(order: Order, other: Order) -> bool:
    is_opposite = other.asset.name == order.asset.name and other.is_buy != order.is_buy
    return is_opposite and (
        other.limit <= order.limit if order.is_buy else other.limit >= order.limit
    )


def _is_first(other: Order, touch: Decimal) -> bool:
    return other.limit >= touch if other.is_buy else other.limit <= touch
