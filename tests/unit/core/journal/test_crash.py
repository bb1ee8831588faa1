"""A process that is killed while it writes, again and again."""

from __future__ import annotations

import random
import signal
import subprocess
import sys

import pytest

from nof0_core.journal import Journal, verify

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


@pytest.mark.slow
def test_what_was_flushed_survives_being_killed(root):
    rng = random.Random(20250701)
    flushed = 0
    grown = 0
    lost: set[int] = set()
    for _ in range(12):
        with subprocess.Popen(
            [sys.executable, "-c", WRITER, str(root)], stdout=subprocess.PIPE, text=True
        ) as process:
            said = [process.stdout.readline()]
            said += [process.stdout.readline() for _ in range(rng.randrange(40))]
            # Between two reports the writer is anywhere: killed now, it stops in the middle.
            process.send_signal(signal.SIGKILL)
            said += process.stdout.readlines()
        reports = [line.split() for line in said if line.endswith("\n")]
        assert reports, "the writer did not start"
        seq, digest = int(reports[-1][0]), reports[-1][1]
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
        report = verify(root, anchor=(seq, digest))
        assert report.ok, report.faults
    assert grown > 500
