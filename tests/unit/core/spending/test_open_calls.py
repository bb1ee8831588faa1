"""What a call can have cost is on disk before it is made, and counted once whatever happens."""

from __future__ import annotations

import resource
from datetime import timedelta
from decimal import Decimal as D

import anyio
import pytest

from nof0_core.domain.context import Performance
from nof0_core.domain.event import CycleEnded, Decided, Event
from nof0_core.domain.model import ModelSpec, Usage
from nof0_core.domain.vocabulary import CycleStatus
from nof0_core.errors import JournalError, LLMError
from nof0_core.spending.open_calls import OpenCalls
from nof0_core.testing import samples
from nof0_core.testing.environment import START

GPT, QWEN = ModelSpec(name="gpt", backend="b"), ModelSpec(name="qwen", backend="b")
WORST, TOOK = Usage(prompt_tokens=500, cost_usd=D(1)), Usage(prompt_tokens=90, cost_usd=D("0.1"))


class Engine:
    """Makes calls and cycles; `seq` is the number of the newest record."""

    def __init__(self, directory):
        self.directory = directory
        self.seq = 10
        self.recorded = {}
        self.calls = OpenCalls(directory, self.secure)

    async def secure(self):
        return self.seq

    def begin(self, trader="ann", model=GPT, worst=WORST, time=START):
        return anyio.run(self.calls.begin, trader, model, worst, time)

    def cycle(self, trader="ann"):
        self.seq += 1
        self.recorded[trader] = self.seq
        body = CycleEnded(
            trader=trader,
            cycle="c",
            number=1,
            scheduled=START,
            status=CycleStatus.OK,
            model="gpt",
            market="",
            account=samples.account(),
            performance=Performance(),
        )
        self.calls.notice(Event(seq=self.seq, time=START, stream=trader, body=body))

    def decide(self, trader="ann"):
        self.seq += 1
        self.recorded[trader] = self.seq
        body = Decided(
            trader=trader,
            cycle="c",
            number=1,
            scheduled=START,
            model="gpt",
            market="",
            account=samples.account(),
            performance=Performance(),
        )
        self.calls.notice(Event(seq=self.seq, time=START, stream=trader, body=body))

    def lost(self):
        """What the next process finds."""
        found = OpenCalls(self.directory, self.secure).lost(self.recorded)
        return {each.trader: each for each in found}

    def file(self, trader="ann"):
        return self.directory / f"{trader}.jsonl"


@pytest.fixture
def engine(tmp_path):
    return Engine(tmp_path / "data" / "open_calls")


def test_a_call_recorded_with_a_decision_is_not_lost_where_its_cycle_has_no_end(engine):
    engine.begin()
    engine.decide()
    assert engine.lost() == {}


def test_nothing_is_lost_where_nothing_was_called(engine):
    assert engine.lost() == {}
    assert not engine.directory.exists()


def test_a_call_without_an_end_counts_at_its_worst(engine):
    engine.begin()
    lost = engine.lost()["ann"]
    (call,) = lost.calls
    assert (call.model, call.outcome, call.usage, call.is_estimate) == ("gpt", "unknown", WORST, 1)
    assert call.detail == "the engine ended during the call"
    assert lost.began == START


def test_a_call_with_an_end_counts_at_what_it_took(engine):
    engine.begin()(TOOK)
    engine.begin(model=QWEN)(None)
    engine.begin(model=QWEN, time=START + timedelta(minutes=1))
    lost = engine.lost()["ann"]
    assert [(c.model, c.usage, c.is_estimate) for c in lost.calls] == [
        ("gpt", TOOK, False),
        ("qwen", Usage(), False),
        ("qwen", WORST, True),
    ]
    assert lost.usage == WORST + TOOK
    assert lost.began == START + timedelta(minutes=1)


def test_calls_that_cost_nothing_are_not_worth_a_record(engine):
    engine.begin()(None)
    assert engine.lost() == {}


def test_calls_of_a_recorded_cycle_are_in_the_journal(engine):
    engine.begin()(TOOK)
    engine.cycle()
    assert engine.lost() == {}
    engine.begin(model=QWEN)
    assert [call.model for call in engine.lost()["ann"].calls] == ["qwen"]


def test_a_cycle_of_another_trader_changes_nothing(engine):
    engine.begin("ann")
    engine.begin("bob")
    engine.cycle("bob")
    assert set(engine.lost()) == {"ann"}


