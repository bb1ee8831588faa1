"""The process is killed at every step of an order's life; the next start puts everything right."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

import pytest
from postgres_server import PostgresServer

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[2]
PLUGIN = ROOT / "tests" / "data" / "crashing"
IS_WHOLE = bool(os.environ.get("NOF0_ENDS"))
STEPS = [
    "leverage:2",
    "entry intended:2",
    "entry sent:2",
    "entry answered:2",
    "exit intended:2",
    "exit sent:2",
    "exit answered:2",
    "exit standing:2",
    "close intended:1",
    "close sent:1",
    "close answered:1",
    "close recorded:1",
]
"""Whole with `NOF0_ENDS`; each kind of order at two of its steps without."""
SAMPLE = STEPS if IS_WHOLE else [*STEPS[1:3], *STEPS[5:8:2], *STEPS[9:11]]


@pytest.fixture
def run(tmp_path, run_in):
    shutil.copytree(ROOT / "etc", tmp_path / "etc")
    shutil.copytree(ROOT / "prompts", tmp_path / "prompts")
    exchange = tmp_path / "etc" / "exchange.yaml"
    exchange.write_text(exchange.read_text().replace("type: sim ", "type: crashing "))
    run = run_in(tmp_path / "data", tmp_path / "etc" / "nof0.yaml")
    run.log = tmp_path / "sent.log"

    def start(cycles, crash_at="never:0"):
        environment = dict(os.environ, CRASH_AT=crash_at, CRASH_LOG=str(run.log))
        paths = (str(PLUGIN), os.environ.get("PYTHONPATH"))
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        return subprocess.run(
            [
                sys.executable,
                "-m",
                "nof0_core",
                "run",
                str(run.config),
                "--data-dir",
                str(run.data),
                "--cycles",
                str(cycles),
            ],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    run.begin = start
    return run


@pytest.mark.parametrize("step", SAMPLE)
def test_killed_at(step, run):
    killed = run.begin(400, step)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    went_on = run.begin(1)
    assert went_on.returncode == 0, went_on.stderr
    assert_whole(run)
    # Before its first intent a decision is on no disk yet, and nothing has been sent either.
    interrupted = assert_cycles_ended(run)
    assert len(interrupted) <= (step != "leverage:2")
    # The last steps may come after the end of the cycle.
    assert interrupted or step.startswith(("leverage", "exit standing", "close rec"))
    assert run.begin(30).returncode == 0
    assert_whole(run)
    assert assert_cycles_ended(run) == interrupted
    assert run.nof0("journal", "verify", str(run.data)).returncode == 0
    # Nobody waits for an answer any more: an order is done or rests at the venue.
    resting, _ = json.loads(run.log.with_suffix(".venue").read_text())
    last = {
        r["data"]["outcome"]["client_id"]: r["data"]["outcome"]["status"]
        for r in run.records("order_answered")
    }
    for record in run.records("order_intended"):
        client_id = record["data"]["request"]["client_id"]
        is_done = last.get(client_id) not in (None, "unknown", "resting")
        assert is_done or client_id in resting, record


def test_killed_three_times_in_a_row_around_the_same_orders(run):
    """Before an entry left, before its answer, before its stop's: each start goes on from there."""
    for step in ("entry intended:1", "entry sent:1", "exit sent:1"):
        killed = run.begin(400, step)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert run.begin(1).returncode == 0
    assert_whole(run)
    assert_cycles_ended(run)
    assert run.nof0("journal", "verify", str(run.data)).returncode == 0


@pytest.fixture(scope="module")
def postgres():
    server = PostgresServer()
    yield server
    server.close()


