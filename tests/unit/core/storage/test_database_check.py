"""`nof0 db check`: what it finds, what it passes over, and what it reads for that."""

from __future__ import annotations

import shutil
from functools import partial

import anyio
import attrs
import pytest
from sqlalchemy import text
from sqlalchemy.dialects import sqlite

from nof0_core.errors import ProviderError
from nof0_core.exporters.sql.config import SqlConfig
from nof0_core.project import database_check, table_comparison
from nof0_core.project.database import NamedDatabase
from nof0_core.project.database_check import check_database
from nof0_core.project.journal import JournalReader
from nof0_core.storage import paging
from nof0_core.storage.database import DatabaseSettings, Session, opened
from nof0_core.storage.preparing import prepare
from nof0_core.storage.schema import METADATA, OF_THE_MARKET, PROJECTED
from nof0_core.testing.environment import START, Lines

pytestmark = pytest.mark.anyio
ENGINE = "arena's"
"""As those of the fixtures call it."""
TABLES = sorted(set(PROJECTED) - {"llm_conversations"})
"""Those that have rows in the run: no model was asked over a network."""


@pytest.fixture
def check(target, lived, monkeypatch):
    """Check the target against the journal, a few rows at a time."""
    monkeypatch.setattr(paging, "PAGE", 7)
    monkeypatch.setattr(table_comparison, "_STRETCH", 40)
    monkeypatch.setattr(database_check, "BATCH", 30)
    config = SqlConfig(data_source=target.settings.data_source, engine=ENGINE)
    named = NamedDatabase(exporter="sql", config=config, run=None)
    journal = JournalReader(root=lived / "journal", state_dir=lived, state_file=lived / "none")
    return partial(check_database, named, journal, Lines())


@pytest.fixture(scope="module")
def full_file(lived, make_target, make_told, tmp_path_factory):
    """A file of SQLite to which the run was exported, once for all tests."""
    file = tmp_path_factory.mktemp("full") / "nof0.db"
    anyio.run(make_target(f"sqlite:///{file}").fill, make_told(lived))
    return file


@pytest.fixture
async def filled(target, told, full_file):
    kind, _, file = target.settings.data_source.partition(":///")
    if kind == "sqlite":
        shutil.copyfile(full_file, file)
    else:
        await target.fill(told)
    return target


async def test_what_was_exported_equals_the_journal(filled, check, expected):
    steps = []
    report = await check(lambda *step: steps.append(step))
    assert (report.differences, report.told) == (0, [])
    assert report.seq == report.last == len(expected["events"])
    assert report.rows == {name: len(rows) for name, rows in expected.items()}
    # Whoever looks on is told of each step to its end.
    ends = {what: (done, total) for what, done, total in steps}
    assert ends["the journal"] == (report.seq, report.last)
    for name in TABLES:
        assert ends[f"the table {name}"] == (len(expected[name]),) * 2


def change_of(name):
    """Return a column of a table that an update may change, with its new value."""
    for column in METADATA.tables[name].columns:
        kind = type(column.type).__name__
        if kind in ("Text", "Amount") and not column.primary_key and column.name != "engine":
            return column.name, "'7'" if kind == "Text" else "7.25"
    return "seq", "1"


@pytest.mark.parametrize("name", TABLES)
async def test_one_changed_row_is_found_in_each_table(filled, check, name, expected):
    column, value = change_of(name)
    newest = max(row["seq"] for row in expected[name].values())
    keys = [row for row in expected[name].values() if row["seq"] == newest]
    await filled.execute(f"UPDATE {name} SET {column} = {value} WHERE seq = {newest}")  # noqa: S608
    report = await check()
    assert report.differences == len(keys)
    for said in report.told:
        assert said.startswith(f"{name}: the row ")
        assert said.endswith(f" differs in {column}")


@pytest.mark.parametrize("name", ["events", *TABLES])
async def test_a_missing_row_is_found_in_each_table(filled, check, name, expected):
    first = min(row["seq"] for row in expected[name].values())
    gone = [row for row in expected[name].values() if row["seq"] == first]
    await filled.execute(f"DELETE FROM {name} WHERE seq = {first}")  # noqa: S608
    report = await check()
    assert report.differences == len(gone)
    assert all(said.startswith(f"{name}: the row ") for said in report.told)
    assert all(said.endswith(" is missing") for said in report.told)
    assert report.rows[name] == len(expected[name])


