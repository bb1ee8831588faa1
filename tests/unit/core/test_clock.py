"""Clocks that somebody sets, and clocks nobody can."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import anyio.lowlevel
import pytest

from nof0_core.clock import SystemClock

pytestmark = pytest.mark.anyio
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOON = datetime(2025, 7, 14, 12, tzinfo=UTC)


class Source:
    """Time passes only in sleeps; before the sleep of a number the clock is set by so much."""

    def __init__(self, steps=None, slow=timedelta(0)):
        self.day, self.counted, self.sleeps = NOON, 0.0, []
        self.steps, self.slow = steps or {}, slow

    def wall(self):
        return self.day

    def monotonic(self):
        return self.counted

    async def sleep(self, seconds):
        self.sleeps.append(seconds)
        self.day += self.steps.get(len(self.sleeps), timedelta(0)) + self.slow
        self.day += timedelta(seconds=seconds)
        self.counted += seconds
        assert len(self.sleeps) < 10_000, "it sleeps for ever"
        await anyio.lowlevel.checkpoint()


async def test_nobody_sleeps_longer_than_a_second_without_a_look_at_the_clock():
    source = Source()
    await SystemClock(source).sleep_until(NOON + timedelta(seconds=10, milliseconds=500))
    assert source.sleeps == [1.0] * 10 + [0.5]


async def test_a_clock_that_is_put_right_again_wakes_the_sleeper_in_time():
    source = Source({3: -HOUR, 6: HOUR})
    await SystemClock(source).sleep_until(NOON + timedelta(seconds=10))
    assert len(source.sleeps) == 10


@pytest.mark.parametrize("by", [HOUR, -HOUR, DAY, -DAY, timedelta(seconds=-2)])
async def test_a_clock_that_was_set_is_noticed_after_the_next_second(by):
    source = Source({4: by})
    assert await SystemClock(source).jump() == by
    assert len(source.sleeps) == 4


async def test_a_clock_that_is_set_in_several_steps_is_noticed_at_each():
    source = Source({2: HOUR, 3: DAY, 7: -DAY})
    clock = SystemClock(source)
    assert [await clock.jump() for _ in range(3)] == [HOUR, DAY, -DAY]


async def test_a_clock_that_is_adjusted_slowly_was_not_set():
    source = Source({5000: -HOUR}, slow=timedelta(milliseconds=1))
    assert await SystemClock(source).jump() == -HOUR + timedelta(milliseconds=1)
