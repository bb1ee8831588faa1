"""Both kinds of database, empty, and the journal of a short run of the shipped configuration."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path

import anyio
import pytest
from called import Called
from postgres_server import PostgresServer

from nof0_core.domain.cycle_record import CycleJoiner
from nof0_core.domain.journal_line import JournalLine
from nof0_core.domain.view import View
from nof0_core.exporters.sql.exporter import SqlExporter
from nof0_core.journal import records
from nof0_core.runtime import exporting
from nof0_core.storage.database import DatabaseSettings, opened
from nof0_core.storage.preparing import prepare
from nof0_core.storage.reading import rows_between
from nof0_core.storage.schema import PROJECTED
from nof0_core.storage.tables import Tables
from nof0_core.testing.environment import START, Lines

REPOSITORY = Path(__file__).parents[4]
ENGINE = "arena's"
"""A name with a quote in it."""


@pytest.fixture(scope="session")
def postgres():
    server = PostgresServer()
    try:
        yield server
    finally:
        server.close()


@pytest.fixture
def emptied(postgres):
    """The data source of the server's database, with nothing in it."""
    return postgres.database()


@pytest.fixture(params=["sqlite", "postgres"])
def source(request, tmp_path):
    """The data source of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'nof0.db'}"
    return request.getfixturevalue("emptied")


@pytest.fixture(scope="session")
def project(tmp_path_factory):
    """A folder with the shipped configuration."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("etc", "prompts"):
        shutil.copytree(REPOSITORY / name, folder / name)
    return folder


@pytest.fixture(scope="session")
def run(project):
    """Run nof0 on a configuration of the project; returns what it said."""

    called = Called(directory=project)

    def command(*words, code=0, config="nof0.yaml"):
        options = [*words[1].split(), str(project / "etc" / config), *map(str, words[2:])]
        done = called.nof0(words[0], *options)
        assert done.exit_code == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    return command


@pytest.fixture(scope="session")
def lived(run, tmp_path_factory):
    """The data directory of a run in which orders were placed, filled and closed."""
    folder = tmp_path_factory.mktemp("lived")
    run("run", "", "--cycles", 24, "--data-dir", folder)
    return folder


class Told:
    """Events of a journal with their lines, as an exporter is told them."""

    def __init__(self, found):
        """Take a data directory, or records."""
        cycles = CycleJoiner()
        self.events, self.lines, self.kept = [], [], None
        if isinstance(found, Path):
            found = records(found / "journal", {})
        for record in found:
            self.events.append(cycles.joined(record.event()))
            self.lines.append(
                JournalLine(
                    seq=record.seq, time=record.time, stream=record.stream, type=record.type,
                    line=record.line, hash=record.hash, took=float(record.took),
                )
            )  # fmt: skip

    async def between(self, after, last):
        return [line for line in self.lines if after < line.seq <= last]

    async def checkpoint(self, above):
        return self.kept if self.kept is not None and self.kept.seq > above else None

    def after(self, seq):
        return [event for event in self.events if event.seq > seq]


@pytest.fixture(scope="session")
def _told_of(lived):
    return Told(lived)


@pytest.fixture
def told(_told_of):
    """What an exporter is told of the run; a test may change its lists."""
    own = copy.copy(_told_of)
    own.events, own.lines = [*own.events], [*own.lines]
    return own


@pytest.fixture(scope="session")
def make_told():
    return Told


class Target:
    """A database and how a journal gets into it."""

    def __init__(self, source, **settings):
        self.settings = DatabaseSettings(data_source=source, **settings)
        self.log = Lines()

    def exporter(self, database, told):
        tables = Tables(database, engine=ENGINE, exporter="sql")
        made = SqlExporter(tables, engine=ENGINE, log=self.log)
        made.read_lines_from(told)
        return made

    async def fill(self, told, *, size=50, until=None, prepared=prepare):
        """Export from where the database is, some events at a time."""
        async with opened(self.settings) as database:
            await prepared(database)
            exporter = self.exporter(database, told)
            await hand_over(exporter, told, size=size, until=until)

    async def rows(self):
        """Return all rows of all tables by key."""
        async with opened(self.settings) as database:
            return {
                name: await rows_between(database, name, ENGINE, 0, None)
                for name in ("events", *PROJECTED)
            }

    async def execute(self, statement, **values):
        from sqlalchemy import text

        async with opened(self.settings) as database, database.transaction() as session:
            return await session.execute(text(statement), [values] if values else None)


async def hand_over(exporter, told, *, size=50, until=None):
    events = told.after(await exporter.cursor())
    if until is not None:
        events = [event for event in events if event.seq <= until]
    view = View(seq=told.events[-1].seq, time=START, traders=(), quotes={})
    for start in range(0, len(events), size):
        await exporter.export(events[start : start + size], view)


@pytest.fixture
def target(source):
    return Target(source)


@pytest.fixture(scope="session")
def make_target():
    return Target


@pytest.fixture
def deliver():
    return hand_over


@pytest.fixture(scope="session")
def expected(lived, tmp_path_factory):
    """The rows of the journal, made at once in a database nobody disturbs."""
    target = Target(f"sqlite:///{tmp_path_factory.mktemp('expected') / 'nof0.db'}")
    anyio.run(lambda: target.fill(Told(lived), size=10_000))
    return anyio.run(target.rows)


@pytest.fixture
def soon(monkeypatch):
    """Let an exporter be tried again at once."""
    monkeypatch.setattr(exporting, "FIRST_WAIT", 0.05)
    monkeypatch.setattr(exporting, "LONGEST_WAIT", 0.05)
