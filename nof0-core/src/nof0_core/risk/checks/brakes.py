"""Limits that outlive the moment: halt, pauses, losses, rates. Closes always pass."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from nof0_core.domain.brakes import Brake, BrakeState
from nof0_core.domain.decision import ALLOW, Decision, Verdict
from nof0_core.protocols.risk import RiskContext
from nof0_core.risk.verdicts import veto


class _Switch:
    """A brake that is on or off: entries are refused while it is on.

    `limit` names the limit it depends on, if any: while that is set, an entry is refused too where
    nobody knows the state of the brakes.
    """

    type: ClassVar[str]
    code: ClassVar[str]
    brake: ClassVar[Brake]
    limit: ClassVar[str] = ""

    def check(self, decision: Decision, context: RiskContext) -> Verdict:
        """Veto an entry while the brake is on."""
        if not decision.signal.is_entry:
            return ALLOW
        limit = getattr(context.limits, self.limit) if self.limit else None
        state = context.context.brakes
        if state is None:
            return ALLOW if limit is None else _unknown(self.type)
        if limit is not None and (reached := self._reached(state, limit)) is not None:
            return reached
        on = state.find(self.brake)
        if on is None:
            return ALLOW
        return veto(self.type, self.code, f"{on.message} ({on.end})")

    def _reached(self, state: BrakeState, limit: Decimal) -> Verdict | None:  # noqa: ARG002 - for those that measure
        return None


class Halt(_Switch):
    """`nof0 halt` stops the entries of all traders."""

    type = "halt"
    code = "halted"
    brake = Brake.HALT


class Paused(_Switch):
    """A paused trader opens nothing, also with the answer it was waiting for when it was paused."""

    type = "paused"
    code = "paused"
    brake = Brake.PAUSED


class SharpePause(_Switch):
    """After a Sharpe ratio below `sharpe_pause_threshold` a trader sits out for a while."""

    type = "sharpe_pause"
    code = "sharpe_pause"
    brake = Brake.SHARPE_PAUSE
    limit = "sharpe_pause_threshold"


class Unpriced(_Switch):
    """A trader that holds a coin without a price opens nothing: nobody knows what it has."""

    type = "unpriced"
    code = "unpriced"
    brake = Brake.UNPRICED


class _Loss(_Switch):
    """A brake with a limit in percent, judged anew for every entry and sticky once tripped.

    `measure` names what is compared with the limit, `word` is what people call it.
    """

    measure: ClassVar[str]
    word: ClassVar[str]

    def _reached(self, state: BrakeState, limit: Decimal) -> Verdict | None:
        lost: Decimal = getattr(state, self.measure)
        if lost < limit:
            return None
        return veto(
            self.type,
            self.code,
            f"{self.word} is {lost:.2f} %, the limit is {limit} %",
            lost_pct=lost,
            limit_pct=limit,
        )


class DailyLoss(_Loss):
    """At `daily_loss_limit_pct` since 0:00 UTC, entries end for the rest of the day."""

    type = "daily_loss"
    code = "daily_loss_limit"
    brake = Brake.DAILY_LOSS
    limit = "daily_loss_limit_pct"
    measure = "day_loss_pct"
    word = "the day's loss"


class MaxDrawdown(_Loss):
    """At `max_drawdown_pct` below the peak, entries end until a person resumes the trader."""

    type = "max_drawdown"
    code = "max_drawdown"
    brake = Brake.MAX_DRAWDOWN
    limit = "max_drawdown_pct"
    measure = "drawdown_pct"
    word = "the drawdown"


class Cooldown:
    """A coin rests for `cooldown_after_close` after the trader closed it, whatever closed it."""

    type = "cooldown"

    def check(self, decision: Decision, context: RiskContext) -> Verdict:
        """Veto an entry on a coin that was closed a moment ago."""
        rest = context.limits.cooldown_after_close
        if rest is None or not decision.signal.is_entry:
            return ALLOW
        state = context.context.brakes
        if state is None:
            return _unknown(self.type)
        closed = state.closed_at.get(decision.symbol)
        if closed is None or context.context.time - closed >= rest:
            return ALLOW
        since = context.context.time - closed
        return veto(
            self.type,
            "cooldown",
            f"{decision.symbol} was closed {since} ago, the cooldown is {rest}",
            since_s=Decimal(str(since.total_seconds())),
            cooldown_s=Decimal(str(rest.total_seconds())),
        )


class EntryRate:
    """At most `max_entries_per_day` entries in a UTC day."""

    type = "entry_rate"

    def check(self, decision: Decision, context: RiskContext) -> Verdict:
        """Veto one entry too many, those approved earlier in the same answer counted in."""
        most = context.limits.max_entries_per_day
        if most is None or not decision.signal.is_entry:
            return ALLOW
        state = context.context.brakes
        if state is None:
            return _unknown(self.type)
        made = state.entries_today + context.new_positions
        if made < most:
            return ALLOW
        return veto(
            self.type,
            "too_many_entries",
            f"{made} entries were made today, at most {most} allowed",
            entries=Decimal(made),
            maximum=Decimal(most),
        )


def _unknown(check: str) -> Verdict:
    """Say no because a limit is set and nobody knows how near it is."""
    return veto(check, "brakes_unknown", "the trader's record so far is not known")


BRAKES = (
    Halt(),
    Paused(),
    Unpriced(),
    DailyLoss(),
    MaxDrawdown(),
    SharpePause(),
    Cooldown(),
    EntryRate(),
)
"""All of them, in the order in which they are heard."""
