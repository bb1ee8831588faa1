"""Auto-deleveraging: positions that are closed because the other side cannot pay."""

from __future__ import annotations

from decimal import Decimal

from nof0_core.money import ZERO
from nof0_provider_hyperliquid.rehearsal.accounts.account import Account
from nof0_provider_hyperliquid.rehearsal.accounts.state import ExchangeState
from nof0_provider_hyperliquid.rehearsal.accounts.trading import Trade, book, end_idle
from nof0_provider_hyperliquid.rehearsal.assets import Asset

DIRECTION = "Auto-Deleveraging"


def deleverage(state: ExchangeState, asset: Asset, signed: Decimal, price: Decimal) -> None:
    """Close positions on the side of `signed`, up to its size, at `price` and without fee.

    First whose gain and leverage are highest: (mark / entry) x (notional / account value).
    """
    left = abs(signed)
    ranked = [
        (_rank(state, account, asset), account)
        for account in state.accounts.values()
        if account.held(asset.name) * signed > ZERO
    ]
    for _, account in sorted(ranked, key=lambda each: each[0], reverse=True):
        size = min(left, abs(account.held(asset.name)))
        if size > ZERO:
            deleverage_account(state, account, asset, size, price)
            left -= size


def deleverage_account(
    state: ExchangeState, account: Account, asset: Asset, size: Decimal, price: Decimal
) -> None:
    """Close `size` of an account's position at `price`, without fee."""
    trade = Trade(
        asset=asset,
        signed=-size if account.held(asset.name) > ZERO else size,
        price=price,
        is_taker=False,
        hash="0x" + "0" * 64,
        direction=DIRECTION,
        rate=ZERO,
    )
    book(state, account, trade, state.next_oid())
    end_idle(state, account, asset)


def _rank(state: ExchangeState, account: Account, asset: Asset) -> Decimal:
    position, mark = account.positions[asset.name], state.marks[asset.name]
    gain = mark / position.entry if position.szi > ZERO else position.entry / mark
    worth = state.worth(account)
    return gain * position.value(mark) / worth if worth > ZERO else ZERO
