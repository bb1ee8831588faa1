"""May this trader take another position now?"""

from __future__ import annotations

from decimal import Decimal

from nof0_core.domain.decision import ALLOW, Decision, Verdict
from nof0_core.money import decimal
from nof0_core.protocols.risk import RiskContext
from nof0_core.risk.verdicts import veto


class Equity:
    """An account without equity opens nothing."""

    type = "equity"

    def check(self, decision: Decision, context: RiskContext) -> Verdict:
        """Veto an entry of an account whose equity is not above 0."""
        equity = context.context.account.equity
        if not decision.signal.is_entry or (equity.is_finite() and equity > 0):
            return ALLOW
        numbers = {"equity": equity} if equity.is_finite() else {}
        return veto(
            self.type,
            "equity_not_positive",
            f"an entry needs equity above 0, the account has {equity}",
            **numbers,
        )


class OnePosition:
    """One position per coin: no adding to one and no opposite one beside it.

    After a close of the coin in the same answer there is none: the entry leaves once it is filled.
    """

    type = "one_position"

    def check(self, decision: Decision, context: RiskContext) -> Verdict:
        """Veto an entry on a coin the trader holds, and a close of one it does not hold."""
        holding = context.holding
        if decision.signal.is_entry and holding is not None:
            return veto(
                self.type,
                "already_positioned",
                f"the trader already holds {holding.quantity} {decision.symbol}",
                size=holding.quantity,
            )
        if not decision.signal.is_entry and holding is None:
            return veto(self.type, "no_position", f"there is no {decision.symbol} to close")
        return ALLOW


class Confidence:
    """A model must be at least `min_confidence` sure."""

    type = "confidence"

    def check(self, decision: Decision, context: RiskContext) -> Verdict:
        """Veto an entry made half-heartedly."""
        least, given = context.limits.min_confidence, decision.confidence or 0.0
        if not decision.signal.is_entry or given >= least:
            return ALLOW
        return veto(
            self.type,
            "confidence_below_minimum",
            f"confidence is {given:g}, at least {least:g} needed",
            confidence=decimal(str(given)),
            minimum=decimal(str(least)),
        )


class PositionCount:
    """At most `max_positions` at once, entries approved earlier in the cycle counted in."""

    type = "position_count"

    def check(self, decision: Decision, context: RiskContext) -> Verdict:
        """Veto an entry for which there is no slot."""
        held = len(context.context.account.holdings) + context.new_positions
        most = context.limits.max_positions
        if not decision.signal.is_entry or held < most:
            return ALLOW
        return veto(
            self.type,
            "too_many_positions",
            f"{held} of {most} positions are taken",
            positions=Decimal(held),
            maximum=Decimal(most),
        )


class NewPositions:
    """At most `max_new_positions_per_cycle` entries in one answer."""

    type = "new_positions"

    def check(self, decision: Decision, context: RiskContext) -> Verdict:
        """Veto one entry too many."""
        most = context.limits.max_new_positions_per_cycle
        if most is None or not decision.signal.is_entry or context.new_positions < most:
            return ALLOW
        return veto(
            self.type,
            "too_many_new_positions",
            f"{context.new_positions} entries were approved in this cycle, at most {most} allowed",
            maximum=Decimal(most),
        )
