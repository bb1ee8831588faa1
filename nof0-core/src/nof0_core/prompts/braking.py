"""What templates see of the brakes: how near they are, and which are on."""

from __future__ import annotations

from datetime import timedelta

from nof0_core.domain.brakes import BrakeState
from nof0_core.domain.context import DecisionContext
from nof0_core.prompts.figures import cents
from nof0_core.prompts.view import View


def brakes(context: DecisionContext) -> View:
    """Return losses so far, what is on, and the coins that rest after a close.

    Where nobody remembers any, nothing has happened yet.
    """
    state = context.brakes or BrakeState()
    return View(
        "brakes",
        day_loss_pct=cents(state.day_loss_pct),
        drawdown_pct=cents(state.drawdown_pct),
        entries_today=state.entries_today,
        active=tuple(
            View(
                "brake",
                name=on.brake.value,
                until=None if on.until is None else f"{on.until:%Y-%m-%d %H:%M} UTC",
            )
            for on in state.active
        ),
        resting=_resting(context, state),
    )


def entries_left(context: DecisionContext) -> int | None:
    """Return how many entries `max_entries_per_day` leaves for today; None: no such limit."""
    most = context.limits.max_entries_per_day
    if most is None:
        return None
    made = context.brakes.entries_today if context.brakes is not None else 0
    return max(0, most - made)


def _resting(context: DecisionContext, state: BrakeState) -> tuple[View, ...]:
    rest = context.limits.cooldown_after_close
    if rest is None:
        return ()
    left = {symbol: rest - (context.time - closed) for symbol, closed in state.closed_at.items()}
    return tuple(
        View("resting coin", symbol=symbol, minutes=-(-each // timedelta(minutes=1)))
        for symbol, each in left.items()
        if each > timedelta(0)
    )
