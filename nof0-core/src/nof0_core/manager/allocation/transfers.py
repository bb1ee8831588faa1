"""From shares to amounts of money that may be moved."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, Decimal, localcontext

from nof0_core.domain.account import AccountState
from nof0_core.ids import RESERVE, TraderId
from nof0_core.money import EXACT, HUNDRED, USD, ZERO

HAIR = Decimal("1E-12")
"""USD; what a share may be off by because somebody divided."""


def transfers(
    accounts: Mapping[TraderId, AccountState],
    shares: Mapping[TraderId, Decimal],
    managed: Decimal,
    entry_margins: Mapping[TraderId, Decimal] = {},
    bound: Decimal = ZERO,
) -> tuple[tuple[TraderId, Decimal], ...]:
    """Say how much to move so that accounts come as near to their shares as is safe.

    Nobody gives what its positions stand on: used margin, that of entries under way, and what they
    lose if all their stops are hit. So a rebalance neither causes a liquidation nor moves one in
    front of a stop. Nobody gets what is not there: gifts are paid from what the others give and
    from what the reserve holds of the managed capital beyond its own share (100 minus the sum of
    `shares`), and are all cut in proportion where that is not enough. The next rebalance does the
    rest. What the reserve holds beside the managed capital stays there.

    Args:
        accounts: valued accounts of one venue account, with the reserve's. Those without a share
            are left alone.
        shares: percent of `managed` by trader; a share for an account not in `accounts` is left
            out.
        managed: USD, the managed capital of the venue account: what all traders have, and what of
            it is in reserve.
        entry_margins: USD, margin of each trader's entries that are under way.
        bound: USD of the reserve that something else stands on.

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
            trader: share_usd(managed, pct) - accounts[trader].equity
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
        pot = sum(given.values(), ZERO) + _held_back(accounts, shares, managed, bound)
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


def share_usd(managed: Decimal, pct: Decimal) -> Decimal:
    """Return a share of the managed capital in USD, cut to 6 decimals.

    What misses a whole micro-dollar by less than a millionth of it, as a division leaves it, counts
    as whole.
    """
    with localcontext(EXACT):
        return _cut((managed * pct / HUNDRED).quantize(HAIR, ROUND_HALF_EVEN))


def _held_back(
    accounts: Mapping[TraderId, AccountState],
    shares: Mapping[TraderId, Decimal],
    managed: Decimal,
    bound: Decimal,
) -> Decimal:
    """Return what the reserve may give: beyond its own share, never what is not there."""
    reserve = accounts.get(RESERVE)
    if reserve is None:
        return ZERO
    others = sum((a.equity for trader, a in accounts.items() if trader != RESERVE), ZERO)
    own = max(ZERO, managed * (HUNDRED - sum(shares.values(), ZERO)) / HUNDRED)
    return max(ZERO, min(managed - others, reserve.available - bound) - own)


def _cut(amount: Decimal) -> Decimal:
    return amount.quantize(USD, ROUND_DOWN)
