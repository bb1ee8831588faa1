"""What an exporter that is behind is handed: everything, in order."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from nof0_core.domain.event import Alerted
from nof0_core.ids import TraderId
from nof0_core.journal import Journal
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
