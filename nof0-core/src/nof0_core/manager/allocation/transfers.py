"""From shares to amounts of money that may be moved."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_DOWN, Decimal, localcontext

from nof0_core.domain.account import AccountState
from nof0_core.ids import RESERVE, TraderId
from nof0_core.money import EXACT, HUNDRED, USD, ZERO


def transfers(
    accounts: Mapping[TraderId, AccountState],
    shares: Mapping[TraderId, Decimal],
    total_equity: Decimal,
    entry_margins: Mapping[TraderId, Decimal] = {},
) -> tuple[tuple[TraderId, Decimal], ...]:
    """Say how much to move so that accounts come as near to their shares as is safe.

    Nobody gives what its positions stand on: used margin, that of entries under way, and what they
    lose if all their stops are hit. So a rebalance neither causes a liquidation nor moves one in
    front of a stop. Nobody gets what is not there: gifts are paid from what the others give and
    from what the reserve has beyond its own share (100 minus the sum of `shares`), and are all cut
    in proportion where that is not enough. The next rebalance does the rest.

    Args:
        accounts: valued accounts of one venue account, with the reserve's. Those without a share
            are left alone.
        shares: percent of `total_equity` by trader; a share for an account not in `accounts` is
            left out.
        total_equity: USD, of all that are at the venue together.
        entry_margins: USD, margin of each trader's entries that are under way.

    Returns:
        (account, amount in USD) for every account that changes: first those that give (negative),
        then those that get, each in the order of `shares`, the reserve last. Multiples of 0.000001
        that sum to exactly 0.

    Raises:
        ValueError: for a share of the reserve: it has what the others leave.
    """
    if RESERVE in shares:
        message = f"{RESERVE} has what the shares leave over and can have no share itself"
        raise ValueError(message)
    with localcontext(EXACT):
        wanted = {
            trader: (total_equity * pct / HUNDRED).quantize(USD, ROUND_DOWN)
            - accounts[trader].equity
            for trader, pct in shares.items()
            if trader in accounts
        }
        free = {
            trader: free_cash(accounts[trader]) - entry_margins.get(trader, ZERO)
            for trader in wanted
        }
        given = {
            trader: amount
            for trader, want in wanted.items()
            if (amount := _cut(min(-want, free[trader]))) > 0
        }
        asked = {t: amount for t, want in wanted.items() if (amount := _cut(want)) > 0}
        pot = sum(given.values(), ZERO) + _surplus(accounts, shares, total_equity)
        need = sum(asked.values(), ZERO)
        got = {t: _cut(a * pot / need) for t, a in asked.items()} if need > pot else asked
        moves = [(t, -amount) for t, amount in given.items()]
        moves += [(t, amount) for t, amount in got.items() if amount]
        rest = -sum((amount for _, amount in moves), ZERO)
        return (*moves, (RESERVE, rest)) if rest else tuple(moves)


def free_cash(account: AccountState) -> Decimal:
    """Return what may be taken from an account, in USD: equity - margin - losses at the stops.

    Not below 0. A position without a stop keeps its margin only.
    """
    at_stops = ZERO
    for holding in account.holdings:
        stop = holding.exit_plan.stop_loss
        if stop is not None:
            at_stops += max(ZERO, (holding.mark - stop) * holding.quantity)
    return max(ZERO, account.equity - account.margin_used - at_stops)


def _surplus(
    accounts: Mapping[TraderId, AccountState],
    shares: Mapping[TraderId, Decimal],
    total_equity: Decimal,
) -> Decimal:
    """Return what the reserve has beyond its own share, not below 0."""
    reserve = accounts.get(RESERVE)
    if reserve is None:
        return ZERO
    own = total_equity * (HUNDRED - sum(shares.values(), ZERO)) / HUNDRED
    return max(ZERO, min(reserve.equity - own, reserve.available))


def _cut(amount: Decimal) -> Decimal:
    return amount.quantize(USD, ROUND_DOWN)
