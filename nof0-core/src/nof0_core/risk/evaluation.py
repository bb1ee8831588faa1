"""One decision before the checks."""

from __future__ import annotations

import attrs

from nof0_core.border.verdict import validated
from nof0_core.domain.decision import ALLOW, CHECK_FAILED, Decision, Judgement, Verdict, VerdictKind
from nof0_core.protocols.risk import RiskCheck, RiskContext
from nof0_core.risk.costs import planned_exits
from nof0_core.risk.verdicts import veto

Named = tuple[str, RiskCheck]
"""A check with its `type`."""


@attrs.define(kw_only=True, eq=False)
class Evaluation:
    """One decision while the checks speak on it."""

    decision: Decision
    context: RiskContext
    verdicts: list[Verdict] = attrs.field(factory=list)

    def ask(self, named: Named) -> bool:
        """Hear one check and take in what it says; return whether it said no."""
        name, check = named
        try:
            said = check.check(self.decision, self.context)
            if said is ALLOW:
                return False
            verdict = validated(said, name)
            if verdict.kind is VerdictKind.ALLOW and not verdict.code:
                return False
            if verdict.kind is VerdictKind.SHRINK:
                self.context = _shrunk(self.context, verdict)
        except Exception as error:  # noqa: BLE001 - a check that fails has not allowed
            verdict = failed(name, error)
        self.verdicts.append(verdict)
        return verdict.kind is VerdictKind.VETO

    def plan_exits(self) -> None:
        """Let the checks see the exits as they would be placed; the numbers must be sound."""
        stop, target = planned_exits(self.decision, self.context)
        self.context = attrs.evolve(self.context, stop_loss=stop, take_profit=target)

    def rejected(self, *more: Verdict) -> Judgement:
        """Return the judgement of a decision that was turned down."""
        return Judgement(
            decision=self.decision, is_approved=False, verdicts=(*self.verdicts, *more)
        )


def failed(check: str, error: Exception) -> Verdict:
    """Say no because a check raised."""
    message = f"the check failed with {type(error).__name__}: {error}"
    return veto(check, CHECK_FAILED, message)


def _shrunk(context: RiskContext, verdict: Verdict) -> RiskContext:
    size = context.size_usd if verdict.size_usd is None else verdict.size_usd
    leverage = context.leverage if verdict.leverage is None else verdict.leverage
    return attrs.evolve(
        context, size_usd=min(size, context.size_usd), leverage=min(leverage, context.leverage)
    )
