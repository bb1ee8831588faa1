from datetime import timedelta

import anyio
from world.clock import WorldClock
from world.loop import live_in

from nof0_core.clock import Clock
from nof0_core.testing.environment import START


def test_the_clock_follows_the_loop_and_what_it_was_set_by():
    async def life():
        clock = WorldClock(START)
        await clock.sleep_until(START + timedelta(minutes=1))
        clock.step(timedelta(hours=1))
        return clock

    async def times():
        clock = await life()
        return clock.now(), clock.true(), isinstance(clock, Clock), clock.is_lockstep

    now, true, is_clock, is_lockstep = live_in(1, times)
    assert (now, true) == (START + timedelta(minutes=61), START + timedelta(minutes=1))
    assert is_clock
    assert not is_lockstep


def test_a_sleeper_notices_that_the_clock_was_set():
    async def life():
        clock = WorldClock(START)

        async def set_forth():
            await clock.sleep_until(START + timedelta(seconds=10))
            clock.step(timedelta(days=1))

        async with anyio.create_task_group() as group:
            group.start_soon(set_forth)
            await clock.sleep_until(START + timedelta(hours=1))
        return anyio.current_time()

    assert live_in(1, life) == 11
