"""Answers from a database: those of the files, of one export each, whatever becomes of it."""

from __future__ import annotations

import http.client
import json
import os
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import attrs
import pytest
from anyio.from_thread import start_blocking_portal
from story import START, Story

from nof0_api.app import make_app
from nof0_api.server import bind, serving
from nof0_core.clock import wall_time
from nof0_core.documents import account_totals
from nof0_core.documents.export_note import ExportNote
from nof0_core.domain.engine_status import EngineState, EngineStatus
from nof0_core.errors import ProviderError
from nof0_core.exporters.json_files import JsonConfig, open_json
from nof0_core.exporters.sql.config import SqlConfig
from nof0_core.exporters.sql.exporter import open_sql
from nof0_core.journal import Journal
from nof0_core.project import ServingConfig, TtlConfig
from nof0_core.runtime.export_lines import LinesOfJournal
from nof0_core.sources import DatabasePlace, FileSource, mirror, open_database
from nof0_core.sources.mirror import Mirror
from nof0_core.storage import documents as stored
from nof0_core.storage.database import opened
from nof0_core.storage.upgrade import newest
from nof0_core.testing.environment import Lines

ENGINE = 'it\'s "one"'
LOOKS = 10_800 if os.environ.get("NOF0_ENDS") else 300
ROUTES = (
    "account-totals", "account-totals?lastHourlyMarker=9", "account-totals?points=3", "analytics",
    "analytics/alpha", "analytics/nobody", "analytics/..%2Fx", "crypto-prices", "leaderboard",
    "since-inception-values", "trades", "trades?limit=2", "trades?limit=x", "positions",
    "positions?limit=1", "conversations", "conversations?limit=3", "candles", "candles?symbol=BTC",
    "status",
)  # fmt: skip


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    """Let a story of days have pieces, and pieces that name pieces."""
    monkeypatch.setattr(account_totals, "PIECE_BYTES", 4_000)
    monkeypatch.setattr(account_totals, "GATHERED", 3)


class Got:
    """An answer as JSON, without the time it was given."""

    def __init__(self, response):
        self.status, self.headers = response.status, response.headers
        self.json = json.loads(response.read())
        self.json.pop("serverTime", None)

    @property
    def comparable(self):
        """All of it but what each exporter says of the others."""
        return self.status, {k: v for k, v in self.json.items() if k != "exporters"}


class Site:
    """A server over a source."""

    def __init__(self, url):
        self._place = urlsplit(url)

    def ask(self, route):
        line = http.client.HTTPConnection(self._place.hostname, self._place.port, timeout=30)
        try:
            line.request("GET", f"/api/{route}")
            return Got(line.getresponse())
        finally:
            line.close()

    def until(self, is_so, route="status"):
        """Ask until an answer is as it is wanted."""
        while not is_so(got := self.ask(route)):
            pass
        return got


class Bench:
    """An engine's exports into files and a database, and servers over both."""

    def __init__(self, portal, stack, folder):
        self.portal, self.stack, self.folder = portal, stack, folder
        self.log = Lines()

    def enter(self, manager):
        return self.stack.enter_context(self.portal.wrap_async_context_manager(manager))

    def serve(self, source):
        config = ServingConfig(
            name="test", host="127.0.0.1", port=0, data_path=self.folder, metrics_file=None,
            ttl=TtlConfig(), allow_origins=(), allow_hosts=(),
        )  # fmt: skip
        address = bind(config.host, config.port)
        app = make_app(source, config, log=self.log)
        self.enter(serving(app, address))
        return Site(address.url)

    def files(self):
        return self.serve(FileSource(self.folder / "api", log=self.log))

    def database(self, source, engine=ENGINE):
        place = DatabasePlace(data_source=source, engine=engine)
        return self.serve(self.enter(open_database(place, log=self.log)))

    @contextmanager
    def exporting(self, source, memory=None):
        """Export into both until the block is left; `memory` is that of a checkpoint."""
        own = SimpleNamespace(section="sql", log=self.log, data_dir=self.folder, lease=int)
        config = SqlConfig(data_source=source, engine=ENGINE)
        files = JsonConfig(path=self.folder / "api")
        journal = Journal.open(self.folder / "journal")
        with ExitStack() as stack:
            stack.callback(journal.close)

            def enter(manager):
                return stack.enter_context(self.portal.wrap_async_context_manager(manager))

            made = Exports(self.portal, journal, enter(open_json(files, own)),
                           enter(open_sql(config, own)))  # fmt: skip
            made.sql.read_lines_from(LinesOfJournal(journal))
            for each, data in zip(made.sql.projections(), memory or (), strict=False):
                each.load(data)
            yield made


