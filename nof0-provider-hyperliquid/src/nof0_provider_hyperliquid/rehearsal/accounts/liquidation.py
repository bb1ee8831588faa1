"""Liquidation of accounts and isolated positions, by the venue's documentation."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_UP, Decimal

from nof0_core.money import ZERO
from nof0_provider_hyperliquid.rehearsal.accounts import matching
from nof0_provider_hyperliquid.rehearsal.accounts.account import Account
from nof0_provider_hyperliquid.rehearsal.accounts.amounts import Json, text
from nof0_provider_hyperliquid.rehearsal.accounts.deleveraging import deleverage
from nof0_provider_hyperliquid.rehearsal.accounts.ledger import tell
from nof0_provider_hyperliquid.rehearsal.accounts.lifecycle import cancel_by_venue
from nof0_provider_hyperliquid.rehearsal.accounts.margin import (
    cross_equity,
    cross_maintenance,
    maintenance,
)
from nof0_provider_hyperliquid.rehearsal.accounts.position import Position
from nof0_provider_hyperliquid.rehearsal.accounts.state import ExchangeState
from nof0_provider_hyperliquid.rehearsal.accounts.trading import Trade, book, end_idle

FIRST_PART = Decimal("0.2")
BACKSTOP = Decimal(2) / Decimal(3)
LIQUIDATOR = "0x000000000000000000000000000000000000dead"


def liquidate(state: ExchangeState, account: Account) -> None:
    """Liquidate what lacks maintenance margin at present marks.

    First by the book: of positions above the rules' step a fifth, the rest 30 seconds later. Below
    two thirds of the maintenance margin a backstop takes positions and their margin.
    """
    for pool in list(account.pools):
        _cross(state, account, pool)
    for position in list(account.positions.values()):
        if not position.is_cross:
            _isolated(state, account, position)


def _cross(state: ExchangeState, account: Account, pool: str) -> None:
    marks = state.marks
    held = [each for each in account.in_pool(pool) if each.is_cross]
    if not held or cross_equity(account, pool, marks) >= cross_maintenance(account, pool, marks):
        return
    _begin(state, account, held, cross_equity(account, pool, marks), "Cross")
    held.sort(key=lambda each: each.value(marks[each.asset.name]), reverse=True)
    for position in held:
        if cross_equity(account, pool, marks) >= cross_maintenance(account, pool, marks):
            return
        _sell(state, account, position)
    left = [each for each in account.in_pool(pool) if each.is_cross]
    worth = cross_equity(account, pool, marks)
    if left and worth < BACKSTOP * cross_maintenance(account, pool, marks):
        for position in left:
            _take_over(state, account, position, is_bankrupt=worth < ZERO)
        lost = account.pools[pool]
        account.pools[pool] = ZERO
        account.flows -= lost


def _isolated(state: ExchangeState, account: Account, position: Position) -> None:
    mark = state.marks[position.asset.name]
    needed = maintenance(position.asset, position.value(mark))
    if position.initial(mark) >= needed:
        return
    _begin(state, account, [position], position.initial(mark), "Isolated")
    _sell(state, account, position)
    if position.szi == ZERO:
        return
    needed = maintenance(position.asset, position.value(mark))
    if position.initial(mark) < BACKSTOP * needed:
        lost = position.initial(mark)
        _take_over(state, account, position, is_bankrupt=lost < ZERO)
        # A trade gave the margin back to the account; the backstop keeps it.
        account.add_cash(account.pool(position.asset), -lost)
        account.flows -= lost


def _begin(
    state: ExchangeState, account: Account, held: Sequence[Position], worth: Decimal, kind: str
) -> None:
    coins = {each.asset.name for each in held}
    if all(account.cooling_until.get(coin, 0) > state.now for coin in coins):
        return
    for order in list(account.live.values()):
        if order.is_live and order.asset.name in coins:
            cancel_by_venue(state, account, order, "liquidatedCanceled")
    notional = sum((each.value(state.marks[each.asset.name]) for each in held), ZERO)
    rows = [{"coin": each.asset.name, "szi": text(each.szi)} for each in held]
    tell(
        state,
        account,
        {
            "type": "liquidation",
            "liquidatedNtlPos": text(notional),
            "accountValue": text(worth),
            "leverageType": kind,
            "liquidatedPositions": rows,
        },
    )
    heard = {
        "lid": state.next_oid(),
        "liquidator": LIQUIDATOR,
        "liquidated_user": account.address,
        "liquidated_ntl_pos": text(notional),
        "liquidated_account_value": text(worth),
    }
    state.tell("userEvents", account.address, {"liquidation": heard})


def _sell(state: ExchangeState, account: Account, position: Position) -> None:
    """Send a market order for the position, for a fifth of it while it is large."""
    coin = position.asset.name
    if account.cooling_until.get(coin, 0) > state.now:
        return
    mark, size = state.marks[coin], position.size
    if position.value(mark) > state.rules.liquidation_step and coin not in account.cooling_until:
        lot = Decimal(1).scaleb(-position.asset.sz_decimals)
        size = (size * FIRST_PART).quantize(lot, ROUND_UP)
        account.cooling_until[coin] = state.now + state.rules.cooling_ms
    is_buy = position.szi < ZERO
    worst = mark * 2 if is_buy else ZERO
    there, oid = matching.liquidity(state, coin), state.next_oid()
    for price, part in there.take(is_buy=is_buy, limit=worst, size=size):
        trade = _trade(state, account, position, part, price, "market")
        book(state, account, trade, oid)
    end_idle(state, account, position.asset)


def _take_over(
    state: ExchangeState, account: Account, position: Position, *, is_bankrupt: bool
) -> None:
    mark, signed = state.marks[position.asset.name], position.szi
    trade = _trade(state, account, position, position.size, mark, "backstop")
    book(state, account, trade, state.next_oid())
    end_idle(state, account, position.asset)
    if is_bankrupt:
        deleverage(state, position.asset, -signed, mark)


def _trade(
    state: ExchangeState,
    account: Account,
    position: Position,
    size: Decimal,
    price: Decimal,
    method: str,
) -> Trade:
    kind = "Cross" if position.is_cross else "Isolated"
    side = "Long" if position.szi > ZERO else "Short"
    mark = state.marks[position.asset.name]
    told: Json = {"liquidatedUser": account.address, "markPx": text(mark), "method": method}
    return Trade(
        asset=position.asset,
        signed=-size if position.szi > ZERO else size,
        price=price,
        is_taker=True,
        hash=state.next_hash(),
        direction=f"Liquidated {kind} {side}",
        rate=ZERO if method == "backstop" else None,
        liquidation=told,
    )
