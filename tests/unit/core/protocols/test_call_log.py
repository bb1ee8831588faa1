"""Calls stand in a log in order, whoever adds them, and nobody takes another's away."""

from __future__ import annotations

import anyio
import anyio.lowlevel
import attrs
import pytest

from nof0_core.domain.model import ModelCall
from nof0_core.domain.vocabulary import CallOutcome
from nof0_core.protocols.llm import CallLog

pytestmark = pytest.mark.anyio


def call(name):
    return ModelCall(model=name, outcome=CallOutcome.ANSWERED)


def names(log):
    return [each.model for each in log]


def test_calls_stand_in_the_order_in_which_they_were_added():
    log = CallLog()
    assert (list(log), len(log)) == ([], 0)
    for name in "abc":
        log.add(call(name))
    assert (names(log), len(log)) == (["a", "b", "c"], 3)


def test_a_part_stands_where_it_was_made_and_shows_its_own_alone():
    log = CallLog()
    log.add(call("first"))
    part = log.part()
    log.add(call("last"))
    inner = part.part()
    part.add(call("third"))
    inner.add(call("second"))
    assert names(log) == ["first", "second", "third", "last"]
    assert (names(part), names(inner)) == (["second", "third"], ["second"])


async def test_who_asks_at_the_same_time_adds_in_the_order_of_the_parts():
    log, answered = CallLog(), anyio.Event()

    async def slow(part):
        part.add(call("slow 1"))
        await answered.wait()
        part.add(call("slow 2"))

    async def fast(part):
        part.add(call("fast"))
        answered.set()

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(slow, log.part())
        tasks.start_soon(fast, log.part())
    assert names(log) == ["slow 1", "slow 2", "fast"]


async def test_what_was_added_before_a_cut_off_is_there_at_once():
    log = CallLog()
    with anyio.CancelScope() as scope:
        log.part().part().add(call("a"))
        scope.cancel()
        await anyio.lowlevel.checkpoint()
    assert names(log) == ["a"]


def test_what_is_read_is_not_changed_by_what_comes_later():
    log = CallLog()
    log.add(call("a"))
    read = iter(log)
    log.add(call("b"))
    assert [each.model for each in read] == ["a"]


@pytest.mark.parametrize("junk", [None, [], "call", CallLog(), attrs.evolve(call("a"), model=3)])
def test_junk_is_kept_for_who_reads_and_hides_nothing(junk):
    log = CallLog()
    log.add(junk)
    log.add(call("a"))
    found = list(log)
    assert found[0] is junk
    assert found[1] == call("a")


def test_a_log_in_itself_ends():
    log = CallLog()
    log.add(log)
    assert list(log) == [log]


def test_parts_may_be_in_parts_however_deep():
    log = part = CallLog()
    for _ in range(20_000):
        part.add(call("a"))
        part = part.part()
    assert len(log) == 20_000


def test_a_part_that_was_exchanged_by_force_takes_away_its_own_alone():
    log = CallLog()
    log.add(call("a"))
    part = log.part()
    part.add(call("b"))
    part._noted = None
    assert names(log) == ["a", "b"]
