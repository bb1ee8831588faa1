"""One decision before the checks."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs

from nof0_core.border.foreign import Origin, is_passing
from nof0_core.border.shown import Copier
from nof0_core.border.verdict import kept, validated
from nof0_core.domain.decision import ALLOW, CHECK_FAILED, Decision, Judgement, Verdict, VerdictKind
from nof0_core.domain.evolving import evolved
from nof0_core.protocols.risk import RiskCheck, RiskContext
from nof0_core.risk.costs import planned_exits
from nof0_core.risk.verdicts import veto

Named = tuple[str, RiskCheck]
"""A check with its `type`."""
Heard = tuple[str, Callable[[Decision, RiskContext], Verdict]]
"""What a check of core's is asked with, and its `type`."""


@attrs.frozen
class Further:
    """A check of a plugin, and whose code it is."""

    named: Named
    origin: Origin


@attrs.define(kw_only=True, eq=False)
class Evaluation:
    """One decision while the checks speak on it."""

    decision: Decision
    context: RiskContext
    verdicts: list[Verdict] = attrs.field(factory=list)

    def is_refused(self, checks: Sequence[Heard], *, hears_all: bool = False) -> bool:
        """Hear checks of core's and take in what they say; return whether one said no.

        The first no ends it, unless all are to be heard.
        """
        decision, is_refused = self.decision, False
        for name, ask in checks:
            try:
                said = ask(decision, self.context)
                if said is ALLOW:
                    continue
                is_no = self._take(name, said)
            except Exception as error:  # noqa: BLE001 - a check that fails has not allowed
                is_no = self._take(name, failed(name, error))
            if is_no:
                if not hears_all:
                    return True
                is_refused = True
        return is_refused

    def ask_foreign(self, further: Further, copied: Copier) -> bool:
        """Hear a check of a plugin, which is shown copies; return whether it said no."""
        (name, check), origin = further.named, further.origin
        try:
            said = check.check(copied(self.decision), copied(self.context))
        except BaseException as error:
            if is_passing(error):
                raise
            return self._take(name, veto(name, CHECK_FAILED, origin.raised("check", error)))
        if said is ALLOW:
            return False
        try:
            valid = kept(validated(said, name), origin.redact)
        except Exception as error:  # noqa: BLE001 - values of a plugin's own classes raise anything
            what = f"check gave no verdict: {error}"
            return self._take(name, veto(name, CHECK_FAILED, origin.at_fault(what)))
        # The check may hold on to what it said, and change it later: it is a copy.
        return self._take(name, valid)

    def _take(self, name: str, said: object) -> bool:
        if said is ALLOW:
            return False
        verdict = validated(said, name)
        if verdict.kind is VerdictKind.ALLOW and not verdict.code:
            return False
        if verdict.kind is VerdictKind.SHRINK:
            self.context = _shrunk(self.context, verdict)
        self.verdicts.append(verdict)
        return verdict.kind is VerdictKind.VETO

    def plan_exits(self) -> None:
        """Let the checks see the exits as they would be placed; the numbers must be sound."""
        stop, target = planned_exits(self.decision, self.context)
        self.context = evolved(self.context, stop_loss=stop, take_profit=target)

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
    return evolved(
        context, size_usd=min(size, context.size_usd), leverage=min(leverage, context.leverage)
    )
