"""Brakes at the gate: entries are refused with code and numbers, closes pass."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D

import attrs
import pytest

from nof0_core.domain.brakes import ActiveBrake, Brake, BrakeState
from nof0_core.domain.decision import Decision, Signal
from nof0_core.risk.gate import RiskGate
from nof0_core.testing import samples
from nof0_core.testing.environment import START


def judged(brakes, *decisions, **limits):
    """Judge an entry on BTC (or other decisions) and return the judgements."""
    context = attrs.evolve(samples.context(), brakes=brakes)
    context = attrs.evolve(context, limits=attrs.evolve(context.limits, **limits))
    return RiskGate().judge(decisions or (samples.decision(),), context)[0]


def codes(brakes, **limits):
    [judgement] = judged(brakes, **limits)
    assert judgement.is_approved is not bool(judgement.verdicts)
    return [(v.check, v.code) for v in judgement.verdicts]


def on(brake):
    return BrakeState(
        active=(ActiveBrake(brake=brake, since=START, until=None, message=f"{brake} is on"),)
    )


def test_without_brakes_the_entry_passes():
    assert codes(BrakeState()) == []


@pytest.mark.parametrize(
    ("brake", "code"),
    [
        (Brake.HALT, "halted"),
        (Brake.PAUSED, "paused"),
        (Brake.DAILY_LOSS, "daily_loss_limit"),
        (Brake.MAX_DRAWDOWN, "max_drawdown"),
        (Brake.SHARPE_PAUSE, "sharpe_pause"),
    ],
)
def test_a_brake_that_is_on_refuses_entries_whatever_the_limits_say_now(brake, code):
    assert codes(on(brake)) == [(brake.value, code)]


@pytest.mark.parametrize(
    ("limit", "measure", "code"),
    [
        ("daily_loss_limit_pct", "day_loss_pct", "daily_loss_limit"),
        ("max_drawdown_pct", "drawdown_pct", "max_drawdown"),
    ],
)
def test_losses_are_judged_anew_for_every_entry(limit, measure, code):
    below, at = (BrakeState(**{measure: D(loss)}) for loss in ("2.99", "3"))
    assert codes(below, **{limit: D(3)}) == []
    [judgement] = judged(at, **{limit: D(3)})
    [verdict] = judgement.verdicts
    assert verdict.code == code
    assert verdict.numbers == {"lost_pct": D(3), "limit_pct": D(3)}


@pytest.mark.parametrize(
    "limits",
    [
        {"daily_loss_limit_pct": D(3)},
        {"max_drawdown_pct": D(3)},
        {"sharpe_pause_threshold": 0.0, "sharpe_pause_duration": timedelta(hours=1)},
        {"cooldown_after_close": timedelta(minutes=1)},
        {"max_entries_per_day": 5},
    ],
    ids=lambda limits: next(iter(limits)),
)
def test_a_limit_whose_state_is_unknown_refuses(limits):
    [(_, code)] = codes(None, **limits)
    assert code == "brakes_unknown"


def test_a_coin_rests_after_it_was_closed():
    rest = timedelta(minutes=10)
    closed = BrakeState(closed_at={"BTC": START - timedelta(minutes=9)})
    assert codes(closed, cooldown_after_close=rest) == [("cooldown", "cooldown")]
    over = BrakeState(closed_at={"BTC": START - rest, "ETH": START})
    assert codes(over, cooldown_after_close=rest) == []


def test_the_entries_of_a_day_are_limited_and_those_of_the_same_answer_counted():
    assert codes(BrakeState(entries_today=1), max_entries_per_day=2) == []
    assert codes(BrakeState(entries_today=2), max_entries_per_day=2) == [
        ("entry_rate", "too_many_entries")
    ]
    snapshots = {s: samples.snapshot(s, p) for s, p in (("BTC", "100000"), ("ETH", "4000"))}
    context = attrs.evolve(samples.context(snapshots=snapshots), brakes=BrakeState(entries_today=1))
    context = attrs.evolve(context, limits=attrs.evolve(context.limits, max_entries_per_day=2))
    second = samples.decision(
        symbol="ETH", entry_price=D(4000), stop_loss=D(3960), take_profit=D(4160)
    )
    first, last = RiskGate().judge((samples.decision(), second), context)[0]
    assert first.is_approved
    assert [v.code for v in last.verdicts] == ["too_many_entries"]


def test_a_close_passes_every_brake():
    state = BrakeState(
        active=tuple(
            ActiveBrake(brake=brake, since=START, until=None, message="") for brake in Brake
        ),
        day_loss_pct=D(100),
        drawdown_pct=D(100),
        entries_today=99,
        closed_at={"BTC": START},
    )
    held = attrs.evolve(samples.account(), holdings=(samples.holding(),))
    context = attrs.evolve(samples.context(state=held), brakes=state)
    limits = attrs.evolve(
        context.limits,
        daily_loss_limit_pct=D(1),
        max_drawdown_pct=D(1),
        max_entries_per_day=0,
        cooldown_after_close=timedelta(days=1),
        sharpe_pause_threshold=9.0,
    )
    close = Decision(signal=Signal.CLOSE, symbol="BTC")
    for brakes in (state, None):
        now = attrs.evolve(context, limits=limits, brakes=brakes)
        [judgement], approved = RiskGate().judge((close,), now)
        assert judgement.is_approved, judgement.verdicts
        assert len(approved) == 1
