"""Core's own exporters against the suite for exporters."""

from __future__ import annotations

import json
import sqlite3
from contextlib import asynccontextmanager, closing
from typing import Any

import attrs
import pytest
from post_receiver import receiver
from redis_server import RedisServer

from nof0_core.domain.journal_line import JournalLine
from nof0_core.exporters.kinds import EXPORTERS
from nof0_core.exporters.redis.config import RedisConfig
from nof0_core.exporters.sql.config import SqlConfig
from nof0_core.exporters.webhook import WebhookConfig
from nof0_core.testing.contracts import ExporterContract, Written
from nof0_core.testing.contracts.exporter import Files

KINDS = {kind.type: kind for kind in EXPORTERS}


class Content(Files):
    """What files say of the run; the number of the export is meant to grow each time."""

    def state(self):
        found = super().state()
        note = found.pop("export.json", None)
        return found, note and json.loads(note)["documents"]


class TestFiles(ExporterContract):
    @pytest.fixture(params=["json", "prometheus"])
    def kind(self, request):
        return KINDS[request.param]

    @pytest.fixture
    def written(self, opener):
        return Content(opener.env.data_dir)


@attrs.frozen
class Heard(Written):
    server: Any

    def state(self):
        return list(self.server.got)


class TestWebhook(ExporterContract):
    @pytest.fixture
    def kind(self):
        return KINDS["webhook"]

    @pytest.fixture
    def server(self):
        def keep(path, headers, body):
            """Keep what it is sent, with the key that tells repetitions."""
            return headers["Idempotency-Key"], json.loads(body)

        with receiver(path="alerts", keep=keep) as server:
            yield server

    @pytest.fixture
    def config(self, server):
        return WebhookConfig(url=server.url)

    @pytest.fixture
    def written(self, server):
        return Heard(server)


class LinesOf:
    """Lines of the suite's events, as a journal would have them."""

    def __init__(self, events):
        self._lines = [
            JournalLine(
                seq=event.seq, time=event.time, stream=event.stream, type=event.body.type,
                line=b"%d" % event.seq, hash=f"{event.seq:064x}",
            )
            for event in events
        ]  # fmt: skip

    async def between(self, after, last):
        return [line for line in self._lines if after < line.seq <= last]

    async def checkpoint(self, above):
        return None


class Table(Written):
    """The rows of a database; when they were written, and in which export, left out."""

    def __init__(self, path):
        self._path = path

    def state(self):
        with closing(sqlite3.connect(self._path)) as connection:
            names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            found = {
                name: sorted(connection.execute(f'SELECT * FROM "{name}"').fetchall(), key=str)  # noqa: S608
                for (name,) in names.fetchall()
                if name != "cursors"
            }
            documents = connection.execute(
                "SELECT engine, name, is_piece, digest, content FROM documents "
                "WHERE name <> 'export.json'"
            )
            return {**found, "documents": sorted(documents.fetchall())}


class TestSql(ExporterContract):
    @pytest.fixture
    def kind(self, events):
        """The engine hands over what reads lines, and asks for the cursor before all else."""
        real = KINDS["sql"]

        @asynccontextmanager
        async def opened(config, env):
            async with real.open(config, env) as exporter:
                exporter.read_lines_from(LinesOf(events))
                await exporter.cursor()
                yield exporter

        return attrs.evolve(real, open=opened)

    @pytest.fixture
    def config(self, tmp_path):
        return SqlConfig(data_source=f"sqlite:///{tmp_path / 'nof0.db'}", engine="suite")

    @pytest.fixture
    def written(self, tmp_path):
        return Table(tmp_path / "nof0.db")


class Keys(Written):
    """All keys of a server; how long they live is left out."""

    def __init__(self, server):
        self._server = server

    def state(self):
        with self._server.client() as client:
            read = {"string": client.get, "hash": client.hgetall}
            return {key: read[client.type(key)](key) for key in client.scan_iter()}


class TestRedis(ExporterContract):
    @pytest.fixture
    def kind(self):
        return KINDS["redis"]

    @pytest.fixture
    def server(self):
        server = RedisServer()
        yield server
        server.close()

    @pytest.fixture
    def config(self, server):
        return RedisConfig(host=server.host)

    @pytest.fixture
    def written(self, server):
        return Keys(server)


def test_every_exporter_is_covered():
    assert set(KINDS) == {"json", "prometheus", "redis", "sql", "webhook"}
