import random

import anyio
import pytest
from world.loop import WorldError, live_in

from nof0_core.clock import pause


def test_a_day_passes_at_once():
    async def day():
        await pause(86_400)
        return anyio.current_time()

    assert live_in(1, day) == 86_400


async def _race():
    arrived = []

    async def runner(name):
        for _ in range(3):
            await pause(1)
            arrived.append((name, anyio.current_time()))

    async with anyio.create_task_group() as group:
        for name in "abcdef":
            group.start_soon(runner, name)
    return arrived


def test_the_same_seed_runs_the_same_way():
    assert live_in(7, _race) == live_in(7, _race)


def test_seeds_order_what_is_ready_in_different_ways():
    assert len({tuple(live_in(seed, _race)) for seed in range(5)}) > 1


def test_tasks_cancelled_together_end_in_an_order_the_seed_gives():
    async def all_at_once():
        ended = []

        async def sleeper(name):
            try:
                await anyio.sleep_forever()
            finally:
                ended.append(name)

        async with anyio.create_task_group() as group:
            for name in range(20):
                group.start_soon(sleeper, name)
            await pause(1)
            junk = [object() for _ in range(random.Random(1).randrange(100))]
            group.cancel_scope.cancel()
            del junk
        return ended

    assert live_in(3, all_at_once) == live_in(3, all_at_once)


def test_waiting_for_nothing_ends_with_the_seed():
    with pytest.raises(WorldError, match="seed 11: deadlock"):
        live_in(11, anyio.sleep_forever)


def test_running_in_circles_ends_with_the_seed():
    async def circle():
        while True:
            await anyio.lowlevel.checkpoint()

    with pytest.raises(WorldError, match="seed 12: no end after 1000 turns"):
        live_in(12, circle, steps=1000)


def test_a_deadline_strikes_in_virtual_time():
    async def limited():
        with anyio.move_on_after(30):
            await anyio.sleep_forever()
        return anyio.current_time()

    assert live_in(14, limited) == 30
