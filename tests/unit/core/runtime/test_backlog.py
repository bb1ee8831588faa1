"""What an exporter that is behind is handed: everything, in order."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from nof0_core.domain.event import Alerted
from nof0_core.errors import JournalError
from nof0_core.ids import TraderId
from nof0_core.journal import Journal
from nof0_core.journal.archiving import archive
from nof0_core.runtime import backlog
from nof0_core.runtime.backlog import Backlog

pytestmark = pytest.mark.anyio
START = datetime(2025, 7, 1, 12, tzinfo=UTC)
ALERT = Alerted(code="test", message="x" * 2000)
ANN, BOB = TraderId("ann"), TraderId("bob")


async def test_a_journal_that_grows_while_it_is_read_loses_nothing(tmp_path, monkeypatch):
    """One stream is read to its end long before the other, and goes on then."""
    monkeypatch.setattr(backlog, "BATCH", 10)
    with Journal.open(tmp_path / "journal") as journal:
        journal.append(START, ANN, ALERT)
        for _ in range(299):
            journal.append(START, BOB, ALERT)
        behind, position, told = Backlog(journal), 0, []
        while position < journal.last_seq:
            events = await behind.after(position, journal.last_seq)
            assert events
            told += [event.seq for event in events]
            position = told[-1]
            if journal.last_seq < 400:
                journal.append(START, ANN, ALERT)
                journal.append(START, BOB, ALERT)
                journal.flush()
        assert told == list(range(1, journal.last_seq + 1))


async def test_what_is_archived_is_not_passed_over(tmp_path):
    """An exporter that lacks an archived day is told so, one that has it goes on."""
    root = tmp_path / "journal"
    with Journal.open(root) as journal:
        for day in (0, 1):
            for stream in (ANN, BOB):
                journal.append(START + timedelta(days=day), stream, ALERT)
        journal.sync()
        mark = journal.bookmark(is_real_time=True)
    archive(root, {}, before=date(2025, 7, 2), target=tmp_path / "shelf")
    with Journal.open(root, mark=mark) as journal:
        for lacks, first in ((0, 1), (1, 2)):
            with pytest.raises(JournalError, match=f"it lacks records {first} to [12]: archived"):
                await Backlog(journal).after(lacks, 4)
        assert [event.seq for event in await Backlog(journal).after(2, 4)] == [3, 4]
