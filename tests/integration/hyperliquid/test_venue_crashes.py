"""The engine is killed at steps of an order's life at the rehearsal venue, and goes on."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path

import live_project
import pytest
from hyperliquid_account import AGENT, MAIN
from hyperliquid_desk import AGENT_KEY, D
from postgres_server import PostgresServer
from venue_thread import venue_beside

from nof0_provider_hyperliquid.rehearsal.venue import VenueSettings

pytestmark = [pytest.mark.integration, pytest.mark.slow]
PLUGIN = Path(__file__).parents[2] / "data" / "crashing"
STEPS = [
    "entry intended:2",
    "entry sent:2",
    "entry answered:2",
    "exit intended:2",
    "exit sent:2",
    "exit answered:2",
    "close sent:1",
    "leverage:2",
]
"""What is left of them where nothing says how many ends there are to be is the worst one."""
IS_WHOLE = bool(os.environ.get("NOF0_ENDS"))
CHOSEN = STEPS if IS_WHOLE else STEPS[1:2]
DATABASES = ["none", "sqlite", "postgres"] if IS_WHOLE else ["postgres"]
EXCHANGE = """
default: venue
providers:
  venue:
    type: crashing_venue
    private_key: "{key}"
    main_address: "{main}"
    base_url: "{url}"
"""
MARKET = """
default: venue
providers:
  venue: {{type: hyperliquid, base_url: "{url}"}}
symbols: [BTC, ETH, SOL, BNB, DOGE, XRP]
intervals: [1m]
"""

MORE = """
  - {<<: *one, id: three, name: Three}
  - {<<: *one, id: four, name: Four}