def test_the_file_does_not_grow_from_cycle_to_cycle(engine):
    sizes = set()
    for _ in range(5):
        engine.begin()(TOOK)
        sizes.add(engine.file().stat().st_size)
        engine.cycle()
    assert len(sizes) == 1


def test_an_end_told_after_the_cycle_leaves_the_next_one_alone(engine):
    late = engine.begin()
    engine.cycle()
    engine.begin(model=QWEN)
    late(TOOK)
    assert [(c.model, c.usage) for c in engine.lost()["ann"].calls] == [("qwen", WORST)]


def test_lost_calls_are_found_again_until_they_are_recorded(engine):
    engine.begin()
    assert set(engine.lost()) == {"ann"}
    engine.recorded["ann"] = engine.seq + 1
    assert engine.lost() == {}


def test_cleared_it_is_empty(engine):
    engine.begin()
    engine.calls.clear()
    assert engine.lost() == {}


def test_cut_short_at_any_byte_a_call_is_known_or_was_never_made(engine):
    engine.begin()
    first = engine.file().read_bytes()
    engine.begin(model=QWEN)(TOOK)
    whole = engine.file().read_bytes()
    lines = [at + 1 for at, byte in enumerate(whole) if byte == ord("\n")]
    assert lines[0] == len(first)
    for length in range(len(whole) + 1):
        engine.file().write_bytes(whole[:length])
        lost = engine.lost().get("ann")
        usages = [call.usage for call in lost.calls] if lost else []
        wanted = [[], [WORST], [WORST, WORST], [WORST, TOOK]]
        assert usages == wanted[sum(length >= end for end in lines)]


def test_a_broken_line_says_where_and_what_to_do(engine):
    engine.begin()
    engine.file().write_bytes(b"what?\n" + engine.file().read_bytes())
    with pytest.raises(JournalError, match=r"ann\.jsonl:1: not a note of a call") as caught:
        engine.lost()
    assert "remove the file" in caught.value.hints[0]


def test_where_it_cannot_be_noted_no_call_may_be_made(engine):
    engine.directory.parent.mkdir()
    engine.directory.write_text("a file is in the way")
    with pytest.raises(LLMError, match=r"the call was not made.*open_calls"):
        engine.begin()


def test_without_the_journal_no_call_may_be_made(engine):
    async def broken():
        message = "the disk is full"
        raise JournalError(message)

    with pytest.raises(LLMError, match="the disk is full"):
        anyio.run(OpenCalls(engine.directory, broken).begin, "ann", GPT, WORST, START)


def test_a_disk_that_is_full_tears_no_line(engine):
    end = engine.begin()
    size = engine.file().stat().st_size
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10, hard))
    try:
        end(TOOK)
        with pytest.raises(LLMError, match="File too large"):
            engine.begin(model=QWEN)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert [call.usage for call in engine.lost()["ann"].calls] == [WORST]
    engine.begin(model=QWEN)
    assert [call.model for call in engine.lost()["ann"].calls] == ["gpt", "qwen"]


@pytest.mark.anyio
async def test_no_call_is_made_before_its_note_is_on_disk(engine, gate):
    begun = []

    async def call(trader):
        begun.append(await engine.calls.begin(trader, GPT, WORST, START))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call, "ann")
        await gate.busy()
        for trader in ("bob", "eve", "joe"):
            tasks.start_soon(call, trader)
        await anyio.wait_all_tasks_blocked()
        assert begun == []
        gate.open(2)
    assert len(begun) == 4
    assert gate.trips[1:] == [["bob.jsonl", "eve.jsonl", "joe.jsonl", "open_calls"]]


@pytest.mark.anyio
async def test_a_call_cut_off_before_it_was_made_cost_nothing(engine, gate):
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(engine.calls.begin, "ann", GPT, WORST, START)
        await gate.busy()
        assert set(engine.lost()) == {"ann"}
        tasks.cancel_scope.cancel()
        gate.open()
    assert engine.lost() == {}


@pytest.mark.anyio
async def test_a_disk_that_does_not_confirm_a_note_allows_no_call_any_more(engine, gate):
    async def call():
        with pytest.raises(LLMError, match="the call was not made"):
            await engine.calls.begin("ann", GPT, WORST, START)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(call)
        await gate.busy()
        engine.file().unlink()
        gate.open(100)
    await call()
