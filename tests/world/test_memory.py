"""What a crash takes of a journal: the end that no disk has confirmed, cut anywhere."""

import random

import anyio
from world.loop import live_in, nap
from world.memory import Memory

from nof0_core.domain.event import Alerted
from nof0_core.ids import ENGINE
from nof0_core.testing.environment import START


def written(count, memory=None):
    memory = memory or Memory(random.Random(1))
    for number in range(count):
        memory.append(START, ENGINE, Alerted(code="a", message=str(number)))
    return memory


def test_what_was_synced_survives_and_of_the_rest_what_the_crash_leaves():
    memory = written(2)
    memory.sync()
    written(3, memory)
    assert memory.at_risk == 3
    assert [memory.after_crash(kept).last_seq for kept in (0, 2, 3)] == [2, 4, 5]


def test_a_flush_protects_from_nothing():
    memory = written(2)
    memory.flush()
    assert memory.at_risk == 2


def test_what_is_appended_while_the_disk_works_is_not_confirmed_with_it():
    async def story():
        memory = written(2)
        async with anyio.create_task_group() as group:
            group.start_soon(memory.sync_beside)
            await nap(0.0001)
            before = memory.at_risk
            written(1, memory)
        return before, memory.at_risk

    assert live_in(1, story) == (2, 1)


def test_a_new_process_finds_what_is_left_durable_and_leaves_the_old_one_its_own():
    old = written(3)
    new = old.after_crash(1)
    written(5, old)
    assert (new.at_risk, new.last_seq) == (0, 1)