@pytest.fixture(params=["sqlite", "postgres"] if IS_WHOLE else ["postgres"])
def beside(request, tmp_path):
    """The data source of an empty database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'beside.db'}"
    return request.getfixturevalue("postgres").database()


@pytest.mark.parametrize("step", STEPS if IS_WHOLE else STEPS[9:10])
def test_killed_with_a_database_beside(step, run, beside):
    """The tables equal the journal after it; without the directory the database tells of it."""
    text = run.config.read_text()
    run.config.write_text(f"{text}\nExporters: [json, {{type: sql, data_source: '{beside}'}}]\n")
    killed = run.begin(400, step)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert run.begin(1).returncode == 0
    assert_whole(run)
    assert_tables_equal(run)
    known = run.records("order_intended")
    shutil.rmtree(run.data)
    went_on = run.begin(20)
    assert went_on.returncode == 0, went_on.stderr
    assert {str(record) for record in known} <= {str(r) for r in run.records("order_intended")}
    assert_whole(run)
    assert_tables_equal(run)


def assert_tables_equal(run):
    exchange = run.config.with_name("exchange.yaml")
    crashing = exchange.read_text()
    exchange.write_text(crashing.replace("type: crashing ", "type: sim "))
    checked = run.nof0("db", "check", str(run.config), "--data-dir", str(run.data))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    exchange.write_text(crashing)


def assert_cycles_ended(run):
    """Each decision has one record of the end of its cycle, which knows the orders sent."""
    ends = [r["data"] for r in run.records("cycle") if r["data"]["decided"] is not None]
    by_decision = {end["decided"]: end for end in ends}
    assert len(ends) == len(by_decision)
    assert set(by_decision) == {r["seq"] for r in run.records("decided")}
    numbers = [(r["data"]["trader"], r["data"]["number"]) for r in run.records("cycle")]
    assert len(numbers) == len(set(numbers))
    told = {
        order["request"]["client_id"]
        for end in ends
        for order in end["orders"]
        if order["outcome"] is not None
    }
    for record in run.records("order_intended"):
        if record["data"]["purpose"] in ("open", "close"):
            assert record["data"]["request"]["client_id"] in told
    return [end for end in ends if end["status"] == "interrupted"]


def assert_whole(run):
    """One order per intent, ledger and venue equal, every position with its stop."""
    sent = Counter(run.log.read_text().split())
    assert max(sent.values()) == 1, "an order was sent twice"
    intents = {r["data"]["request"]["client_id"]: r["data"] for r in run.records("order_intended")}
    assert set(sent) <= set(intents), "an order left without its intent"
    assert [r for r in run.records("reconciled") if r["data"]["drift"]] == []
    # Where traders hold opposite sides, the engine watches; when it ends, it says so.
    assert {r["data"]["code"] for r in run.records("alert")} <= {"unprotected_at_end"}

    ids = [r["data"]["fill"]["trade_id"] for r in run.records("filled")]
    assert len(ids) == len(set(ids))
    held = defaultdict(Decimal)
    for record in run.records("filled"):
        fill = record["data"]["fill"]
        sign = 1 if fill["side"] == "buy" else -1
        held[record["data"]["trader"], fill["symbol"]] += sign * Decimal(fill["size"])
    resting, sizes = json.loads(run.log.with_suffix(".venue").read_text())
    net = defaultdict(Decimal)
    for (_, symbol), size in held.items():
        net[symbol] += size
    assert {s: n for s, n in net.items() if n} == {s: Decimal(n) for s, n in sizes.items()}

    watcher = {
        (r["data"]["trader"], r["data"]["symbol"]): r["data"]["protection"]
        for r in run.records("exit_plan")
    }
    stops = {
        (intent["trader"], intent["request"]["symbol"]): Decimal(resting[client_id])
        for client_id, intent in intents.items()
        if intent["purpose"] == "stop" and client_id in resting
    }
    positions = {key: size for key, size in held.items() if size}
    assert positions
    for key, size in positions.items():
        assert watcher[key] in ("venue", "engine"), f"nobody watches {key}"
        if watcher[key] == "venue":
            assert stops[key] == abs(size), f"{key} has no stop for all of it"
