"""No statement that was given up outlives the database it was asked of."""

import threading

import anyio
import pytest
from sqlalchemy import text

from nof0_core.errors import TransientError
from nof0_core.storage import sqlite_threads
from nof0_core.storage.database import DatabaseSettings, opened

LONG = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000)
SELECT max(i) FROM n
"""


def asking():
    return [t for t in threading.enumerate() if "_connection_worker_thread" in t.name]


def test_a_statement_that_was_given_up_has_ended_when_the_database_is_closed(tmp_path, monkeypatch):
    monkeypatch.setattr(sqlite_threads, "PATIENCE", 100.0)  # the machine may be slow

    async def given_up():
        settings = DatabaseSettings(data_source=f"sqlite:///{tmp_path / 'a.db'}", timeout=0.02)
        async with opened(settings) as database:
            with pytest.raises(TransientError):
                async with database.transaction() as session:
                    await session.execute(text(LONG))
            assert asking()
        assert not asking()

    anyio.run(given_up)
    assert not asking()
