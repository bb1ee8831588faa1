"""The actions that change leverage and isolated margin."""

from __future__ import annotations

from decimal import Decimal

from nof0_core.money import USD, ZERO
from nof0_provider_hyperliquid.rehearsal.accounts import refusals
from nof0_provider_hyperliquid.rehearsal.accounts.account import Account
from nof0_provider_hyperliquid.rehearsal.accounts.margin import available, max_leverage
from nof0_provider_hyperliquid.rehearsal.accounts.position import Margining
from nof0_provider_hyperliquid.rehearsal.accounts.refusals import RefusedError
from nof0_provider_hyperliquid.rehearsal.accounts.state import ExchangeState
from nof0_provider_hyperliquid.rehearsal.assets import Asset

TENTH = Decimal("0.1")


def update_leverage(
    state: ExchangeState, account: Account, asset: Asset, *, is_cross: bool, leverage: int
) -> None:
    """Set how positions of an asset are margined, a present one included.

    Raises:
        RefusedError: if the leverage is not offered, the type may not change, or margin is short.
    """
    position = account.positions.get(asset.name)
    notional = ZERO if position is None else position.value(state.marks[asset.name])
    if not 1 <= leverage <= max_leverage(asset, notional):
        raise RefusedError(refusals.LEVERAGE)
    if is_cross and asset.only_isolated:
        raise RefusedError(refusals.NO_CROSS)
    before = account.margining_of(asset)
    is_busy = position is not None or any(
        each.asset.name == asset.name for each in account.live.values()
    )
    if is_busy and is_cross != before.is_cross:
        raise RefusedError(refusals.SWITCH)
    if leverage < before.leverage:
        _check_decrease(state, account, asset, before, leverage)
    account.margining[asset.name] = Margining(is_cross, leverage)
    if position is not None:
        position.margining = account.margining[asset.name]


def update_isolated_margin(
    state: ExchangeState, account: Account, asset: Asset, micros: int
) -> None:
    """Add to the margin of an isolated position, or remove; in millionths of a dollar.

    What stays must cover the initial margin and a tenth of the notional.

    Raises:
        RefusedError: if there is no such position, or not enough of it.
    """
    position, change = account.positions.get(asset.name), micros * USD
    if change == ZERO:
        raise RefusedError(refusals.MARGIN_ZERO)
    if position is None:
        raise RefusedError(refusals.MARGIN_EMPTY)
    if position.is_cross:
        raise RefusedError(refusals.MARGIN_CROSS)
    pool, mark = account.pool(asset), state.marks[asset.name]
    if change > available(account, pool, state.marks):
        raise RefusedError(refusals.MARGIN_INCREASE)
    value = position.value(mark)
    floor = max(value / position.margining.leverage, value * TENTH)
    if change < ZERO and position.initial(mark) + change < floor:
        raise RefusedError(refusals.MARGIN_REDUCTION)
    position.raw += change
    account.add_cash(pool, -change)


def _check_decrease(
    state: ExchangeState, account: Account, asset: Asset, before: Margining, leverage: int
) -> None:
    position = account.positions.get(asset.name)
    more = 1 / Decimal(leverage) - 1 / Decimal(before.leverage)
    waiting = sum(
        (
            each.left * each.limit
            for each in account.live.values()
            if each.rests and not each.is_reduce_only and each.asset.name == asset.name
        ),
        ZERO,
    )
    value = ZERO if position is None else position.value(state.marks[asset.name])
    if position is not None and not position.is_cross:
        if position.initial(state.marks[asset.name]) < value / leverage:
            raise RefusedError(refusals.ISOLATED_DECREASE)
        value = ZERO
    if (value + waiting) * more > available(account, account.pool(asset), state.marks):
        raise RefusedError(refusals.CROSS_DECREASE)
