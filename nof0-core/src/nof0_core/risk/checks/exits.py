"""Does the plan to get out make sense?"""

from __future__ import annotations

from nof0_core.domain.decision import ALLOW, Decision, Verdict
from nof0_core.risk.costs import reward_risk, sign
from nof0_core.risk.priced import Priced
from nof0_core.risk.verdicts import veto


class Exits:
    """Stop and target must be there where enabled, and on their sides of the mark.

    The sides are judged after rounding to the venue's tick, since that is what will be placed.
    """

    type = "exits"

    def check(self, decision: Decision, context: Priced) -> Verdict:
        """Veto an entry without its exits or with one on the wrong side."""
        quote = context.quote
        if not decision.signal.is_entry or quote is None:
            return ALLOW
        stop, target = context.stop_loss, context.take_profit
        limits, mark, direction = context.limits, quote.mark, sign(decision)
        if limits.stop_loss_enabled and stop is None:
            return veto(self.type, "stop_missing", "an entry must name its stop_loss")
        if limits.take_profit_enabled and target is None:
            return veto(self.type, "target_missing", "an entry must name its take_profit")
        side, near, far = (
            ("long", "below", "above") if direction > 0 else ("short", "above", "below")
        )
        if stop is not None and (stop <= 0 or direction * (mark - stop) <= 0):
            return veto(
                self.type,
                "stop_on_wrong_side",
                f"the stop of a {side} must be {near} the mark {mark}, got {stop}",
                stop_loss=stop,
                mark=mark,
            )
        if target is not None and (target <= 0 or direction * (target - mark) <= 0):
            return veto(
                self.type,
                "target_on_wrong_side",
                f"the target of a {side} must be {far} the mark {mark}, got {target}",
                take_profit=target,
                mark=mark,
            )
        return ALLOW


class RewardRisk:
    """Net gain at the target over net loss at the stop must reach `min_risk_reward`.

    Fees and expected slippage of both executions are taken off (see `nof0_core.risk.costs`). Says
    nothing where the trader has stops or targets switched off.
    """

    type = "reward_risk"

    def check(self, decision: Decision, context: Priced) -> Verdict:
        """Veto an entry that risks too much for what it can win."""
        quote, limits = context.quote, context.limits
        if not decision.signal.is_entry or quote is None:
            return ALLOW
        ratio = reward_risk(sign(decision), quote.mark, context)
        if ratio is None or ratio >= limits.min_risk_reward:
            return ALLOW
        return veto(
            self.type,
            "reward_risk_below_minimum",
            f"reward/risk after costs is {ratio:.2f}, at least {limits.min_risk_reward} needed",
            reward_risk=ratio,
            minimum=limits.min_risk_reward,
        )
