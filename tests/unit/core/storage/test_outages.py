"""A database that is away, silent, refusing or full: nothing waits for it, and nothing is lost."""

from __future__ import annotations

import anyio
import pytest
from growing_journal import GrowingJournal

from nof0_core.errors import TransientError
from nof0_core.exporters.sql.config import SqlConfig
from nof0_core.exporters.sql.exporter import settings_of
from nof0_core.storage.database import opened
from nof0_core.storage.preparing import prepare
from nof0_core.testing.environment import Lines

pytestmark = pytest.mark.anyio


async def test_a_server_that_stops_and_starts_again_has_all_rows(
    soon, postgres, emptied, told, tmp_path, make_target
):
    run = GrowingJournal(tmp_path, emptied, told)
    async with run.stack, run.exports.running():
        run.live(0, 60)
        await run.until(lambda state: state.behind == 0)
        await anyio.to_thread.run_sync(postgres.stop)
        run.live(60, 120)
        await run.until(lambda state: state.failures > 1)
        # Trading went on: the journal has what the database lacks, and the lag says how much.
        assert (run.journal.last_seq, run.state.behind) == (120, 60)
        assert "the database" in run.state.trouble
        await anyio.to_thread.run_sync(postgres.start)
        view = run.live(120, len(told.events))
        await run.until(lambda state: state.behind == 0)
        assert run.state.trouble == ""
        await run.exports.finish(view)
    run.journal.close()
    rows = await make_target(emptied).rows()
    assert sorted(seq for _, seq in rows["events"]) == list(range(1, len(told.events) + 1))


async def test_a_server_that_falls_silent_is_waited_for_no_longer_than_allowed(
    postgres, emptied, told, make_target, expected, deliver
):
    slow = []
    target = make_target(emptied, timeout=0.5, warn=lambda text, took: slow.append(text))
    async with opened(target.settings) as database:
        await prepare(database)
        exporter = target.exporter(database, told)
        await deliver(exporter, told, until=50)
        postgres.pause()
        try:
            with pytest.raises(TransientError, match="did not answer in time"):
                await deliver(exporter, told, until=100)
        finally:
            postgres.resume()
        # What struck its limit is told as slow, whatever the threshold.
        assert slow
        target = make_target(target.settings.data_source)
    await target.fill(told)
    assert await target.rows() == expected


@pytest.mark.parametrize("fault", ["read-only", "away"])
async def test_a_database_that_refuses_is_told_without_its_password(
    postgres, emptied, told, make_target, fault, tmp_path
):
    source = emptied
    if fault == "read-only":
        await make_target(source).fill(told, until=5)
        await postgres.execute("ALTER DATABASE postgres SET default_transaction_read_only = on")
    else:
        source = "postgresql://postgres:s3cret@127.0.0.1:1/postgres"
    run = GrowingJournal(tmp_path, source, told)
    try:
        async with run.stack, run.exports.running():
            run.live(0, 30)
            await run.until(lambda state: state.failures)
        assert run.state.behind in (25, 30)
        words = {"read-only": "read-only", "away": "cannot be reached"}
        assert words[fault] in run.state.trouble
        assert "s3cret" not in str(run.log.lines) + run.state.trouble
    finally:
        if fault == "read-only":
            await postgres.execute(
                "SET default_transaction_read_only = off",
                "ALTER DATABASE postgres RESET default_transaction_read_only",
            )
    run.journal.close()


async def test_a_full_disk_is_told_and_nothing_of_the_batch_is_there(told, tmp_path, make_target):
    """SQLite says it is full when it may have no more pages, as on a disk without room."""
    from sqlalchemy import event

    target = make_target(f"sqlite:///{tmp_path / 'nof0.db'}")
    await target.fill(told, until=20)
    before = await target.rows()
    async with opened(target.settings) as database:

        @event.listens_for(database._engine.sync_engine, "connect")
        def limit(connection, _):
            connection.execute("PRAGMA max_page_count=1")

        exporter = target.exporter(database, told)
        await exporter.cursor()
        with pytest.raises(TransientError, match="full"):
            await exporter.export(told.after(20), None)
    assert await target.rows() == before


async def test_statements_are_logged_where_that_is_wanted(told, make_target, tmp_path):
    log = Lines()
    config = SqlConfig(data_source=f"sqlite:///{tmp_path / 'a.db'}", verbose=True, slow_threshold=0)
    target = make_target("")
    target.settings = settings_of(config, log)
    await target.fill(told, until=5)
    said = str(log.lines)
    assert "slow SQL statement" in said
    assert "INSERT INTO events" in said


async def test_nothing_is_left_in_a_connection_without_prepared_statements(
    emptied, told, make_target, expected, deliver
):
    """As behind a pooler that hands out connections by transaction."""
    from sqlalchemy import event, text

    target = make_target(emptied, prepared_statements=False)
    left = []
    async with opened(target.settings) as database:

        @event.listens_for(database._engine.sync_engine, "checkin")
        def look(connection, _):
            # Another transaction of anybody's may have had this connection in between.
            named = "SELECT name FROM pg_prepared_statements"
            left.extend(connection.run_async(lambda c: c.fetch(named)))
            connection.run_async(lambda c: c.execute("DISCARD ALL"))

        await prepare(database)
        async with database.transaction() as session:
            limit = text("SHOW statement_timeout")
            assert (await session.execute(limit)).scalar() == "3s"
        await deliver(target.exporter(database, told), told)
    assert left == []
    assert await target.rows() == expected
