"""A whole engine whose market, venue and clock a test can break."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import anyio
import anyio.lowlevel
import pytest
from staged_engine import Stage

from nof0_core.clock import SimulatedClock, SystemClock, pause
from nof0_core.testing.environment import START

NOON = datetime(2025, 7, 14, 12, 0, 0, 500_000, tzinfo=UTC)


class SteppedTime:
    """A source of time that passes only where somebody sleeps; `step` sets the time of day.

    All sleepers share it; everybody gets turns in between. It stands still until `let_pass`.
    """

    def __init__(self) -> None:
        self.day = NOON
        self.counted = 1000.0
        self.stands_at = 1000.0

    def wall(self):
        return self.day

    def monotonic(self):
        return self.counted

    def let_pass(self, seconds):
        self.stands_at += seconds

    def stand_still(self):
        self.stands_at = self.counted

    async def sleep(self, seconds):
        ends = self.counted + seconds
        while self.counted < ends:
            await anyio.lowlevel.checkpoint()
            if self.counted < self.stands_at:
                part = min(0.02, ends - self.counted)
                self.counted += part
                self.day += timedelta(seconds=part)
            else:
                await pause(0.001)

    def step(self, by):
        self.day += by


@pytest.fixture
def stepped():
    return SteppedTime()


@pytest.fixture
def stage(tmp_path):
    return Stage(tmp_path)


@pytest.fixture
def lockstep(stage, monkeypatch):
    """Open the staged engine where time jumps."""
    return lambda at=START: stage.engine(SimulatedClock(at))


@pytest.fixture
def real(stage, monkeypatch, stepped):
    """Open the staged engine where time runs by itself."""
    return lambda: stage.engine(SystemClock(stepped))


@pytest.fixture
def until():
    """Wait for something to be so."""

    async def wait(condition):
        with anyio.fail_after(60):
            while not condition():
                await pause(0.002)

    return wait
