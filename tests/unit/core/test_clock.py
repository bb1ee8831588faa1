"""Clocks that somebody sets, and clocks nobody can."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import anyio
import anyio.lowlevel
import pytest

from nof0_core.clock import PacedClock, SimulatedClock, SystemClock

pytestmark = pytest.mark.anyio
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
NOON = datetime(2025, 7, 14, 12, tzinfo=UTC)


class Source:
    """Time passes only in sleeps; before the sleep of a number the clock is set by so much."""

    def __init__(self, steps=None, slow=timedelta(0)):
        self.day, self.counted, self.sleeps = NOON, 0.0, []
        self.steps, self.slow = steps or {}, slow
        self.cancels = {}

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
        if scope := self.cancels.get(len(self.sleeps)):
            scope.cancel()
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


def paced(source, speed=3600):
    return PacedClock(start=NOON, speed=speed, source=source)


async def test_the_first_moment_of_a_paced_clock_is_waited_for_from_its_first_wait_on():
    source = Source()
    clock = paced(source)
    source.counted += 100
    await clock.sleep_until(NOON)
    assert (clock.now(), source.sleeps) == (NOON, [])
    await clock.sleep_until(NOON + HOUR)
    assert (clock.now(), source.sleeps) == (NOON + HOUR, [1.0])


async def test_a_paced_clock_stands_still_while_work_is_done_and_waits_for_what_is_left_only():
    source = Source()
    clock = paced(source)
    await clock.sleep_until(NOON)
    source.counted += 0.75
    assert clock.now() == NOON
    await clock.sleep_until(NOON + HOUR)
    assert source.sleeps == [0.25]


async def test_a_pace_is_kept_however_unevenly_work_is_spread_but_a_long_delay_is_let_go():
    source = Source()
    clock = paced(source)
    await clock.sleep_until(NOON)
    begun = source.counted
    for hour, work in enumerate([1.5, 0.0, 0.25, 0.0], start=1):
        source.counted += work
        await clock.sleep_until(NOON + hour * HOUR)
    assert source.counted - begun == 4.0
    source.counted += 60.0
    for hour in range(5, 9):
        await clock.sleep_until(NOON + hour * HOUR)
    assert source.counted - begun == 4.0 + 60.0 + 2.0
    assert clock.now() == NOON + 8 * HOUR


async def test_a_paced_clock_never_sleeps_longer_than_a_second_at_a_time():
    source = Source()
    clock = paced(source, speed=60)
    await clock.sleep_until(NOON)
    await clock.sleep_until(NOON + timedelta(seconds=150))
    assert source.sleeps == [1.0, 1.0, 0.5]


async def test_a_paced_clock_that_is_cancelled_has_not_moved_and_waits_for_the_rest_only():
    source = Source()
    clock = paced(source, speed=60)
    await clock.sleep_until(NOON)
    scope = anyio.CancelScope()
    source.cancels = {2: scope}
    with scope:
        await clock.sleep_until(NOON + timedelta(seconds=150))
    assert (scope.cancelled_caught, clock.now()) == (True, NOON)
    await clock.sleep_until(NOON + timedelta(seconds=150))
    assert sum(source.sleeps) == 2.5


@pytest.mark.parametrize("every", [1, 3])
async def test_others_have_a_turn_at_as_many_waits_of_a_simulated_clock_as_it_says(every):
    clock, seen = SimulatedClock(NOON, turn_every=every), []

    async def other():
        while True:
            seen.append(clock.now())
            await anyio.lowlevel.checkpoint()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(other)
        for minute in range(1, 7):
            await clock.sleep_until(NOON + timedelta(minutes=minute))
        tasks.cancel_scope.cancel()

    assert seen == [NOON + timedelta(minutes=n) for n in range(every, 7, every)]
