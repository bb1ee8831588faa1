"""A holder of a lease stands still at any point, another engine takes over, and it is woken."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import anyio
import live_project
import pytest
from eth_account import Account
from hyperliquid_account import AGENT, MAIN
from hyperliquid_desk import AGENT_KEY, OTHER_KEY, D
from postgres_server import PostgresServer
from venue_thread import venue_beside

from nof0_provider_hyperliquid.rehearsal.accounts.pipeline import Pipeline
from nof0_provider_hyperliquid.rehearsal.venue import VenueSettings

# How long it takes is up to who asks for how many, and to the machine.
pytestmark = [pytest.mark.integration, pytest.mark.slow, pytest.mark.timeout(0)]
TESTS = Path(__file__).parents[2]
OTHER = Account.from_key(OTHER_KEY).address
EXCHANGE = """
default: venue
providers:
  venue:
    type: hyperliquid
    private_key: "{key}"
    main_address: "{main}"
    base_url: "{url}"
"""
MARKET = """
default: venue
providers:
  venue: {{type: hyperliquid, base_url: "{url}"}}
symbols: [BTC, ETH]
intervals: [1m]
"""
POSTGRES = """
Postgres: {{DataSource: "{source}", Lease: true}}
"""
WATCHED = """
CREATE TABLE written (writer text, at timestamptz DEFAULT clock_timestamp(), tab text);
CREATE FUNCTION note_writer() RETURNS trigger LANGUAGE plpgsql AS
  $$ BEGIN INSERT INTO written (writer, tab) VALUES (session_user, TG_TABLE_NAME); RETURN NULL;
  END $$;
