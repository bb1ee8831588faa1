"""No statement that was given up outlives the database it was asked of."""

import gc
import threading

import anyio
import pytest
from sqlalchemy import text

from nof0_core.errors import TransientError
from nof0_core.storage import sqlite_threads
from nof0_core.storage.database import DatabaseSettings, opened

ENDLESS = """
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n
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
                    await session.execute(text(ENDLESS))
        assert not asking()

    anyio.run(given_up)
    assert not asking()


async def without_end(database):
    async with database.transaction() as session:
        await session.execute(text("INSERT INTO t VALUES ('lost')"))
        await session.execute(text(ENDLESS))


def test_a_statement_that_was_given_up_lets_others_write_at_once(tmp_path, caplog):
    async def given_up():
        settings = DatabaseSettings(data_source=f"sqlite:///{tmp_path / 'a.db'}", timeout=0.2)
        patient = DatabaseSettings(data_source=settings.data_source, timeout=100.0)
        async with opened(settings) as database, opened(patient) as another:
            async with another.transaction() as session:
                await session.execute(text("CREATE TABLE t (a TEXT)"))
            for number in range(3):
                with pytest.raises(TransientError):
                    await without_end(database)
                async with another.transaction() as session:
                    await session.execute(text("INSERT INTO t VALUES (:n)"), [{"n": str(number)}])
            async with another.transaction() as session:
                found = (await session.execute(text("SELECT a FROM t"))).scalars().all()
            assert found == ["0", "1", "2"]

    anyio.run(given_up)
    gc.collect()
    assert not asking()
    assert "destroyed" not in caplog.text