class Exports:
    def __init__(self, portal, journal, json_files, sql):
        self.portal, self.journal, self.json, self.sql = portal, journal, json_files, sql
        self.events, self.cursor = [], None

    def tell(self, hours, *, exporters=None, is_ended=False):
        """Let so many hours of the story have happened, and export."""
        story = Story(hours)
        for event in story.events[self.journal.last_seq :]:
            self.events.append(self.journal.append(event.time, event.stream, event.body))
        status = EngineStatus(
            state=EngineState.ENDED if is_ended else EngineState.RUNNING, since=START,
            clock="live", heartbeat=wall_time(), every=timedelta(hours=1),
        )  # fmt: skip
        view = attrs.evolve(story.view(), seq=self.journal.last_seq, engine=status)
        self.show(view, exporters)
        return view

    def show(self, view, exporters=None):
        for exporter in exporters or (self.json, self.sql):
            cursor = self.portal.call(exporter.cursor)
            events = [event for event in self.events if event.seq > cursor]
            self.portal.call(exporter.export, events, view)


@pytest.fixture
def bench(tmp_path):
    with ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal())
        yield Bench(portal, stack, tmp_path)


def compare(files, database, number):
    """Hold all answers against each other, once both are of their export of that number."""
    database.until(lambda got: got.headers["Nof0-Export"] == str(number))
    for route in ROUTES:
        assert database.ask(route).comparable == files.ask(route).comparable, route


def test_answers_are_those_of_the_files_while_an_engine_runs_and_after(bench, source):
    files, database = bench.files(), bench.database(source)
    assert database.ask("trades").json == {"trades": []}
    with bench.exporting(source) as exports:
        for number, hours in enumerate((1, 4, 30, 31, 90), start=1):
            exports.tell(hours)
            compare(files, database, number)
        assert len(database.ask("account-totals").json["accountTotals"]) > 180
        exports.tell(91, is_ended=True)
    compare(files, database, 7)
    assert database.ask("status").json["engine"]["state"] == "ended"
    health = database.ask("health").json
    assert (health["source"], health["status"], health["export"]) == ("database", "ok", 7)
    found = files.ask("account-totals").headers["ETag"]
    assert found == database.ask("account-totals").headers["ETag"]


def test_a_restart_goes_on_and_lost_documents_are_made_again(bench, source, make_target):
    files, database = bench.files(), bench.database(source)
    with bench.exporting(source) as exports:
        exports.tell(40)
        memory = [each.dump() for each in exports.sql.projections()]
        events = exports.events
    compare(files, database, 2)
    with bench.exporting(source, memory) as exports:
        exports.events = list(events)
        cursor = exports.portal.call(exports.sql.cursor)
        assert cursor == len(events)
        exports.tell(60)
        compare(files, database, 3)
        memory = [each.dump() for each in exports.sql.projections()]
        events = exports.events
    bench.portal.call(lambda: make_target(source).execute("DELETE FROM documents WHERE is_piece"))
    with bench.exporting(source, memory) as exports:
        exports.events = list(events)
        assert exports.portal.call(exports.sql.cursor) == 0
        exports.tell(61)
        compare(files, database, 5)


def test_an_export_that_breaks_off_is_not_seen(bench, source, monkeypatch):
    files, database = bench.files(), bench.database(source)
    with bench.exporting(source) as exports:
        exports.tell(30)
        compare(files, database, 1)
        before = {route: database.ask(route).comparable for route in ROUTES}

        async def fail(*_):
            raise RuntimeError

        remove = stored.remove
        monkeypatch.setattr(stored, "remove", fail)
        with pytest.raises(RuntimeError):
            exports.tell(50, exporters=[exports.sql])
        assert {route: database.ask(route).comparable for route in ROUTES} == before
        monkeypatch.setattr(stored, "remove", remove)
        exports.tell(50)
        compare(files, database, 2)


def test_while_the_database_is_away_what_it_showed_last_stands(bench, postgres, emptied):
    with bench.exporting(emptied) as exports:
        exports.tell(5)
    database = bench.database(emptied)
    before = {route: database.ask(route).comparable for route in ROUTES}
    postgres.stop()
    try:
        health = database.until(lambda got: got.json["status"] != "ok", "health")
        assert (health.status, health.json["status"]) == (200, "stale")
        assert {route: database.ask(route).comparable for route in ROUTES} == before
        late = bench.database(emptied)
        got = late.ask("trades")
        assert (got.status, got.headers["Retry-After"]) == (503, "5")
        assert emptied not in json.dumps(got.json)
        assert late.ask("health").status == 503
    finally:
        postgres.start()
    assert late.until(lambda got: got.status == 200, "trades").comparable == before["trades"]
    database.until(lambda got: got.json["status"] == "ok", "health")


