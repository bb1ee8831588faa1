"""One daily budget: its limit, what of it was spent today, and what calls under way may take."""

from __future__ import annotations

from decimal import Decimal

import attrs

from nof0_core.domain.model import DailyBudget, Usage
from nof0_core.money import HUNDRED, ZERO, plain


@attrs.define(kw_only=True)
class BudgetLine:
    """What one budget has given out today.

    `scope` says whose it is: `all`, `trader NAME` or `model NAME`. `held_usd` and `held_tokens` are
    for calls that are under way on any day. `warned` are the warnings already given today.
    """

    scope: str
    limit: DailyBudget
    usd: Decimal = ZERO
    tokens: int = 0
    held_usd: Decimal = ZERO
    held_tokens: int = 0
    warned: set[str] = attrs.field(factory=set)

    def begin_day(self) -> None:
        """Forget what was spent yesterday. What is held will be booked to the day it ends on."""
        self.usd, self.tokens = ZERO, 0
        self.warned.clear()

    def hold(self, worst: Usage) -> None:
        """Keep the most a call can cost free."""
        self.held_usd += worst.cost_usd
        self.held_tokens += worst.tokens

    def release(self, worst: Usage) -> None:
        """Take back what was held for a call."""
        self.held_usd -= worst.cost_usd
        self.held_tokens -= worst.tokens

    def book(self, usage: Usage) -> None:
        """Count what a call took."""
        self.usd += usage.cost_usd
        self.tokens += usage.tokens

    @property
    def left(self) -> DailyBudget:
        """Return what may still be spent today, calls under way taken off; never below zero."""
        free, room = self._free()
        return DailyBudget(
            usd=None if free is None else max(ZERO, free),
            tokens=None if room is None else max(0, room),
        )

    def applies(self, worst: Usage) -> bool:
        """Return whether a call can bring the budget nearer to its end."""
        is_paid = self.limit.usd is not None and worst.cost_usd > 0
        return is_paid or (self.limit.tokens is not None and worst.tokens > 0)

    def refusal(self, worst: Usage) -> str:
        """Return why a call may not be made, in words; empty if it may."""
        free, room = self._free()
        if free is not None and (worst.cost_usd > free or free <= 0):
            limit, left = _usd(self.limit.usd), _usd(max(free, ZERO))
        elif room is not None and (worst.tokens > room or room <= 0):
            limit, left = f"{self.limit.tokens} tokens", f"{max(room, 0)} tokens"
        else:
            return ""
        return (
            f"the daily budget of {self.scope} ({limit}) has {left} left, less than the call may"
            " take"
        )

    def is_low(self, alert_pct: Decimal) -> bool:
        """Return whether a share of the budget, in percent, is spent."""
        part = alert_pct / HUNDRED
        is_low = self.limit.usd is not None and self.usd >= self.limit.usd * part
        return is_low or (self.limit.tokens is not None and self.tokens >= self.limit.tokens * part)

    def spent(self) -> str:
        """Say how much of the limits is spent, in words."""
        parts = []
        if self.limit.usd is not None:
            parts.append(f"{_usd(self.usd)} of {_usd(self.limit.usd)}")
        if self.limit.tokens is not None:
            parts.append(f"{self.tokens} of {self.limit.tokens} tokens")
        return " and ".join(parts)

    def warn_once(self, warning: str) -> bool:
        """Note that a warning is given; return whether it is the first of its kind today."""
        is_first = warning not in self.warned
        self.warned.add(warning)
        return is_first

    def _free(self) -> tuple[Decimal | None, int | None]:
        usd, tokens = self.limit.usd, self.limit.tokens
        return (
            None if usd is None else usd - self.usd - self.held_usd,
            None if tokens is None else tokens - self.tokens - self.held_tokens,
        )


def _usd(amount: Decimal | None) -> str:
    assert amount is not None  # noqa: S101 - asked for limits that are set
    return f"{plain(amount.quantize(Decimal('0.0001')))} USD"
