"""A stranger's plugin is installed and used by changing YAML alone."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from journal_lines import lines_below

from nof0_core.testing import Project

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "nof0-provider-example"

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Return a directory into which pip installed the example, as it would into an environment."""
    place = tmp_path_factory.mktemp("example")
    source = shutil.copytree(
        EXAMPLE, place / "source", ignore=shutil.ignore_patterns("build", "*-info")
    )
    target = place / "installed"
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation"]
    done = subprocess.run(
        [*pip, "--disable-pip-version-check", "--target", str(target), str(source)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return target


@pytest.fixture
def project(tmp_path, installed):
    """Return the shipped configuration in a directory of its own, with the plugin installed."""
    shutil.copytree(ROOT / "etc", tmp_path / "etc")
    shutil.copytree(ROOT / "prompts", tmp_path / "prompts")
    return Project(directory=tmp_path, path=(installed,))


def use_example_exchange(project):
    project.write(
        "etc/exchange.yaml",
        """
        default: paper_trading
        providers:
          paper_trading:
            type: example
            balance_usd: 10000
            fee_bps: 7
        """,
    )


def events(project, kind):
    found = lines_below(project.directory / "data" / "journal")
    return [record for record in found if record["type"] == kind]


def test_plugins_command_lists_it(project):
    listed = project.nof0("plugins").check().stdout
    assert "nof0-provider-example" in listed
    assert "quiet_hours" in listed


def test_run_trades_on_the_example_exchange(project):
    use_example_exchange(project)
    project.nof0("run", "etc/nof0.yaml", "--cycles", "30").check()
    fills = [record["data"]["fill"] for record in events(project, "filled")]
    assert fills
    for fill in fills:
        paid, due = float(fill["fee"]), 0.0007 * float(fill["price"]) * float(fill["size"])
        assert paid == pytest.approx(due, abs=1e-6), "not the fee of the example exchange"


def test_quiet_hours_veto_every_entry(project):
    manager = (project.directory / "etc" / "manager.yaml").read_text()
    check = "    risk_checks:\n      - {type: quiet_hours, first: 0, last: 23}\n"
    traders = manager.replace("    allocation_pct: 15\n", "    allocation_pct: 15\n" + check)
    assert traders.count("quiet_hours") == 6
    project.write("etc/manager.yaml", traders)
    project.nof0("run", "etc/nof0.yaml", "--cycles", "30").check()
    codes = {
        verdict["code"]
        for record in events(project, "cycle")
        for judgement in record["data"]["judgements"]
        for verdict in judgement["verdicts"]
    }
    assert "quiet_hour" in codes
    assert not events(project, "filled")


def test_wrong_setting_of_the_plugin_is_reported_with_its_place(project):
    use_example_exchange(project)
    project.replace("etc/exchange.yaml", "fee_bps: 7", "fee_bp: 7")
    outcome = project.nof0("run", "etc/nof0.yaml", "--cycles", "1")
    assert outcome.exit_code == 2
    assert "exchange.yaml:6: providers.paper_trading.fee_bp: unknown key" in outcome.stderr
    assert "fee_bps" in outcome.stderr


def test_without_the_plugin_the_message_says_what_is_installed(project):
    use_example_exchange(project)
    alone = Project(directory=project.directory)
    outcome = alone.nof0("run", "etc/nof0.yaml", "--cycles", "1")
    assert outcome.exit_code == 2
    assert 'unknown exchange provider "example"' in outcome.stderr
    assert "nof0-provider-sim" in outcome.stderr


def use_every_family(project):
    """Let one trader of the shipped configuration trade with nothing but kinds of the example."""
    use_example_exchange(project)
    project.write(
        "etc/market.yaml",
        """
        default: swinging
        providers:
          swinging: {type: wave, start: 2025-07-01T00:00:00Z, days: 40}
        symbols: [BTC]
        intervals: [3m, 4h]
        indicators: [ema20, ema50, macd, rsi7, rsi14, atr3, atr14]
        series_bars: 10
        """,
    )
    entry = {
        "signal": "buy_to_enter",
        "symbol": "btc",
        "leverage": 2,
        "position_size_usd": 500,
        "entry_price": 100_000,
        "stop_loss": 95_000,
        "take_profit": 120_000,
        "confidence": 90,
    }
    project.write(
        "etc/llm.yaml",
        f"""
        default_model: parrot
        backends:
          bird: {{type: recited, answer: '{json.dumps([entry])}'}}
        models:
          parrot: {{backend: bird}}
        """,
    )
    project.write(
        "etc/manager.yaml",
        """
        manager:
          total_equity_usd: 10000
          reserve_equity_pct: 10
          allocation_strategy: {type: favourite, favourite_pct: 60}
          rebalance_interval: 1h
          state_storage_path: ../data/manager_state.json
        traders:
          - id: bird
            prompt_template: prompts/manager/default.tmpl
            executor_prompt_template: prompts/executor/default_prompt.tmpl
            decision_interval: 3m
            allocation_pct: 50
            risk_checks: [{type: quiet_hours, first: 0, last: 0}]
            risk_params: {min_risk_reward_ratio: 0, min_confidence: 50}
        """,
    )
    main = project.directory / "etc" / "nof0.yaml"
    main.write_text(f"{main.read_text()}\nExporters: [{{type: lines}}]\n")


def test_a_run_can_consist_of_nothing_but_kinds_of_the_plugin(project):
    use_every_family(project)
    ran = project.nof0("run", "etc/nof0.yaml", "--cycles", "50", "--with", "watch").check()
    assert "behind at the end: nobody" in ran.stdout + ran.stderr
    (fill, *_) = [record["data"]["fill"] for record in events(project, "filled")]
    assert (fill["symbol"], fill["side"]) == ("BTC", "buy")
    codes = {
        verdict["code"]
        for record in events(project, "cycle")
        for judgement in record["data"]["judgements"]
        for verdict in judgement["verdicts"]
    }
    assert "quiet_hour" in codes
    assert {r["data"]["strategy"] for r in events(project, "rebalanced")} == {"favourite"}
    exported = project.directory / "data" / "exporter" / "lines" / "lines.txt"
    numbers = [int(line.split()[0]) for line in exported.read_text().splitlines()]
    written = lines_below(project.directory / "data" / "journal")
    assert numbers == sorted(record["seq"] for record in written)
    shown = project.nof0("peek", "etc/nof0.yaml").check().stdout
    assert "\n       1 engine_stopped\n" in shown
    assert "--- user\nIt is 2025-07-23 00:00 UTC." in shown
