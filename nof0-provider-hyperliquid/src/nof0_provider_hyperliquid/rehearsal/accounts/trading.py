"""Trades: what they do to positions, cash and orders, and the fill that tells of them."""

from __future__ import annotations

import hashlib
from decimal import Decimal

from attrs import frozen

from nof0_core.money import ZERO
from nof0_provider_hyperliquid.rehearsal.accounts.account import Account
from nof0_provider_hyperliquid.rehearsal.accounts.amounts import Json, text, truncated
from nof0_provider_hyperliquid.rehearsal.accounts.lifecycle import (
    arm_children,
    cancel_by_venue,
    finish,
    note,
)
from nof0_provider_hyperliquid.rehearsal.accounts.order import Order
from nof0_provider_hyperliquid.rehearsal.accounts.position import Position, increase, reduce
from nof0_provider_hyperliquid.rehearsal.accounts.state import ExchangeState
from nof0_provider_hyperliquid.rehearsal.assets import Asset


@frozen(kw_only=True)
class Trade:
    """A match: `signed` size at `price`.

    `direction` replaces the usual word of the fill, `rate` the account's fee.
    """

    asset: Asset
    signed: Decimal
    price: Decimal
    is_taker: bool
    hash: str
    direction: str | None = None
    rate: Decimal | None = None
    liquidation: Json | None = None


def fill_order(state: ExchangeState, account: Account, order: Order, trade: Trade) -> None:
    """Book a trade of an order, and all that follows for it and for other orders."""
    order.left -= abs(trade.signed)
    order.notional += abs(trade.signed) * trade.price
    book(state, account, trade, order.oid, order.cloid)
    if order.left == ZERO:
        finish(state, account, order, "filled")
        arm_children(state, order)
    elif order.is_live:
        note(state, order, "open")
    for sibling in [each for each in order.siblings if each.is_live]:
        cancel_by_venue(state, account, sibling, "siblingFilledCanceled")
    end_idle(state, account, trade.asset, order)


def book(
    state: ExchangeState, account: Account, trade: Trade, oid: int, cloid: str | None = None
) -> Json:
    """Book a trade and return its fill."""
    asset, name = trade.asset, trade.asset.name
    position = account.positions.get(name)
    if position is None:
        paid = account.funding_paid.get(name, ZERO)
        margining = account.margining_of(asset)
        position = Position(asset=asset, margining=margining, funding_all=paid)
        account.positions[name] = position
    before, pool = position.szi, account.pool(asset)
    closing = min(abs(before), abs(trade.signed)) if before * trade.signed < ZERO else ZERO
    opening = abs(trade.signed) - closing
    sign = 1 if trade.signed > ZERO else -1
    notional = abs(trade.signed) * trade.price
    usual = account.rates[0 if trade.is_taker else 1] * asset.fee_factor
    rate = usual if trade.rate is None else trade.rate
    fee, pnl = truncated(notional * rate), ZERO
    if closing:
        effect = reduce(position, closing, trade.price)
        pnl = effect.closed_pnl
        account.add_cash(pool, effect.cash)
    if opening:
        account.add_cash(pool, increase(position, sign * opening, trade.price))
    if opening and not position.is_cross:
        position.raw -= fee
    else:
        account.add_cash(pool, -fee)
    account.volume += notional
    account.funding_paid[name] = position.funding_all
    if position.szi == ZERO:
        del account.positions[name]
        account.cooling_until.pop(name, None)
    row: Json = {
        "coin": name,
        "px": text(trade.price),
        "sz": text(abs(trade.signed)),
        "side": "B" if trade.signed > ZERO else "A",
        "time": state.now,
        "startPosition": text(before),
        "dir": trade.direction or direction(before, trade.signed),
        "closedPnl": text(pnl),
        "hash": trade.hash,
        "oid": oid,
        "crossed": trade.is_taker,
        "fee": text(fee),
        "tid": _tid(state, oid),
        "feeToken": asset.collateral,
        "twapId": None,
    }
    if cloid is not None:
        row["cloid"] = cloid
    if trade.liquidation is not None:
        row["liquidation"] = trade.liquidation
    account.fills.append(row)
    state.tell("userEvents", account.address, {"fills": [row]})
    state.tell("userFills", account.address, {"user": account.address, "fills": [row]})
    return row


def direction(before: Decimal, signed: Decimal) -> str:
    """Return the venue's word for a trade."""
    after = before + signed
    if before * after < ZERO:
        return "Long > Short" if before > ZERO else "Short > Long"
    verb = "Close" if before * signed < ZERO else "Open"
    is_long = before > ZERO or (before == ZERO and signed > ZERO)
    return f"{verb} {'Long' if is_long else 'Short'}"


def end_idle(
    state: ExchangeState, account: Account, asset: Asset, cause: Order | None = None
) -> None:
    """End orders that cannot reduce the position any more.

    Those in the order book and those that are tied to the position; other triggers stay, and fire
    against the next position.
    """
    held = account.held(asset.name)
    for order in [each for each in account.live.values() if each.asset.name == asset.name]:
        reduces = held != ZERO and order.is_buy == (held < ZERO)
        is_bound = order.is_position_tied or (order.is_reduce_only and order.rests)
        if order.is_live and order is not cause and is_bound and not reduces:
            cancel_by_venue(state, account, order, "reduceOnlyCanceled")


def _tid(state: ExchangeState, oid: int) -> int:
    state.last_hash += 1
    made = hashlib.sha256(f"tid {state.seed} {oid} {state.last_hash}".encode()).digest()
    return int.from_bytes(made[:8], "big") >> 14
