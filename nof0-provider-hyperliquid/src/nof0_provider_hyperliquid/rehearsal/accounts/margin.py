"""Margin, by the venue's documentation ("Margining", "Margin tiers", "Liquidations")."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from nof0_core.money import ZERO
from nof0_provider_hyperliquid.rehearsal.accounts.account import Account
from nof0_provider_hyperliquid.rehearsal.accounts.order import Order
from nof0_provider_hyperliquid.rehearsal.accounts.position import Position
from nof0_provider_hyperliquid.rehearsal.assets import Asset

Marks = Mapping[str, Decimal]
HALF = Decimal("0.5")


def maintenance_rate(asset: Asset, notional: Decimal) -> Decimal:
    """Return 1 / (2 x maximum leverage) of the tier that a notional in USD is in."""
    return HALF / max_leverage(asset, notional)


def max_leverage(asset: Asset, notional: Decimal) -> int:
    """Return the maximum leverage of the tier that a notional in USD is in."""
    found = asset.max_leverage
    for bound, leverage in asset.margin_tiers:
        if notional >= bound:
            found = leverage
    return found


def maintenance(asset: Asset, notional: Decimal) -> Decimal:
    """Return the maintenance margin of a notional, in USD: continuous across tiers."""
    deduction, before = ZERO, None
    for bound, leverage in asset.margin_tiers:
        if notional < bound:
            break
        rate = HALF / leverage
        deduction += ZERO if before is None else bound * (rate - before)
        before = rate
    return notional * maintenance_rate(asset, notional) - deduction


def cross_equity(account: Account, pool: str, marks: Marks) -> Decimal:
    """Return cash and value of the cross positions of a pool."""
    held = (each for each in account.in_pool(pool) if each.is_cross)
    return sum((each.szi * marks[each.asset.name] for each in held), account.pools.get(pool, ZERO))


def equity(account: Account, pool: str, marks: Marks) -> Decimal:
    """Return the worth of a pool with the isolated positions that took margin from it."""
    return cross_equity(account, pool, marks) + isolated(account, pool, marks)


def isolated(account: Account, pool: str, marks: Marks) -> Decimal:
    """Return what the isolated positions of a pool are worth."""
    held = (each for each in account.in_pool(pool) if not each.is_cross)
    return sum((each.initial(marks[each.asset.name]) for each in held), ZERO)


def cross_used(account: Account, pool: str, marks: Marks) -> Decimal:
    """Return the initial margin of the cross positions of a pool."""
    held = (each for each in account.in_pool(pool) if each.is_cross)
    return sum((each.initial(marks[each.asset.name]) for each in held), ZERO)


def cross_maintenance(account: Account, pool: str, marks: Marks) -> Decimal:
    """Return the maintenance margin of the cross positions of a pool."""
    held = (each for each in account.in_pool(pool) if each.is_cross)
    return sum((maintenance(each.asset, each.value(marks[each.asset.name])) for each in held), ZERO)


def reserved(account: Account, pool: str, without: Order | None = None) -> Decimal:
    """Return what resting orders hold back that may open: size x limit / leverage."""
    return sum(
        (
            each.left * each.limit / account.margining_of(each.asset).leverage
            for each in account.live.values()
            if each.rests
            and each is not without
            and not each.is_reduce_only
            and account.pool(each.asset) == pool
        ),
        ZERO,
    )


def available(account: Account, pool: str, marks: Marks, without: Order | None = None) -> Decimal:
    """Return what new positions may use."""
    return (
        cross_equity(account, pool, marks)
        - cross_used(account, pool, marks)
        - reserved(account, pool, without)
    )


def liquidation_price(account: Account, position: Position, marks: Marks) -> Decimal | None:
    """Return the mark at which a position is liquidated, all other marks as they are.

    price - side x margin available / size / (1 - l x side), with l = 1 / (2 x maximum leverage);
    None where that is not positive.
    """
    mark = marks[position.asset.name]
    notional = position.value(mark)
    side = 1 if position.szi > ZERO else -1
    if position.is_cross:
        pool = account.pool(position.asset)
        spare = cross_equity(account, pool, marks) - cross_maintenance(account, pool, marks)
    else:
        spare = position.initial(mark) - maintenance(position.asset, notional)
    rate = maintenance_rate(position.asset, notional)
    found = mark - side * spare / position.size / (1 - rate * side)
    return found if found > ZERO else None
