"""A risk check: all traders of a venue account together hold no more than so much on one side."""

from __future__ import annotations

from decimal import Decimal

import attrs

from nof0_core import opt
from nof0_core.domain.decision import ALLOW, Decision, Signal, Verdict, VerdictKind
from nof0_core.protocols import RiskContext


@attrs.frozen(kw_only=True)
class GrossExposure:
    """Makes entries smaller, or vetoes them, where their side of the venue account gets too large.

    Five traders who buy five coins that move together hold one large position. What counts are
    their positions at mark, entries under way, and the entries approved earlier in this answer.
    """

    max_side_usd: Decimal = opt(gt=0, unit="USD", help="most that may be held long, and short")

    def check(self, decision: Decision, context: RiskContext) -> Verdict:
        """Shrink an entry to the room that is left, veto it where there is none."""
        if not decision.signal.is_entry or context.venue is None:
            return ALLOW
        is_long = decision.signal is Signal.BUY_TO_ENTER
        held = context.venue.gross_usd(is_long=is_long)
        held += sum(entry.size_usd for entry in context.approved if entry.is_long is is_long)
        room = self.max_side_usd - held
        if context.size_usd <= room:
            return ALLOW
        side = "long" if is_long else "short"
        return Verdict(
            kind=VerdictKind.SHRINK if room > 0 else VerdictKind.VETO,
            check="gross_exposure",
            code="side_too_large",
            message=f"{held:.2f} USD are held {side}, at most {self.max_side_usd} allowed",
            size_usd=room if room > 0 else None,
            numbers={"held": held, "maximum": self.max_side_usd},
        )
