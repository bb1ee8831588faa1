"""A process that is killed while it writes, again and again."""

from __future__ import annotations

import random
import signal
import subprocess
import sys

import pytest

from nof0_core.journal import Anchor, Journal, verify

WRITER = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from nof0_core.domain.event import Alerted
from nof0_core.ids import ENGINE, TraderId
from nof0_core.journal import Journal

journal = Journal.open(Path(sys.argv[1]))
streams = [ENGINE, TraderId("alice"), TraderId("bob")]
time = datetime(2025, 7, 1, tzinfo=UTC)
while True:
    for _ in range(7):
        # Large enough that one write is several pages and can be cut in two.
        text = "x" * (journal.last_seq * 7919 % 9000)
        journal.append(time + timedelta(minutes=journal.last_seq), streams[journal.last_seq % 3],
                       Alerted(code="test", message=text))
    journal.flush()
    print(*journal.last, flush=True)
"""


SHARING = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
import anyio
from nof0_core.domain.event import Alerted
from nof0_core.ids import ENGINE, TraderId
from nof0_core.journal import Journal

journal = Journal.open(Path(sys.argv[1]))
time = datetime(2025, 7, 1, tzinfo=UTC)

async def write(stream):
    while True:
        text = "x" * (journal.last_seq * 7919 % 9000)
        journal.append(time + timedelta(minutes=journal.last_seq), stream,
                       Alerted(code="test", message=text))
        mine = journal.last
        await journal.sync_beside()
        print(*mine, flush=True)

async def main():
    async with anyio.create_task_group() as tasks:
        for name in (ENGINE, "alice", "bob", "eve", "joe"):
            tasks.start_soon(write, TraderId(name))

anyio.run(main)
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("writer", "kills"),
    [pytest.param(WRITER, 12, id="alone"), pytest.param(SHARING, 8, id="sharing the disk")],
)
def test_what_was_flushed_survives_being_killed(root, writer, kills):
    rng = random.Random(20250701)
    flushed = 0
    grown = 0
    lost: set[int] = set()
    for _ in range(kills):
        with subprocess.Popen(
            [sys.executable, "-c", writer, str(root)], stdout=subprocess.PIPE, text=True
        ) as process:
            said = [process.stdout.readline()]
            said += [process.stdout.readline() for _ in range(rng.randrange(40))]
            # Between two reports the writer is anywhere: killed now, it stops in the middle.
            process.send_signal(signal.SIGKILL)
            said += process.stdout.readlines()
        reports = [line.split() for line in said if line.endswith("\n")]
        assert reports, "the writer did not start"
        # Of tasks that share the disk, each tells of its own record, when it comes to that.
        seq, digest = max((int(number), hash_) for number, hash_ in reports)
        assert seq > flushed
        grown += seq - flushed
        with Journal.open(root) as journal:
            assert journal.last_seq >= seq
            held = {event.seq for event in journal.read()}
            # A kill between two files of one flush loses numbers nobody was told of; never others.
            new = {n for first, last in journal.gaps for n in range(first, last + 1)}
            assert all(number > seq for number in new)
            lost |= new
            assert held.issuperset(set(range(1, seq + 1)) - lost)
            flushed = journal.last_seq
        report = verify(root, anchor=Anchor(last=(seq, digest)))
        assert report.ok, report.faults
    assert grown > 100
