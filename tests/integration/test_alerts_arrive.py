"""Alerts from what a user's engine meets, to the address that `alert_webhook` names.

Each comes about as the documentation says (docs/errors.md), in a whole engine with its venue.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from decimal import Decimal
from pathlib import Path

import pytest
from called import Called
from failing_check import FAILING_CHECK
from journal_lines import lines_below
from llm_server import LlmServer, Say
from post_receiver import receiver
from slow_pair import COUNTED, LLM, thinks_for_ever

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[2]
MANAGER = """
manager:
  total_equity_usd: 10000
  reserve_equity_pct: 10
  allocation_strategy: fixed
  rebalance_interval: 100h
  state_storage_path: ../data/manager_state.json
traders:
  - id: flip
    model: {model}
    prompt_template: prompts/manager/default.tmpl
    decision_interval: 3m
    allocation_pct: 80
    risk_params: {{min_risk_reward_ratio: 0, min_confidence: 0}}
    {more}
monitoring: {{update_interval: 15s, alert_webhook: "{url}"}}
"""
EXCHANGE = """
default: paper
providers:
  paper: {type: %s, initial_balance_usd: 10000, taker_fee_bps: 4.5, latency: 0s}
"""


FLIPS = """
default_model: flips
models:
  flips:
    backend: baseline
    model_name: random
    params: {seed: 2, trades_per_day: 480, hold: 6m, size_pct: 20, leverage: 3}
"""
"""It wants something in nearly every cycle."""


@pytest.fixture
def channel():
    with receiver(path="alerts", keep=lambda path, headers, body: json.loads(body)) as server:
        yield server


class Arena(Called):
    """The shipped configuration with one trader of its own, and alerts that go to a channel."""

    @classmethod
    def at(cls, folder, channel, *, more="", model="flips", exchange="sim", **options):
        for name in ("etc", "prompts"):
            shutil.copytree(ROOT / name, folder / name)
        manager = MANAGER.format(model=model, more=more, url=channel.url)
        (folder / "etc" / "manager.yaml").write_text(manager)
        (folder / "etc" / "exchange.yaml").write_text(EXCHANGE % exchange)
        (folder / "etc" / "llm.yaml").write_text(FLIPS)
        return cls(directory=folder, **options)

    def plug(self, text):
        (self.directory / "etc" / "mine.py").write_text(text)
        main = self.directory / "etc" / "nof0.yaml"
        main.write_text(main.read_text() + "\nPlugins: [./mine.py]\n")

    def words(self, cycles):
        return ("run", "etc/nof0.yaml", "--data-dir", "data", "--cycles", str(cycles))

    def run(self, cycles):
        self.nof0(*self.words(cycles)).check()

    def records(self, kind):
        lines = lines_below(self.directory / "data" / "journal")
        found = sorted((line for line in lines if line["type"] == kind), key=lambda r: r["seq"])
        return [line["data"] for line in found]


def arrived(channel, arena, code):
    """Return what was posted of a code; it is what the journal has of it."""
    posts = [post for post in channel.got if post["code"] == code]
    recorded = [alert["message"] for alert in arena.records("alert") if alert["code"] == code]
    assert [post["message"] for post in posts] == recorded
    assert posts
    return posts


def test_a_risk_check_that_raises(tmp_path, channel):
    arena = Arena.at(tmp_path, channel, more="risk_checks: [{type: spread}]")
    arena.plug(FAILING_CHECK)
    arena.run(6)
    assert not arena.records("order_intended")
    [post] = arrived(channel, arena, "check_failed")
    assert post["trader"] == "flip"
    assert "ZeroDivisionError" in post["message"]


def test_requests_that_cannot_be_read(tmp_path, channel):
    arena = Arena.at(tmp_path, channel)
    control = tmp_path / "data" / "control"
    control.mkdir(parents=True)
    (control / "requests").write_text("not a directory")
    arena.run(2)
    [post] = arrived(channel, arena, "control_unreadable")
    assert str(control / "requests") in post["message"]


def test_a_poor_sharpe_ratio(tmp_path, channel):
    guards = "exec_guards: {sharpe_pause_threshold: 99, sharpe_pause_duration: 30h}"
    arena = Arena.at(tmp_path, channel, more=guards)
    arena.run(40)
    [trip] = [trip for trip in arena.records("brake_tripped") if trip["brake"] == "sharpe_pause"]
    [post] = arrived(channel, arena, "sharpe_pause")
    assert post["trader"] == trip["trader"] == "flip"
    assert trip["message"] in post["message"]


SHARED = """
from contextlib import asynccontextmanager
from decimal import Decimal