def open_files():
    """Return how many files and connections this process has."""
    return len(list(Path("/proc/self/fd").iterdir()))


def test_an_outage_of_hours_is_told_and_costs_nothing(bench, postgres, emptied, monkeypatch):
    """As many looks as three hours have, one in a second; then what has come since is shown."""
    looks, look = [], Mirror._look

    async def counted(self, database):
        looks.append(1)
        await look(self, database)

    monkeypatch.setattr(mirror, "_LOOK", 0.0)
    monkeypatch.setattr(Mirror, "_look", counted)
    files, database = bench.files(), bench.database(emptied)
    with bench.exporting(emptied) as exports:
        exports.tell(5)
        compare(files, database, 1)
        before = {route: database.ask(route).comparable for route in ROUTES}
        postgres.stop()
        database.until(lambda got: got.json["status"] == "stale", "health")
        began, opened_files = len(looks), open_files()
        health = database.until(lambda _: len(looks) > began + LOOKS, "health")
        assert (health.status, health.json["status"]) == (200, "stale")
        assert {route: database.ask(route).comparable for route in ROUTES} == before
        assert open_files() < opened_files + 10
        told = [each for each in bench.log.lines if "cannot be read" in str(each)]
        # Not with each look: only where the reason is another one than before.
        assert 1 <= len(told) < 10
        with pytest.raises(
            ProviderError, match="cannot be reached|connection to the database was lost"
        ):
            exports.tell(30, exporters=[exports.sql])
        postgres.start()
        exports.tell(60)
        database.until(lambda got: got.json["status"] == "ok", "health")
        number = files.ask("trades").headers["Nof0-Export"]
        compare(files, database, number)


@pytest.mark.parametrize(
    ("revision", "words"), [("0001", "run `nof0 db upgrade`"), ("9999", "install the newer nof0")]
)
def test_tables_of_another_version_are_told_and_not_read(
    bench, source, make_target, revision, words
):
    with bench.exporting(source) as exports:
        exports.tell(2)
    target = make_target(source)

    def become(version):
        text = f"UPDATE alembic_version SET version_num = '{version}'"  # noqa: S608 - ours
        bench.portal.call(target.execute, text)

    become(revision)
    database = bench.database(source)
    assert database.ask("trades").status == 503
    assert any(words in str(line) for line in bench.log.lines)
    become(newest())
    database.until(lambda got: got.status == 200, "trades")


def test_a_database_that_is_not_there_yet_is_empty_and_not_made(bench, tmp_path):
    database = bench.database(f"sqlite:///{tmp_path / 'none yet?.db'}")
    assert database.ask("leaderboard").json == {"leaderboard": []}
    assert database.ask("analytics/alpha").status == 404
    assert database.ask("health").json["status"] == "empty"
    assert not list(tmp_path.glob("*.db*"))


def test_a_reader_can_change_nothing(bench, source, make_target):
    with bench.exporting(source) as exports:
        exports.tell(2)
    settings = attrs.evolve(make_target(source).settings, reading=True)

    async def change():
        from sqlalchemy import text

        async with opened(settings) as database, database.transaction() as session:
            await session.execute(text("DELETE FROM documents"))

    with pytest.raises(Exception, match="read"):
        bench.portal.call(change)


def test_a_damaged_document_leaves_the_last_good_one(bench, source, make_target):
    with bench.exporting(source) as exports:
        exports.tell(5)
        database = bench.database(source)
        before = database.ask("trades").comparable
        target = make_target(source)

        async def damage():
            await target.execute(
                "UPDATE documents SET digest = 'x', content = :text WHERE name = 'trades.json'",
                text=b'{"trades":[{"model_id":"al',
            )
            await target.execute(
                "UPDATE documents SET content = :text WHERE name = 'export.json'",
                text=ExportNote(export=9, time=1.0).text(),
            )

        bench.portal.call(damage)
        database.until(lambda got: got.headers["Nof0-Export"] == "9", "positions")
        got = database.ask("trades")
        assert (got.comparable, got.headers["Nof0-Export"]) == (before, "1")
        health = database.ask("health").json
        assert health["documents"]["trades"]["state"] == "stale"
        assert bench.database(source).ask("trades").status == 503
