"""Before a run trades at a venue: real money is refused unless meant, and somebody is asked."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys

import pytest
from called import started

from nof0_core.clock import wall_time
from nof0_core.project import keep_rehearsal, load_config

VENUE = """
from contextlib import asynccontextmanager

import attrs
from nof0_core import ExchangeKind, MarketRef, Stake, hookimpl, opt
from nof0_provider_sim.config import SimExchangeConfig
from nof0_provider_sim.plugin import open_exchange

@attrs.frozen(kw_only=True)
class Config:
    market: MarketRef = opt(default=MarketRef(""))
    network: str = opt(default="test")
    private_key: str = opt(default="", secret=True)

def stake(config):
    if config.network == "broken":
        raise RuntimeError("no " + config.private_key)
    return {"paper": Stake.PAPER, "test": Stake.TEST, "real": Stake.REAL}.get(config.network, 7)

@asynccontextmanager
async def open_it(config, env):
    async with open_exchange(SimExchangeConfig(market=config.market), env) as exchange:
        yield exchange

@hookimpl
def nof0_exchange_providers():
    return [
        ExchangeKind(
            type="venue", config=Config, open=open_it, summary="a venue", stake=stake,
            account=lambda config: "0xabc", rehearsal="practise",
        )
    ]
"""


@pytest.fixture
def project(tmp_path):
    return started(tmp_path / "demo")


def give(project, network: str, env: str = "dev"):
    """Let the project trade at a venue of the plugin above."""
    etc = project.directory / "etc"
    (etc / "venue.py").write_text(VENUE)
    (etc / "exchange.yaml").write_text(
        "providers:\n"
        "  paper_trading:\n"
        f"    type: venue\n    network: {network}\n    private_key: key-that-nobody-sees\n"
    )
    main = etc / "nof0.yaml"
    lines = [line for line in main.read_text().split("\n") if not line.startswith("Env:")]
    main.write_text("\n".join(lines) + f"\nPlugins: [./venue.py]\nEnv: {env}\n")
    return project


def rehearsed(project) -> None:
    """Note that the project has passed."""
    config = load_config(project.directory / "etc" / "nof0.yaml")
    keep_rehearsal(config, "practise", time=wall_time())


def run(project, *options: str):
    return project.nof0("run", "etc/nof0.yaml", "--cycles", "1", *options)


@pytest.mark.parametrize("env", ["dev", "test"])
@pytest.mark.parametrize("command", ["check", "run"])
def test_real_money_is_refused_where_the_main_file_does_not_say_prod(project, command, env):
    give(project, "real", env)
    outcome = project.nof0(command, "etc/nof0.yaml")
    assert outcome.exit_code == 2
    said = outcome.stdout + outcome.stderr
    assert (
        "exchange.yaml:2: providers.paper_trading: trades with real money, but Env in the main"
        in said
    )
    assert f"in the main file is {env}" in said
    assert "Env: prod" in said
    assert not (project.directory / "data").exists()


def test_paper_money_is_traded_without_a_word(project):
    outcome = run(give(project, "paper")).check()
    assert "paper money" not in outcome.stdout + outcome.stderr


def test_without_a_terminal_nothing_is_traded_at_a_venue_unless_somebody_said_yes(project):
    give(project, "test")
    outcome = run(project)
    assert outcome.exit_code == 2
    assert "no terminal to ask on" in outcome.stderr
    assert "start it with --yes" in outcome.stderr
    assert not (project.directory / "data" / "journal").exists()
    outcome = run(project, "--yes").check()
    assert "paper_trading: test money of venue\n  account 0xabc\n" in outcome.stderr
    assert "capital 10000 USD" in outcome.stderr
    assert "up to 10x on BTC ETH, else 5x; cross" in outcome.stderr
    assert "brakes" in outcome.stderr
    assert "key-that-nobody-sees" not in outcome.stdout + outcome.stderr


def test_real_money_waits_for_a_rehearsal_of_just_this_configuration(project):
    give(project, "real", "prod")
    outcome = run(project, "--yes")
    assert outcome.exit_code == 2
    assert (
        "paper_trading trades with real money, and this configuration was not rehearsed"
        in outcome.stderr
    )
    assert "nof0 practise etc/nof0.yaml" in outcome.stderr.replace(f"{project.directory}/", "")
    assert "until this configuration has passed" in project.nof0("check", "etc/nof0.yaml").stdout
    rehearsed(project)
    assert "until this configuration" not in project.nof0("check", "etc/nof0.yaml").check().stdout
    assert "paper_trading: real money of venue" in run(project, "--yes").check().stderr
    # Another capital is another configuration.
    project.replace("etc/manager.yaml", "total_equity_usd: 10000", "total_equity_usd: 9000")
    assert "was not rehearsed" in run(project, "--yes").stderr


def test_a_record_of_rehearsals_that_cannot_be_read_lets_nothing_start(project):
    give(project, "real", "prod")
    rehearsed(project)
    path = next(project.directory.rglob("rehearsals.json"))
    assert json.loads(path.read_text())[0]["command"] == "practise"
    path.write_text("{")
    outcome = run(project, "--yes")
    assert outcome.exit_code == 2
    assert "which rehearsals were passed cannot be read" in outcome.stderr
    assert "rehearse again" in outcome.stderr


@pytest.mark.parametrize(
    ("network", "said"),
    [
        ("broken", "venue: stake raised RuntimeError: no [redacted]: a defect of etc/venue.py"),
        ("strange", "the stake of venue is 7, which is no Stake"),
    ],
)
def test_a_kind_that_cannot_say_what_is_at_stake_is_refused(project, network, said):
    outcome = give(project, network).nof0("check", "etc/nof0.yaml")
    assert outcome.exit_code == 2
    assert said in outcome.stderr
    assert "key-that-nobody-sees" not in outcome.stderr


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("n", 2), ("", 2)])
def test_on_a_terminal_somebody_is_asked(project, answer, code):
    give(project, "test")
    ours, theirs = pty.openpty()
    os.write(ours, f"{answer}\n".encode())
    command = [sys.executable, "-m", "nof0_core", "run", "etc/nof0.yaml", "--cycles", "1"]
    done = subprocess.run(
        command,
        cwd=project.directory,
        stdin=theirs,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NO_COLOR": "1"},
    )
    os.close(ours)
    os.close(theirs)
    assert done.returncode == code, done.stderr
    assert "Trade with this? [y/N]" in done.stderr
    assert ("nothing was started" in done.stderr) == bool(code)
