"""`nof0 check` knows before the start what a run would find in its candle files."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from nof0_core.cli import cli
from nof0_core.errors import ConfigError

T = 1_752_624_000_000  # 2025-07-16T00:00:00Z
HOUR = 3_600_000
HEADER = "timestamp_ms,open,high,low,close,volume"


@pytest.fixture
def project(tmp_path):
    assert CliRunner().invoke(cli, ["init", str(tmp_path)]).exit_code == 0
    return tmp_path


def candles(project, name="btc_1h.csv", length=HOUR, count=48, start=T):
    folder = project / "candles"
    folder.mkdir(exist_ok=True)
    rows = [f"{start + at * length},100,103,99,101,5" for at in range(count)]
    (folder / name).write_text("\n".join([HEADER, *rows, ""]))


def write(project, file, *changes):
    path = project / "etc" / file
    text = path.read_text()
    for pattern, new in changes:
        text, count = re.subn(pattern, new, text, flags=re.MULTILINE)
        assert count, pattern
    path.write_text(text)


def own(project, *, symbols="[BTC]", intervals="[1h]", start="2025-07-16T02:00:00Z"):
    write(
        project,
        "market.yaml",
        ("type: sim.*", "type: sim\n    data: ../candles"),
        ("^symbols: .*", f"symbols: {symbols}"),
        ("^intervals: .*", f"intervals: {intervals}"),
    )
    write(project, "nof0.yaml", (r"Start: \S+", f"Start: {start}"))


def check(project):
    result = CliRunner().invoke(cli, ["check", str(project / "etc" / "nof0.yaml")])
    if isinstance(result.exception, ConfigError):
        return str(result.exception)
    assert result.exit_code == 0, result.exception
    return result.output


def test_a_fault_in_a_candle_file_is_told_with_its_line(project):
    candles(project)
    own(project)
    path = project / "candles" / "btc_1h.csv"
    path.write_text(path.read_text() + "broken\n")
    told = check(project)
    assert "market.yaml" in told
    assert "btc_1h.csv:50: 1 values where 6 belong" in told


def test_a_start_outside_of_the_period_is_told_with_the_period(project):
    candles(project)
    own(project, start="2025-07-23T00:00:00Z")
    told = check(project)
    assert "from 2025-07-16 01:00 to 2025-07-18 00:00 UTC, but Clock.Start is 2025-07-23" in told


def test_coins_and_bars_the_market_lacks_are_told(project):
    candles(project)
    own(project, symbols="[BTC, ETH]", intervals="[1h, 4h]")
    told = check(project)
    assert "has no ETH, which holder trades" in told
    assert "has no 4h bars of BTC" in told
    assert "nof0 data resample" in told


def test_prices_too_old_for_the_rhythm_are_told_with_the_share_of_cycles(project):
    candles(project)
    own(project)
    write(
        project,
        "llm.yaml",
        (r"^    params:", "    params:\n      interval: 1h"),
        (r"symbols: .*", "symbols: [BTC]"),
    )
    told = check(project)
    found = re.search(
        r"cross_fast decides every 3m on prices that change every 1h: in (\d+) of (\d+)", told
    )
    # Ages are 0, 3, … 57 minutes, of which 0 and 3 are within five.
    assert found is not None, told
    assert found.groups() == ("18", "20")


def test_prices_that_are_always_too_old_are_a_problem(project):
    candles(project)
    own(project, start="2025-07-16T02:30:00Z")
    write(project, "executor.yaml", (r"^decision_interval: \S+", "decision_interval: 1h"))
    manager = project / "etc" / "manager.yaml"
    text = re.sub(
        r"decision_interval: \S+?([,}\s])", r"decision_interval: 1h\1", manager.read_text()
    )
    manager.write_text(text)
    assert "they are 30 min old whenever holder decides" in check(project)


def test_the_shipped_market_fits(project):
    told = check(project)
    assert "is fine" in told
    assert "older than" not in told


def test_params_of_a_rule_that_its_trader_does_not_see_are_told(project):
    candles(project)
    own(project)
    told = check(project)
    assert 'holder asks buy-and-hold: params.symbols names "ETH", which is not among' in told
    assert 'params.interval is "3m", but it sees bars of 1h' in told


PLUGIN = """
import attrs
from nof0_core import ServiceKind, hookimpl

@attrs.frozen(kw_only=True)
class Config:
    pass

@hookimpl
def nof0_market_providers():
    return [
        ServiceKind(
            type="odd", config=Config, open=print, summary="", is_recorded=lambda _: True,
            foresee=lambda _: {},
        ),
    ]
"""


@pytest.mark.parametrize(
    ("answer", "said"), [("1 / 0", "raised ZeroDivisionError"), ("7", "7 is no MarketOutlook")]
)
def test_a_plugin_that_fails_to_foresee_is_named_and_the_rest_is_told(project, answer, said):
    (project / "etc" / "odd.py").write_text(PLUGIN.format(answer))
    write(project, "market.yaml", ("type: sim.*", "type: odd"))
    write(project, "nof0.yaml", ("^LLM:", "Plugins: [./odd.py]\nLLM:"))
    told = check(project)
    assert "is fine" in told
    assert "note: " in told
    assert "of market recorded nothing is known before it opens" in told
    assert said in told
    assert "a defect of" in told
    assert "odd.py" in told


def test_a_changed_capital_of_a_run_that_goes_on_is_told(project):
    main = str(project / "etc" / "nof0.yaml")
    assert CliRunner().invoke(cli, ["run", main, "--cycles", "1"]).exit_code == 0
    assert "when the run" not in check(project)
    write(project, "manager.yaml", (r"total_equity_usd: \d+", "total_equity_usd: 9000"))
    write(project, "nof0.yaml", (r"^Seed: \d+", "Seed: 8"))
    write(project, "exchange.yaml", (r"initial_balance_usd: \d+", "initial_balance_usd: 20000"))
    told = check(project)
    assert "initial_balance_usd of exchange paper_trading was 10000 when the run" in told
    assert "is 20000 now: the account keeps what it has" in told
    assert "manager.total_equity_usd was 10000 when the run" in told
    assert "Seed was 7" in told
    # Also after a run with the new number: the accounts still have the old one.
    again = CliRunner().invoke(cli, ["run", main, "--cycles", "1"])
    assert "total_equity_usd was 10000" in again.output
    assert "total_equity_usd was 10000" in check(project)


def test_capital_above_the_paper_account_is_told(project):
    write(project, "manager.yaml", (r"total_equity_usd: \d+", "total_equity_usd: 20000"))
    assert "its account begins with 10000" in check(project)


def test_a_cluster_as_cache_is_refused(project):
    write(project, "nof0.yaml", (r"Type: node", "Type: cluster"))
    assert "Cache" in check(project)
