"""The halt is looked at once per moment for what is shown, and anew by what sends."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import attrs
import pytest

from nof0_core.clock import SimulatedClock
from nof0_core.manager.requests import Halt, HaltSwitch, HaltWatch

NOW = datetime(2025, 7, 1, tzinfo=UTC)
HALT = Halt(time=NOW, reason="enough", is_flatten=False)


@attrs.define
class Moved:
    """A clock that runs by itself, moved by hand."""

    moment: datetime = NOW
    is_lockstep = False

    def now(self):
        return self.moment


@pytest.fixture
def switch(tmp_path):
    return HaltSwitch(tmp_path)


def test_within_a_second_it_is_shown_as_it_was_seen(switch):
    clock = Moved()
    watch = HaltWatch(switch, clock, shares_answers=True)
    assert watch.shown() is None
    switch.set(HALT)
    clock.moment += timedelta(seconds=1)
    assert watch.shown() is None
    clock.moment += timedelta(milliseconds=1)
    assert watch.shown() == HALT


def test_a_look_sees_it_at_once_and_so_does_what_is_shown_from_then_on(switch):
    watch = HaltWatch(switch, Moved(), shares_answers=True)
    assert watch.shown() is None
    switch.set(HALT)
    assert watch.look() == HALT
    assert watch.shown() == HALT
    switch.lift()
    assert watch.look() is None
    assert watch.shown() is None


def test_after_the_clock_was_set_back_it_is_looked_at_anew(switch):
    clock = Moved()
    watch = HaltWatch(switch, clock, shares_answers=True)
    assert watch.shown() is None
    switch.set(HALT)
    clock.moment -= timedelta(milliseconds=1)
    assert watch.shown() == HALT


@pytest.mark.anyio
async def test_on_a_lockstep_clock_a_look_serves_until_it_jumps(switch):
    clock = SimulatedClock(NOW)
    watch = HaltWatch(switch, clock, shares_answers=False)
    assert watch.shown() is None
    switch.set(HALT)
    assert watch.shown() is None
    await clock.sleep_until(NOW + timedelta(microseconds=1))
    assert watch.shown() == HALT
