"""`nof0 traders settle` as a person uses it: real processes, paper exchange, a kill half-way."""

from __future__ import annotations

import json
import shutil
import signal
from decimal import Decimal
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[2]
KILLER = """
import os
import signal

from nof0_core import hookimpl
from nof0_core.execution.settling import Settling

book = Settling._book


def book_and_die(self, *arguments):
    book(self, *arguments)
    self._recorder.events.flush()
    os.kill(os.getpid(), signal.SIGKILL)


Settling._book = book_and_die


@hookimpl
def nof0_risk_checks():
    return []
"""


@pytest.fixture
def project(tmp_path, run_in):
    """The shipped configuration after some cycles; then the venue has DOGE nobody can explain."""
    shutil.copytree(ROOT / "etc", tmp_path / "etc")
    shutil.copytree(ROOT / "prompts", tmp_path / "prompts")
    run = run_in(tmp_path / "data", tmp_path / "etc" / "nof0.yaml")
    assert run.run("--cycles", "10").returncode == 0
    account = run.data / "exchange" / "paper_trading" / "paper_account.jsonl"
    first = run.records("engine_started")[0]["time"]
    assert first == "2025-07-23T00:00:00Z"
    # Traded before the first start: no statement lists it, and the account shows it from now on.
    order = {
        "is": "order", "at_ms": 1753228700000, "venue_order_id": 9001, "client_id": "0x" + "0" * 32,
        "symbol": "DOGE", "side": "buy", "size": "500", "limit_price": "1", "tif": "ioc",
        "is_reduce_only": False, "trigger_kind": None, "trigger_price": None, "pair": None,
        "sent_ms": 1753228700000, "trigger_is_market": True,
    }  # fmt: skip
    fill = {
        "is": "fill", "at_ms": 1753228700000, "trade_id": 9001, "venue_order_id": 9001,
        "price": "0.25", "size": "500", "fee": "0", "is_taker": True,
    }  # fmt: skip
    with account.open("a") as file:
        file.write(json.dumps([order, fill]) + "\n")
    run.settle = lambda *words: run.nof0(
        "traders", "settle", str(run.config), *words, "--data-dir", str(run.data)
    )
    return run


def booked(run):
    """What was settled, as (trader, side, coin, size)."""
    fills = [r["data"] for r in run.records("filled")]
    return [
        (f["trader"], f["fill"]["side"], f["fill"]["symbol"], f["fill"]["size"])
        for f in fills
        if f["fill"]["trade_id"].startswith("settled-")
    ]


def answers(run):
    return [(r["data"]["outcome"], r["data"]["message"]) for r in run.records("control")]


def told(run, code):
    return [r["data"]["message"] for r in run.records("alert") if r["data"]["code"] == code]


def drift(run):
    return [entry["symbol"] for entry in run.records("reconciled")[-1]["data"]["drift"]]


def test_a_difference_is_settled_at_the_next_start_and_the_books_agree(project):
    assert project.run("--cycles", "1").returncode == 0
    assert drift(project) == ["DOGE"]
    said = project.settle("paper_trading", "DOGE", "--json")
    assert said.returncode == 0, said.stderr
    document = json.loads(said.stdout)
    [row] = document["requests"]
    assert (row["command"], row["venue_account"], row["symbol"]) == (
        "settle", "paper_trading", "DOGE"
    )  # fmt: skip
    assert document["engine"] is None
    status = project.nof0(
        "traders", "status", str(project.config), "--data-dir", str(project.data)
    ).stdout
    assert "waiting: settle paper_trading DOGE" in status
    assert project.run("--cycles", "5").returncode == 0
    assert booked(project) == [("@unassigned", "buy", "DOGE", "500")]
    [(outcome, message)] = answers(project)
    assert outcome == "done"
    [alert] = told(project, "settled")
    assert message in alert
    assert f"{row['by']} settled DOGE: buy 500 DOGE at " in alert
    assert not list((project.data / "control" / "requests").iterdir())
    # The price it was bought for was not the mark: what is left is cash, and booked as such.
    for _ in range(2):
        assert project.run("--cycles", "10").returncode == 0
    assert drift(project) == []
    [moved] = [
        r["data"] for r in project.records("transferred") if r["data"]["reason"] == "outside"
    ]
    price = Decimal(next(
        r["data"]["fill"]["price"] for r in project.records("filled")
        if r["data"]["fill"]["trade_id"].startswith("settled-")
    ))  # fmt: skip
    assert abs(
        Decimal(moved["amounts"]["@unassigned"]) - 500 * (price - Decimal("0.25"))
    ) <= Decimal("0.01")
    assert booked(project) == [("@unassigned", "buy", "DOGE", "500")]
    assert not [
        r for r in project.records("order_intended") if r["data"]["trader"] == "@unassigned"
    ]
    assert project.nof0("journal", "verify", str(project.data)).returncode == 0
    shown = project.nof0("journal", "list", str(project.data), "--type", "control").stdout
    assert "settle paper_trading DOGE: done" in shown


def test_killed_between_booking_and_answer_it_is_booked_once(project):
    assert project.run("--cycles", "1").returncode == 0
    assert project.settle("paper_trading", "DOGE").returncode == 0
    plain = project.config.read_text()
    (project.config.parent / "killer.py").write_text(KILLER)
    project.config.write_text(plain + "\nPlugins: [./killer.py]\n")
    killed = project.run("--cycles", "5")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert len(booked(project)) == 1
    assert answers(project) == []
    project.config.write_text(plain)
    assert project.run("--cycles", "5").returncode == 0
    assert booked(project) == [("@unassigned", "buy", "DOGE", "500")]
    assert answers(project) == [("done", "it was booked already")]
    assert len(told(project, "settled")) == 1
    assert project.nof0("journal", "verify", str(project.data)).returncode == 0


def test_what_cannot_be_settled_is_refused_with_a_reason(project):
    wrong = project.settle("elsewhere", "DOGE")
    assert wrong.returncode == 2
    assert 'no trader uses an exchange "elsewhere"' in wrong.stderr
    assert "paper_trading" in wrong.stderr
    assert not (project.data / "control").exists()
    for coin in ("PEPE", "BTC"):
        assert project.settle("paper_trading", coin).returncode == 0
    assert project.run("--cycles", "2").returncode == 0
    assert answers(project) == [
        ("refused", "paper_trading knows no coin PEPE; what differs is DOGE"),
        ("refused", "ledger and venue do not differ on BTC; what differs is DOGE"),
    ]
    assert booked(project) == []
