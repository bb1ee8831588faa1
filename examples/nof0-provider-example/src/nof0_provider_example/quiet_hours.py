"""A risk check: no entries at certain hours."""

from __future__ import annotations

from decimal import Decimal

import attrs

from nof0_core import opt
from nof0_core.domain.decision import ALLOW, Decision, Verdict, VerdictKind
from nof0_core.protocols import RiskContext


@attrs.frozen(kw_only=True)
class QuietHours:
    """Vetoes entries from `first` up to and including `last` (hours of the day, UTC).

    `first` may be after `last`: 22 to 3 is the night. The class is its own config: a check that
    only compares numbers needs no second object.
    """

    first: int = opt(ge=0, le=23, help="first quiet hour, UTC")
    last: int = opt(ge=0, le=23, help="last quiet hour, UTC")

    def check(self, decision: Decision, context: RiskContext) -> Verdict:
        """Veto an entry in the quiet hours; have nothing to say about anything else."""
        hour = context.context.time.hour
        if not decision.signal.is_entry or not self._is_quiet(hour):
            return ALLOW
        return Verdict(
            kind=VerdictKind.VETO,
            check="quiet_hours",
            code="quiet_hour",
            message=f"no entries from {self.first}:00 to {self.last}:59 UTC",
            numbers={"hour": Decimal(hour)},
        )

    def _is_quiet(self, hour: int) -> bool:
        if self.first <= self.last:
            return self.first <= hour <= self.last
        return hour >= self.first or hour <= self.last
