"""Writing what many streams have grown by, beside other work."""

from __future__ import annotations

from datetime import UTC, datetime

import anyio
import pytest
from anyio.lowlevel import checkpoint

from nof0_core.domain.event import Alerted
from nof0_core.ids import TraderId
from nof0_core.journal import Journal, verify
from nof0_core.journal.tails import AT_ONCE

START = datetime(2025, 7, 1, 12, tzinfo=UTC)
ALERT = Alerted(code="test", message="careful")
STREAMS = [TraderId(f"t{number}") for number in range(5 * AT_ONCE)]


def append(journal, streams=STREAMS):
    for stream in streams:
        journal.append(START, stream, ALERT)


def test_other_tasks_have_their_turns_while_many_streams_are_written(root):
    files_seen = set()

    async def look():
        while True:
            files_seen.add(len(list(root.glob("t*/*.jsonl"))))
            await checkpoint()

    async def main():
        with Journal.open(root) as journal:
            append(journal)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(look)
                await journal.sync_beside()
                tasks.cancel_scope.cancel()

    anyio.run(main)
    assert {2 * AT_ONCE, 3 * AT_ONCE, len(STREAMS)} <= files_seen


def test_what_is_added_and_written_meanwhile_is_there_once_and_in_order(root):
    async def add(journal):
        for number in range(6):
            append(journal, STREAMS[:: number + 1])
            if number % 2:
                journal.flush()
            await checkpoint()

    async def main():
        with Journal.open(root) as journal:
            append(journal)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(add, journal)
                await journal.sync_beside()
            journal.flush()
            numbers = [event.seq for event in journal.read()]
            assert numbers == list(range(1, journal.last_seq + 1))

    anyio.run(main)
    assert verify(root).ok


def test_nothing_is_read_beyond_a_number_that_is_not_written_yet(root):
    read = []

    async def look(journal):
        append(journal, STREAMS[:1])
        while True:
            read.append([event.seq for event in journal.read()])
            await checkpoint()

    async def main():
        with Journal.open(root) as journal:
            append(journal)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(look, journal)
                await journal.sync_beside()
                tasks.cancel_scope.cancel()
            read.append([event.seq for event in journal.read()])
            journal.flush()
            read.append([event.seq for event in journal.read()])

    anyio.run(main)
    everything = list(range(1, len(STREAMS) + 2))
    assert all(numbers == everything[: len(numbers)] for numbers in read)
    assert read[0] == []
    assert read[-2:] == [everything[:-1], everything]


@pytest.mark.parametrize("turns", [0, 1, 3])
def test_who_gives_up_waiting_leaves_everything_written(root, turns):
    async def main():
        with Journal.open(root) as journal:
            append(journal)
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(journal.sync_beside)
                for _ in range(turns):
                    await checkpoint()
                tasks.cancel_scope.cancel()
            assert len(list(journal.read())) == len(STREAMS)

    anyio.run(main)
