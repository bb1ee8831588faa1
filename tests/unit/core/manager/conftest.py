"""A clock whose source somebody sets while the engine runs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import anyio.lowlevel
import pytest

NOON = datetime(2025, 7, 14, 12, 0, 0, 500_000, tzinfo=UTC)


class SteppedTime:
    """A source of time that passes only where somebody sleeps; `step` sets the time of day.

    `sleeps` are the lengths of all sleeps in seconds.
    """

    def __init__(self) -> None:
        self.day = NOON
        self.counted = 1000.0
        self.sleeps: list[float] = []

    def wall(self):
        return self.day

    def monotonic(self):
        return self.counted

    async def sleep(self, seconds):
        self.sleeps.append(seconds)
        self.pass_time(seconds)
        await anyio.lowlevel.checkpoint()

    def pass_time(self, seconds):
        self.counted += seconds
        self.day += timedelta(seconds=seconds)

    def step(self, by):
        self.day += by


@pytest.fixture
def stepped():
    return SteppedTime()
