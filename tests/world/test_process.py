"""A process that is killed does nothing more, and what is around it goes on."""

import random

import anyio
import pytest
from world.killer import STEPS, Killer
from world.loop import live_in, nap, now
from world.process import Process


def test_what_is_killed_runs_no_further_and_cleans_nothing_up():
    async def story():
        seen = []

        async def child(name):
            try:
                while True:
                    await nap(1)
                    seen.append(name)
            finally:
                seen.append(f"{name} cleaned up")

        async def parent():
            async with anyio.create_task_group() as group:
                group.start_soon(child, "a")
                group.start_soon(child, "b")

        process = Process(parent)
        async with anyio.create_task_group() as group:
            group.start_soon(process.run)
            await nap(2.5)
            process.kill()
        ended = now()
        await nap(10)
        return process.was_killed, ended, sorted(seen)

    assert live_in(1, story) == (True, 2.5, ["a", "a", "b", "b"])


def test_what_was_shielded_dies_as_well():
    async def story():
        seen = []

        async def shielded():
            with anyio.CancelScope(shield=True):
                await nap(5)
                seen.append("done")

        process = Process(shielded)
        async with anyio.create_task_group() as group:
            group.start_soon(process.run)
            await nap(1)
            process.kill()
        await nap(10)
        return seen

    assert live_in(1, story) == []


def test_a_process_that_ends_was_not_killed_and_hands_on_its_error():
    async def story():
        async def ends():
            await nap(1)

        async def fails():
            message = "a bug"
            raise RuntimeError(message)

        process = Process(ends)
        await process.run()
        process.kill()
        await nap(1)
        with pytest.raises(RuntimeError, match="a bug"):
            await Process(fails).run()
        return process.was_killed

    assert live_in(1, story) is False


def test_who_waits_for_a_process_and_is_cancelled_kills_it():
    async def story():
        seen = []

        async def lives():
            await nap(2)
            seen.append("alive")

        process = Process(lives)
        with anyio.move_on_after(1):
            await process.run()
        await nap(5)
        return process.was_killed, seen

    assert live_in(1, story) == (True, [])


def test_a_killer_strikes_once_at_a_drawn_step():
    async def story(seed):
        struck = []
        killer = Killer(random.Random(seed))
        killer.step("before it aims")
        killer.aim(lambda: struck.append(now()))
        for number in range(STEPS * 2):
            killer.step(str(number))
        await nap(1)
        return len(struck), list(killer.struck.values()), next(iter(killer.struck))

    ends = [live_in(1, story, seed) for seed in range(20)]
    assert all(end[:2] == (1, [1]) for end in ends)
    assert len({end[2] for end in ends}) > 10


def test_a_killer_that_rests_lets_live():
    async def story():
        struck = []
        killer = Killer(random.Random(1))
        killer.aim(lambda: struck.append(1))
        killer.rest()
        for _ in range(STEPS):
            killer.step("work")
        await nap(1)
        return struck

    assert live_in(1, story) == []