from nof0_core import ExchangeKind, hookimpl
from nof0_core.domain.order import OrderRequest, OrderStatus, Side
from nof0_provider_sim.config import SimExchangeConfig
from nof0_provider_sim.plugin import open_exchange


async def buy(venue, number, quote):
    request = OrderRequest(
        client_id=f"0x{number:032x}", symbol=quote.symbol, side=Side.BUY,
        size=Decimal(1) if quote.mark > 1 else Decimal(100),
        limit_price=Decimal(f"{quote.mark * Decimal('1.02'):.3g}"),
    )
    [outcome] = await venue.place([request], expires_at=None)
    assert outcome.status is OrderStatus.FILLED, outcome


@asynccontextmanager
async def open_shared(config, env):
    # A person who uses the account on the venue's own screen.
    async with open_exchange(config, env) as venue:
        accept, looks = venue.accept_marks, 0

        async def accept_marks(quotes):
            nonlocal looks
            found = await accept(quotes)
            looks += 1
            if looks == 3:
                WHAT
            return found

        venue.accept_marks = accept_marks
        yield venue


@hookimpl
def nof0_exchange_providers():
    return [
        ExchangeKind(
            type="shared", config=SimExchangeConfig, open=open_shared, summary="shared",
            initial_balance_usd=lambda config: config.initial_balance_usd,
        )
    ]
"""
WITHDRAWS = """account = venue._state.account
                account.initial -= 750
                account.raw_usd -= 750
                account.version += 1"""
BUYS = """for number, quote in enumerate(quotes.values()):
                    await buy(venue, number, quote)"""


def test_cash_that_somebody_else_moves(tmp_path, channel):
    arena = Arena.at(tmp_path, channel, exchange="shared")
    arena.plug(SHARED.replace("WHAT", WITHDRAWS))
    arena.run(6)
    assert arrived(channel, arena, "drift")
    [post] = arrived(channel, arena, "foreign_transfer")
    assert "750 USD were moved out of the account" in post["message"]
    *_, moved = arena.records("transferred")
    assert {who: Decimal(usd) for who, usd in moved["amounts"].items()} == {"@unassigned": -750}


def test_isolated_margin_for_a_coin_that_somebody_holds_otherwise(tmp_path, channel):
    arena = Arena.at(tmp_path, channel, exchange="shared", more="margin_mode: isolated")
    arena.plug(SHARED.replace("WHAT", BUYS))
    arena.run(8)
    posts = arrived(channel, arena, "margin_refused")
    # Once for each coin, however often it is wanted.
    assert len({post["symbol"] for post in posts}) == len(posts)
    assert "cannot be traded with isolated margin" in posts[0]["message"]


def test_calls_that_a_kill_cut_short(tmp_path, channel):
    with LlmServer(default=thinks_for_ever) as server:
        arena = Arena.at(tmp_path, channel, model="pair", environment={"URL": server.url})
        (tmp_path / "etc" / "llm.yaml").write_text(LLM)
        process = start(arena)
        notes = tmp_path / "data" / "open_calls" / "flip.jsonl"
        try:
            while not (notes.exists() and b"usage" in notes.read_bytes() and server.count == 2):
                assert process.poll() is None
                time.sleep(0.02)
        finally:
            process.kill()
            process.wait()
    assert not channel.got
    with LlmServer(default=Say(usage=COUNTED)) as server:
        arena.environment["URL"] = server.url
        arena.run(1)
    [post] = arrived(channel, arena, "calls_lost")
    assert post["trader"] == "flip"
    assert "count as spent" in post["message"]


def start(arena):
    return subprocess.Popen(
        [sys.executable, "-m", "nof0_core", *arena.words(50)],
        cwd=arena.directory,
        env=os.environ | dict(arena.environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
