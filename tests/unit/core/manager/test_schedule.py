"""Duties fall on a grid, in a fixed order, and missed moments are left out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from nof0_core.manager.schedule import (
    Rank,
    Schedule,
    Timer,
    at_or_after,
    next_on_grid,
    shifts,
)

NOON = datetime(2025, 7, 23, 12, tzinfo=UTC)
moments = st.integers(0, 10**15).map(lambda us: NOON + timedelta(microseconds=us))
steps = st.integers(1, 86_400).map(lambda s: timedelta(seconds=s))


@given(moment=moments, step=steps)
def test_the_next_moment_is_later_on_the_grid_and_the_first_such(moment, step):
    due = next_on_grid(moment, step)
    assert moment < due <= moment + step
    assert (due - datetime(1970, 1, 1, tzinfo=UTC)) % step == timedelta(0)


@given(moment=moments, step=steps)
def test_at_or_after_keeps_a_moment_that_is_on_the_grid(moment, step):
    due = next_on_grid(moment, step)
    assert at_or_after(due, step) == due
    assert at_or_after(moment, step) in (moment, due)


def test_what_is_due_together_runs_by_rank_then_by_order_of_adding():
    schedule = Schedule()
    minute = timedelta(minutes=1)
    for rank, name in ((Rank.CYCLE, "b"), (Rank.CYCLE, "a"), (Rank.SYNC, "s"), (Rank.HOUR, "")):
        schedule.add(Timer(rank, name, minute, NOON))
    assert [t.name for t in schedule.due(NOON)] == ["s", "", "b", "a"]


def test_missed_moments_are_not_made_up_for():
    timer = Timer(Rank.CYCLE, "a", timedelta(minutes=3), NOON)
    timer.advance(NOON + timedelta(minutes=10))
    assert timer.due == NOON + timedelta(minutes=12)


def test_a_timer_that_ran_early_never_comes_twice():
    timer = Timer(Rank.CYCLE, "a", timedelta(minutes=3), NOON)
    timer.advance(NOON)
    assert timer.due == NOON + timedelta(minutes=3)


def test_duties_are_spread_evenly_and_the_first_is_on_time():
    seconds = [shift.total_seconds() for shift in shifts(4, timedelta(seconds=20))]
    assert seconds == [0, 5, 10, 15]
    assert shifts(2, timedelta(0)) == [timedelta(0)] * 2


@given(now=moments, step=steps, part=st.floats(0, 0.99))
def test_a_shifted_timer_keeps_to_its_place_and_leaves_no_moment_out(now, step, part):
    shift = step * part
    timer = Timer(Rank.CYCLE, "a", step, at_or_after(now - shift, step) + shift, shift)
    first = timer.scheduled
    assert timer.due >= now
    timer.advance(timer.due)
    assert (timer.scheduled, timer.due) == (first + step, first + step + shift)


def test_a_duty_that_is_hastened_comes_early_once_and_keeps_its_grid():
    minute, schedule = timedelta(minutes=1), Schedule()
    sync = schedule.add(Timer(Rank.SYNC, "paper", minute, NOON + minute))
    other = schedule.add(Timer(Rank.SYNC, "live", minute, NOON + minute))
    early = NOON + timedelta(seconds=10)
    schedule.hasten(Rank.SYNC, "paper", early)
    assert schedule.next_due == early
    assert [timer.name for timer in schedule.due(early)] == ["paper"]
    sync.advance(early)
    assert sync.due == other.due == NOON + minute
    schedule.hasten(Rank.SYNC, "paper", NOON + 5 * minute)
    assert sync.due == NOON + minute, "never later than it was due"