"""
WHERE = ("place", "commit", "renew", "cycle")


def points():
    """Return points at which the holder stops: a sample, or as many as are wanted."""
    wanted = os.environ.get("NOF0_ENDS") or "2"
    chance = random.Random(18)
    count = 100 if wanted == "all" else min(100, int(wanted))
    return [
        f"{WHERE[number % 4]}:{chance.randint(1, 5)}:{chance.randint(0, 1500)}"
        for number in range(count)
    ]


@pytest.fixture(scope="module")
def postgres():
    server = PostgresServer()
    anyio.run(
        server.execute, "CREATE ROLE first SUPERUSER LOGIN", "CREATE ROLE second SUPERUSER LOGIN"
    )
    try:
        yield server
    finally:
        server.close()


@pytest.fixture
def venue(monkeypatch):
    """A venue with an account for which each engine signs with a key of its own."""
    answer = Pipeline.answer
    taken = []

    def noted(self, body):
        told = answer(self, body)
        if told.signed is not None and body["action"]["type"] == "order":
            taken.append(told.signed[0].lower())
        return told

    monkeypatch.setattr(Pipeline, "answer", noted)
    with venue_beside(VenueSettings(history=timedelta(hours=2))) as opened:
        agents = {AGENT: "first", OTHER: "second"}
        opened.exchange.open_account(MAIN, D(10_000), agents=agents)
        opened.taken = taken
        yield opened


class Engine:
    """A project on a data directory of its own, and a process that runs it."""

    def __init__(self, root, venue, source, key):
        root.mkdir()
        self.root = root
        etc = live_project.write(root).parent
        words = {"key": key, "main": MAIN, "url": venue.base_url}
        (etc / "exchange.yaml").write_text(EXCHANGE.format(**words))
        (etc / "market.yaml").write_text(MARKET.format(**words))
        self._change(etc / "nof0.yaml", "Plugins: [./wave.py]\n", POSTGRES.format(source=source))
        self._change(etc / "manager.yaml", "exchange_provider: paper", "exchange_provider: venue")
        self._change(etc / "manager.yaml", "market_provider: wave", "market_provider: venue")
        self._change(etc / "manager.yaml", "update_interval: 1s", "update_interval: 8s")
        self._change(etc / "executor.yaml", "decision_interval: 1s", "decision_interval: 2s")
        self._change(etc / "llm.yaml", "hold: 5m", "hold: 1m")
        self.address = Account.from_key(key).address.lower()
        self.process = None

    @staticmethod
    def _change(path, old, new):
        text = path.read_text()
        assert old in text, (path, old)
        path.write_text(text.replace(old, new))

    def start(self, **environ):
        runtime = self.root / "runtime"
        runtime.mkdir(exist_ok=True)
        command = [sys.executable, TESTS / "leased_engine.py", "etc/nof0.yaml", "data"]
        with (self.root / "said.log").open("ab") as said:
            self.process = subprocess.Popen(
                list(map(str, command)),
                cwd=self.root,
                # As on another machine: the lock of accounts is not seen there.
                env=os.environ | {"XDG_RUNTIME_DIR": str(runtime)} | environ,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            )

    def said(self):
        return (self.root / "said.log").read_text()[-6000:]

    def stands_still(self):
        assert self.process.poll() is None, self.said()
        status = Path(f"/proc/{self.process.pid}/stat").read_text()
        return status.rpartition(")")[2].split()[0] == "T"

    def records(self, kind):
        folder = self.root / "data" / "journal"
        texts = [file.read_text() for file in sorted(folder.rglob("*.jsonl"))]
        rows = [json.loads(line) for text in texts for line in text.split("\n")[:-1]]
        return sorted((row for row in rows if row["type"] == kind), key=lambda row: row["seq"])

    def cycles(self, lease):
        """Return how many cycles were written under a lease."""
        return sum(int(row["wall"]["lease"]) == lease for row in self.records("cycle"))

    def close(self):
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.send_signal(signal.SIGCONT)
            self.process.wait()


@pytest.fixture
def engines(tmp_path, postgres, venue):
    postgres.database()
    pair = [
        Engine(tmp_path / name, venue, postgres.source(name), key)
        for name, key in (("first", AGENT_KEY), ("second", OTHER_KEY))
    ]
    yield pair
    for engine in pair:
        engine.close()


def until(is_so, engine):
    while not is_so():
        assert engine.process.poll() is None, engine.said()
        time.sleep(0.1)


def fetch(postgres, query):
    async def ask():
        import asyncpg

        connection = await asyncpg.connect(
            host="127.0.0.1", port=postgres.port, user="postgres", database="postgres"
        )
        try:
            return await connection.fetch(query)
        finally:
            await connection.close()

    return anyio.run(ask)


def watch_writers(postgres):
    """Note who has committed a write to which table from now on, leases included."""
    tables = fetch(
        postgres,
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition "
        "AND relnamespace = 'public'::regnamespace AND relname <> 'written'",
    )
    triggers = [
        f"CREATE TRIGGER note AFTER INSERT OR UPDATE OR DELETE ON {row['relname']} "
        "FOR EACH STATEMENT EXECUTE FUNCTION note_writer()"
        for row in tables
    ]
    anyio.run(postgres.execute, WATCHED, *triggers)


def written_by(postgres, writer):
    found = fetch(postgres, f"SELECT tab FROM written WHERE writer = '{writer}'")  # noqa: S608
    return Counter(row["tab"] for row in found)


def lived_through(engines, venue, postgres, stop, **environ):
    """Stop the first engine, let the second take over and trade, wake the first to its end."""
    first, second = engines
    first.start(LEASED_STOP=stop, **environ)
    until(lambda: first.records("engine_started"), first)
    watch_writers(postgres)
    until(first.stands_still, first)
    second.start(**environ)
    until(lambda: second.cycles(lease=2) >= 2, second)
    wrote = written_by(postgres, "first")
    placed = venue.taken.count(first.address)
    first.process.send_signal(signal.SIGCONT)
    code = first.process.wait()
    assert code == 1, first.said()
    assert "taken over" in first.said()
    new = written_by(postgres, "first") - wrote
    return new, venue.taken.count(first.address) - placed


@pytest.mark.parametrize("stop", points())
def test_nothing_of_a_woken_holder_has_an_effect(stop, engines, venue, postgres):
    writes, orders = lived_through(engines, venue, postgres, stop)
    assert (writes, orders) == (Counter(), 0)
    first, second = engines
    starts = second.records("engine_started")
    assert [int(row["wall"]["lease"]) for row in starts][-1] == 2
    if len(starts) == 2:
        # The first one had exported its start: the second went on with that journal.
        assert starts[0] == first.records("engine_started")[0]
    second.process.send_signal(signal.SIGTERM)
    assert second.process.wait() == 0, second.said()


def test_where_a_venue_knows_no_expiry_what_was_being_sent_may_still_land(engines, venue, postgres):
    """That much is left: one request per lane, which had passed every check before the stop.

    Nothing that the woken process begins afterwards leaves, and nothing of it is written.
    """
    writes, orders = lived_through(engines, venue, postgres, "place:1:0", LEASED_EXPIRES="no")
    assert writes == Counter()
    assert orders <= 2
    assert "waiting for orders of the engine before" in engines[1].said()