@pytest.mark.parametrize("name", ["events", *TABLES])
@pytest.mark.parametrize("beyond", [False, True])
async def test_a_row_too_many_is_found_in_each_table(filled, check, name, beyond, expected):
    last = len(expected["events"])
    if name == "events" and not beyond:
        # There is a line of each number: one more has a number that no line has.
        await filled.execute("UPDATE events SET seq = 0 WHERE seq = 1")
        report = await check()
        assert report.told == ["events: the row 1 is missing"]
        return
    columns = [column.name for column in METADATA.tables[name].columns]
    keys = METADATA.tables[name].primary_key.columns.keys()
    seq = str(last + 3) if beyond else "seq"
    other = next(key for key in reversed(keys) if key not in ("engine", "timestamp", "valid_from"))
    words = {"seq": seq}
    if other != "seq":
        words[other] = "1000" if other == "number" else "'none of ours'"
    said = ", ".join(words.get(column, column) for column in columns)
    order = ", ".join(keys)
    await filled.execute(
        f"INSERT INTO {name} ({', '.join(columns)}) SELECT {said} FROM {name}"  # noqa: S608
        f" ORDER BY {order} LIMIT 1"
    )
    report = await check()
    assert report.differences == 1
    what = "is beyond the cursor" if beyond else "is not of the journal"
    assert report.told[0].startswith(f"{name}: the row ")
    assert report.told[0].endswith(what)


async def test_a_changed_byte_of_a_line_is_found(filled, check, told):
    line = told.lines[70]
    assert await filled_line(filled, line.line.replace(b":", b";", 1), line.seq)
    report = await check()
    assert report.told == [f"events: the row {line.seq} differs in line"]


async def filled_line(target, content, seq):
    async with opened(target.settings) as database, database.transaction() as session:
        done = await session.execute(
            text("UPDATE events SET line = :line WHERE seq = :seq"), {"line": content, "seq": seq}
        )
        return done.rowcount == 1


async def test_a_cursor_with_another_hash_is_found(filled, check):
    await filled.execute("UPDATE cursors SET hash = 'f00'")
    report = await check()
    [said] = report.told
    assert "which is not the journal's" in said


@pytest.mark.parametrize("name", sorted(OF_THE_MARKET))
async def test_rows_of_the_market_may_be_another_engines(filled, check, name):
    """Who sees a bar last has written it: the row is there, and nothing of it can be compared."""
    await filled.execute(f"UPDATE {name} SET engine = 'another', seq = 9000000")  # noqa: S608
    assert (await check()).differences == 0
    await filled.execute(f"DELETE FROM {name}")  # noqa: S608
    report = await check()
    assert report.differences == report.rows[name] > 0


async def test_what_an_engine_exports_meanwhile_is_passed_over(
    target, told, check, expected, monkeypatch
):
    await target.fill(told, until=90)
    make_again = database_check._make_again

    async def then_goes_on(*words):
        await make_again(*words)
        await target.fill(told)

    monkeypatch.setattr(database_check, "_make_again", then_goes_on)
    report = await check()
    assert (report.differences, report.seq) == (0, 90)
    assert report.last == len(expected["events"])
    monkeypatch.undo()
    assert (await check()).seq == report.last


async def test_a_database_that_nothing_was_exported_to_is_told_and_left(target, check):
    with pytest.raises(ProviderError, match="has no tables|unable to open"):
        await check()
    async with opened(target.settings) as database, database.transaction() as session:
        found = "sqlite_master" if session.is_sqlite else "pg_tables WHERE schemaname = 'public'"
        assert (await session.execute(text(f"SELECT count(*) FROM {found}"))).scalar() == 0  # noqa: S608


async def test_the_check_writes_nothing_and_keeps_no_engine_waiting(filled, check):
    """Somebody holds the database for writing all the while."""
    patient = attrs.evolve(filled.settings, timeout=600.0)
    async with opened(patient) as database, database.transaction() as session:
        await session.execute(text("UPDATE cursors SET updated_at = updated_at"))
        assert (await check()).differences == 0


async def test_each_row_is_read_once_on_each_side(filled, check, expected, monkeypatch):
    """Months of rows take as long as they are many: nothing is read again for what follows."""
    read, execute = [], Session.execute

    async def counted(session, statement, rows=None):
        found = await execute(session, statement, rows)
        if getattr(statement, "is_select", False):
            frozen = found.freeze()
            read.append(len(frozen().all()))
            return frozen()
        return found

    monkeypatch.setattr(Session, "execute", counted)
    report = await check()
    assert report.differences == 0
    size = sum(map(len, expected.values()))
    assert size < sum(read) < 2 * size + 10 * len(read) / 7
    assert len(read) < 6 * size / 7


@pytest.mark.parametrize("name", TABLES)
async def test_pages_and_keys_are_found_by_an_index(tmp_path, name):
    settings = DatabaseSettings(data_source=f"sqlite:///{tmp_path / 'nof0.db'}")
    table = METADATA.tables[name]
    later = paging.page_of(table, ENGINE, [START] * len(table.primary_key))
    plans = {}
    async with opened(settings) as database:
        await prepare(database)
        async with database.transaction() as session:
            for what, statement in (("keys", paging.of_keys(name, 3)), ("page", later)):
                compiled = str(statement.compile(dialect=sqlite.dialect()))
                found = await session.connection.exec_driver_sql(
                    f"EXPLAIN QUERY PLAN {compiled}", tuple("x" * compiled.count("?"))
                )
                plans[what] = [row[3] for row in found]
    said = [line for plan in plans.values() for line in plan]
    assert not [line for line in said if "SCAN" in line or "TEMP B-TREE" in line], plans
    # Not the engine alone, which is that of nearly every row.
    assert "(engine=?)" not in "".join(said), plans
