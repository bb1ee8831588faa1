"""How many actions an address may take."""

from __future__ import annotations

from nof0_provider_hyperliquid.rehearsal.accounts import refusals
from nof0_provider_hyperliquid.rehearsal.accounts.account import Account
from nof0_provider_hyperliquid.rehearsal.accounts.nonces import DAY_MS
from nof0_provider_hyperliquid.rehearsal.accounts.refusals import RefusedError
from nof0_provider_hyperliquid.rehearsal.accounts.state import Rules

SLOT_MS = 10_000
MORE_CANCELS = 100_000
STALE = 5
"""An action that came after its `expiresAfter` counts as five."""


def cap(account: Account, rules: Rules) -> int:
    """Return the requests an address ever had: one per dollar traded beside the first ones."""
    return rules.initial_requests + int(account.volume) + account.bought_requests


def spend(account: Account, rules: Rules, count: int, now_ms: int, *, is_cancel: bool) -> None:
    """Count `count` actions of an address; a batch counts each of its orders.

    Beyond the cap one action is taken every 10 seconds; cancels have a higher cap. A refusal costs
    nothing.

    Raises:
        RefusedError: if the address, or its day, has no more of them.
    """
    day = now_ms // DAY_MS
    today = account.day_actions if account.day == day else 0
    if account.mode.is_unified and today + count > rules.daily_actions:
        raise RefusedError(refusals.many_actions(rules.daily_actions))
    limit = cap(account, rules)
    if is_cancel:
        limit = min(limit + MORE_CANCELS, 2 * limit)
    used = account.used_requests + count
    if used > limit:
        if now_ms - account.last_over_cap < SLOT_MS:
            raise RefusedError(refusals.many_requests(used, limit, account.volume))
        account.last_over_cap = now_ms
    account.used_requests, account.day, account.day_actions = used, day, today + count
