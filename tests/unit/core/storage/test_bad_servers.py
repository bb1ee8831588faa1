"""Servers that are slow, silent, full or want a password: told clearly, and no row is missing."""

from __future__ import annotations

import anyio
import attrs
import pytest
from growing_journal import GrowingJournal
from slow_line import SlowLine

from nof0_core.errors import TransientError
from nof0_core.exporters.sql import exporter as exporting
from nof0_core.storage.database import opened
from nof0_core.storage.preparing import prepare

pytestmark = pytest.mark.anyio


@pytest.fixture
def line(postgres):
    with SlowLine(postgres.port) as line:
        yield line


@pytest.fixture
def over_line(line, emptied):
    """The data source of the empty database, over that line."""
    before, _, database = emptied.rpartition("/")
    return f"{before.rpartition(':')[0]}:{line.port}/{database}"


async def until_done(exporter, told, deliver):
    """Export as an engine does: what did not work is tried again; returns how often it did not."""
    failed = 0
    while True:
        try:
            await deliver(exporter, told, size=1000)
        except TransientError:
            failed += 1
            assert failed < 100, "it gets nowhere"
        else:
            return failed


async def test_a_line_on_which_a_batch_takes_longer_than_an_operation_may(
    line, over_line, told, make_target, expected, deliver
):
    """All lines at once take four times as long."""
    target = make_target(over_line, timeout=1.0)
    async with opened(target.settings) as database:
        await prepare(database)
        line.rate = sum(len(each.line) for each in told.lines) // 4
        await until_done(target.exporter(database, told), told, deliver)
        line.rate = None
    assert await target.rows() == expected


@pytest.fixture
def impatient(monkeypatch, soon):
    """Let an operation have half a second, not three."""
    settings = exporting.settings_of
    monkeypatch.setattr(
        exporting, "settings_of", lambda *args: attrs.evolve(settings(*args), timeout=0.5)
    )


async def test_a_line_that_swallows_everything_at_the_start_and_in_the_middle(
    impatient, line, over_line, told, tmp_path, make_target, expected
):
    """Connections are accepted and stay open, as behind a firewall that forgot them."""
    run = GrowingJournal(tmp_path, over_line, told)
    line.swallows = True
    async with run.stack, run.exports.running():
        run.live(0, 60)
        await run.until(lambda state: state.failures > 1)
        assert (run.journal.last_seq, run.state.behind) == (60, 60)
        assert "the database did not answer in time" in run.state.trouble
        line.swallows = False
        await run.until(lambda state: state.behind == 0)
        failures = run.state.failures
        line.swallows = True
        run.live(60, 120)
        await run.until(lambda state: state.failures > failures + 1)
        assert (run.journal.last_seq, run.state.behind) == (120, 60)
        # A router that is started again forgets the connections, too.
        line.cut()
        line.swallows = False
        view = run.live(120, len(told.events))
        await run.until(lambda state: state.behind == 0)
        await run.exports.finish(view)
    run.journal.close()
    assert told_by(await make_target(over_line).rows()) == told_by(expected)


LIVED = {"line", "hash", "latency_s", "decided_at"}
"""Columns that have the time of the machine in them: a journal that is lived again has others."""


def told_by(rows):
    """Return all rows without what only the machine has put there."""
    return {
        name: {
            key: {column: value for column, value in row.items() if column not in LIVED}
            for key, row in found.items()
        }
        for name, found in rows.items()
    }


FULL = """
CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = '53100',
        MESSAGE = 'could not extend file "base/5/16384": No space left on device';
END $$;
CREATE TRIGGER full_disk BEFORE INSERT ON {}
FOR EACH ROW EXECUTE FUNCTION full_disk()
"""


@pytest.mark.parametrize("table", ["events", "decision_cycles"])
async def test_a_server_without_room_is_told_and_nothing_of_a_batch_is_there(
    table, soon, postgres, emptied, told, tmp_path, make_target, expected
):
    """It refuses a COPY, or in the middle of a transaction, after rows of other tables."""
    run = GrowingJournal(tmp_path, emptied, told)
    async with run.stack, run.exports.running():
        run.live(0, 60)
        await run.until(lambda state: state.behind == 0)
        before = await make_target(emptied).rows()
        await postgres.execute(FULL.format(table))
        run.live(60, 160)
        await run.until(lambda state: state.failures > 2)
        assert (run.journal.last_seq, run.state.behind) == (160, 100)
        assert "the database refused" in run.state.trouble
        assert "No space left on device" in run.state.trouble
        assert await make_target(emptied).rows() == before
        await postgres.execute("DROP FUNCTION full_disk CASCADE")
        view = run.live(160, len(told.events))
        await run.until(lambda state: state.behind == 0)
        await run.exports.finish(view)
    run.journal.close()
    assert told_by(await make_target(emptied).rows()) == told_by(expected)


async def test_a_wrong_password_is_told_without_it_and_a_right_one_goes_on(
    soon, postgres, emptied, told, tmp_path, make_target, expected
):
    await postgres.let_in("trader", "the right one")
    try:
        run = GrowingJournal(tmp_path, postgres.source("trader:s3cret"), told)
        async with run.stack, run.exports.running():
            run.live(0, 60)
            await run.until(lambda state: state.failures > 1)
            assert run.state.behind == 60
            assert 'password authentication failed for user "trader"' in run.state.trouble
            assert "s3cret" not in str(run.log.lines) + run.state.trouble
            await postgres.execute("ALTER ROLE trader PASSWORD 's3cret'")
            view = run.live(60, len(told.events))
            await run.until(lambda state: state.behind == 0)
            await run.exports.finish(view)
        run.journal.close()
        assert told_by(await make_target(emptied).rows()) == told_by(expected)
        assert "s3cret" not in str(run.log.lines)
    finally:
        await postgres.execute("DROP OWNED BY trader CASCADE", "DROP ROLE trader")


async def test_a_server_that_is_away_for_hours_is_told_of_once(
    postgres, emptied, told, tmp_path, make_target, expected, monkeypatch
):
    """As many tries as three hours have: one in a minute."""
    monkeypatch.setattr("nof0_core.runtime.exporting.FIRST_WAIT", 0.001)
    monkeypatch.setattr("nof0_core.runtime.exporting.LONGEST_WAIT", 0.001)
    run = GrowingJournal(tmp_path, emptied, told)
    async with run.stack, run.exports.running():
        run.live(0, 60)
        await run.until(lambda state: state.behind == 0)
        await anyio.to_thread.run_sync(postgres.stop)
        for at in range(60, 240):
            run.live(at, at + 1)
            failures = run.state.failures
            await run.until(lambda state, seen=failures: state.failures > seen)
        assert run.state.failures >= 180
        assert run.state.behind == 180
        told_of = [each for each in run.log.lines if "quarantine" in str(each)]
        assert len(told_of) == 1
        await anyio.to_thread.run_sync(postgres.start)
        view = run.live(240, len(told.events))
        await run.until(lambda state: state.behind == 0)
        await run.exports.finish(view)
    run.journal.close()
    assert told_by(await make_target(emptied).rows()) == told_by(expected)