"""


class Engine:
    """A project with four traders who toss coins on one account of a venue.

    They hold opposite sides of a coin again and again.
    """

    def __init__(self, root, venue):
        self.root, self.venue = root, venue
        self.log = root / "sent.log"
        etc = live_project.write(root).parent
        words = {"key": AGENT_KEY, "main": MAIN, "url": venue.base_url}
        (etc / "exchange.yaml").write_text(EXCHANGE.format(**words))
        (etc / "market.yaml").write_text(MARKET.format(**words))
        self.change(etc / "nof0.yaml", "Plugins: [./wave.py]\n", "")
        self.change(etc / "manager.yaml", "exchange_provider: paper", "exchange_provider: venue")
        self.change(etc / "manager.yaml", "market_provider: wave", "market_provider: venue")
        self.change(etc / "manager.yaml", "update_interval: 1s", "update_interval: 8s")
        self.change(etc / "manager.yaml", "allocation_pct: 40", "allocation_pct: 22")
        self.change(etc / "manager.yaml", "name: Two}\n", "name: Two}\n" + MORE)
        self.change(etc / "executor.yaml", "decision_interval: 1s", "decision_interval: 2s")
        self.change(etc / "llm.yaml", "hold: 5m", "hold: 1m")

    @staticmethod
    def change(path, old, new):
        text = path.read_text()
        assert old in text, (path, old)
        path.write_text(text.replace(old, new))

    def run(self, until, crash_at="never:0"):
        """Run until something is so, or the process is dead; returns what it ended with."""
        paths = filter(None, (str(PLUGIN), os.environ.get("PYTHONPATH")))
        environment = os.environ | {
            "CRASH_AT": crash_at,
            "CRASH_LOG": str(self.log),
            "PYTHONPATH": os.pathsep.join(paths),
        }
        command = [sys.executable, "-m", "nof0_core", "run", "etc/nof0.yaml"]
        with (
            (self.root / "said.log").open("a") as said,
            subprocess.Popen(
                command,
                cwd=self.root,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
            ) as process,
        ):
            try:
                while process.poll() is None and not until():
                    time.sleep(0.2)
                if process.poll() is None:
                    process.send_signal(signal.SIGTERM)
                return process.wait()
            finally:
                process.kill()

    def records(self, kind):
        folder = self.root / "data" / "journal"
        texts = [file.read_text() for file in sorted(folder.rglob("*.jsonl"))]
        # What has no end yet is being written.
        rows = [json.loads(line) for text in texts for line in text.split("\n")[:-1]]
        found = [row for row in rows if row.get("type") == kind]
        return sorted(found, key=lambda row: row["seq"])

    @property
    def account(self):
        return self.venue.exchange.state.accounts[MAIN.lower()]

    def executed(self):
        fills = list(self.account.fills)
        return {(str(f["oid"]), D(f["sz"]), D(f["px"]), D(f["fee"])) for f in fills}

    def booked(self):
        fills = [row["data"]["fill"] for row in self.records("filled")]
        return {(f["venue_order_id"], D(f["size"]), D(f["price"]), D(f["fee"])) for f in fills}

    def cash(self):
        """What the fills left of the deposit: with equal positions, equity is equal, too."""
        fills = [row["data"]["fill"] for row in self.records("filled")]
        signs = {"buy": -1, "sell": 1}
        traded = sum(signs[f["side"]] * D(f["size"]) * D(f["price"]) - D(f["fee"]) for f in fills)
        paid = [row["data"]["amounts"] for row in self.records("funding")]
        return D(10_000) + traded + sum(D(v) for each in paid for v in each.values())

    def cash_at_venue(self):
        held = self.account.positions.values()
        return sum(self.account.pools.values()) + sum(position.raw for position in held)

    def undecided(self):
        """Orders nobody can say anything of."""
        last = {
            row["data"]["outcome"]["client_id"]: row["data"]["outcome"]["status"]
            for row in self.records("order_answered")
        }
        return {c for c in self.intended() if last.get(c) in {None, "unknown"}}

    def intended(self):
        return {row["data"]["request"]["client_id"] for row in self.records("order_intended")}

    def nof0(self, *words):
        """Run another command on the project; returns what it said."""
        paths = filter(None, (str(PLUGIN), os.environ.get("PYTHONPATH")))
        done = subprocess.run(
            [sys.executable, "-m", "nof0_core", *words],
            cwd=self.root,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def journal(self):
        """Return the files of the journal."""
        folder = self.root / "data" / "journal"
        return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.jsonl")}


@pytest.fixture(params=DATABASES)
def beside(request, tmp_path):
    """The data source of a database beside the engine, "" for none."""
    if request.param == "none":
        yield ""
    elif request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'beside.db'}"
    else:
        server = PostgresServer()
        yield server.source()
        server.close()


@pytest.mark.parametrize("step", CHOSEN)
def test_a_kill_leaves_no_order_twice_and_loses_no_fill(step, beside, tmp_path):
    with venue_beside(VenueSettings(history=timedelta(hours=2))) as venue:
        venue.exchange.open_account(MAIN, D(10_000), agents={AGENT: "nof0"})
        # What starts after kills may ask within a minute has tests of its own.
        venue.limits.of("127.0.0.1").weight.most = 100_000
        engine = Engine(tmp_path, venue)
        if beside:
            main = tmp_path / "etc" / "nof0.yaml"
            section = f"\nExporters: [json, {{type: sql, data_source: '{beside}'}}]\n"
            main.write_text(main.read_text() + section)
        killed = engine.run(lambda: False, step)
        assert killed == -signal.SIGKILL, (tmp_path / "said.log").read_text()[-3000:]
        before = len(engine.account.orders)

        assert engine.run(lambda: len(engine.account.orders) >= before + 3) == 0
        engine.nof0("halt", "etc/nof0.yaml")

        def is_whole():
            return engine.booked() == engine.executed() and not engine.undecided()

        # A venue that was asked too much just before the end tells what happened after it.
        if not is_whole():
            assert engine.run(is_whole) == 0, (tmp_path / "said.log").read_text()[-3000:]

        sent = engine.log.read_text().split()
        assert len(set(sent)) == len(sent), "an order was handed over twice"
        assert not venue.audit.duplicates
        assert "scheduleCancel" not in venue.audit.by_type()
        # What the venue executed is what the ledger has, to the last digit.
        assert engine.booked() == engine.executed()
        assert abs(engine.cash() - engine.cash_at_venue()) < D("0.01")
        assert [r for r in engine.records("reconciled") if r["data"]["drift"]] == []
        assert not engine.undecided()
        assert {order.cloid for order in engine.account.orders.values()} <= engine.intended()

        if beside:
            assert "equal the journal" in engine.nof0("db", "check", "etc/nof0.yaml")
            # Without its directory the engine knows what it knew, and the venue agrees.
            before = engine.journal()
            shutil.rmtree(tmp_path / "data")
            engine.nof0("db", "restore", "etc/nof0.yaml")
            assert engine.journal() == before
            # A halt that nobody had heard yet was a file of the directory.
            engine.nof0("halt", "etc/nof0.yaml")
            began = len(engine.records("cycle"))
            assert engine.run(lambda: len(engine.records("cycle")) > began + 3 and is_whole()) == 0
            assert [r for r in engine.records("reconciled") if r["data"]["drift"]] == []
            assert engine.booked() == engine.executed()
            assert not venue.audit.duplicates
