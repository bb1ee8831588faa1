"""Bad input: where, what to do, exit code 2, and nothing half done."""

from __future__ import annotations

import gzip
import os
import re
import shutil
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration
ROOT = Path(__file__).parents[2]
BUNDLED = ROOT / "nof0-provider-sim/src/nof0_provider_sim/data/hyperliquid_2025_07"


@pytest.fixture
def project(tmp_path, run_in):
    """A copy of the shipped configuration that a test may spoil."""
    shutil.copytree(ROOT / "etc", tmp_path / "etc")
    shutil.copytree(ROOT / "prompts", tmp_path / "prompts")
    run = run_in(tmp_path / "data", tmp_path / "etc" / "nof0.yaml", is_apart=False)

    def spoil(file, old, new, count=1):
        path = tmp_path / file
        text = path.read_text()
        assert re.search(old, text, re.MULTILINE), f"{old} is not in {file}"
        path.write_text(re.sub(old, new, text, count=count, flags=re.MULTILINE))

    run.spoil = spoil
    run.root = tmp_path
    return run


def refused(run, *words, options=("--cycles", "1")):
    outcome = run.run(*options)
    text = outcome.stdout + outcome.stderr
    assert outcome.returncode == 2, text
    for word in words:
        assert re.search(word, text), f"{word!r} is not in:\n{text}"
    assert "Traceback" not in text
    assert not run.journal_files
    return text


def test_a_misspelt_key(project):
    project.spoil("etc/manager.yaml", r"reserve_equity_pct", "reserve_equity_pc")
    refused(project, r"manager.yaml:\d+: manager.reserve_equity_pc", r"reserve_equity_pct")


def test_a_wrong_type(project):
    project.spoil("etc/manager.yaml", r"^(\s+)total_equity_usd:.*$", r"\1total_equity_usd: plenty")
    refused(project, r"manager.yaml:\d+: manager.total_equity_usd", "plenty")


def test_several_problems_are_told_at_once(project):
    project.spoil("etc/manager.yaml", r"reserve_equity_pct", "reserve_equity_pc")
    project.spoil("etc/executor.yaml", r"^max_positions:.*$", "max_positions: many")
    refused(project, "reserve_equity_pc", "executor.yaml:.*max_positions", "2 files")


def test_an_unknown_provider(project):
    project.spoil("etc/exchange.yaml", r"type: sim", "type: simm")
    refused(project, r"exchange.yaml:\d+", 'unknown exchange provider "simm"', '"sim"')


def test_an_unknown_model(project):
    project.spoil("etc/manager.yaml", r"^(\s+)model: .*$", r"\1model: oracle-9000")
    refused(project, r"manager.yaml:\d+.*model.*oracle-9000")


def test_a_missing_prompt(project):
    project.spoil(
        "etc/manager.yaml", r"^(\s+)prompt_template: .*$", r"\1prompt_template: prompts/none.tmpl"
    )
    refused(project, r"manager.yaml:\d+.*prompt_template.*none.tmpl")


def test_an_undefined_name_in_a_template(project):
    path = project.root / "prompts/executor/default_prompt.tmpl"
    lines = len(path.read_text().splitlines())
    path.write_text(path.read_text().rstrip("\n") + "\n{{ acount.equity }}\n")
    refused(project, rf"default_prompt.tmpl:{lines + 1}", "acount")


def test_allocation_beyond_what_there_is(project):
    project.spoil("etc/manager.yaml", r"^(\s+)allocation_pct: .*$", r"\1allocation_pct: 95")
    refused(project, r"manager.yaml:\d+.*allocation", "90")


def test_a_duplicate_trader_id(project):
    text = (project.root / "etc/manager.yaml").read_text()
    first, second = re.findall(r"^\s+- id: (\S+)", text, re.MULTILINE)[:2]
    project.spoil("etc/manager.yaml", rf"- id: {second}$", f"- id: {first}")
    refused(project, rf"manager.yaml:\d+.*{first}")


def candles(project, edit):
    """Let the market read a copy of the bundled recording in which one BTC file was edited."""
    folder = project.root / "candles"
    shutil.copytree(BUNDLED, folder)
    [path] = folder.glob("*btc_3m*")
    lines = gzip.decompress(path.read_bytes()).decode().splitlines()
    path.write_bytes(gzip.compress(("\n".join(edit(lines)) + "\n").encode()))
    project.spoil("etc/market.yaml", r"^(\s+)type: sim.*$", r"\1type: sim\n\1data: ../candles")
    return path.name


@pytest.mark.parametrize(
    ("edit", "words"),
    [
        pytest.param(lambda lines: lines[:1], "empty|no bars|no rows", id="empty"),
        pytest.param(
            lambda lines: lines[:3000] + lines[3010:],
            r":3001: 10 3m rows missing.*\n.*gaps: allow",
            id="gap",
        ),
        pytest.param(
            lambda lines: [*lines[:50], lines[51], lines[50], *lines[52:]], r":5[12]", id="unsorted"
        ),
        pytest.param(
            lambda lines: [*lines[:9], re.sub(r",[^,]+,", ",nan,", lines[9], count=1), *lines[10:]],
            r":10",
            id="nan",
        ),
    ],
)
def test_candle_files_that_cannot_be_trusted(project, edit, words):
    name = candles(project, edit)
    outcome = project.run("--cycles", "1")
    assert outcome.returncode in (1, 2)
    text = outcome.stdout + outcome.stderr
    assert name in text
    assert re.search(words, text), text
    assert "Traceback" not in text
    assert not project.records("cycle")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_data_directory_that_cannot_be_written(project):
    project.root.joinpath("locked").mkdir(mode=0o500)
    project.data = project.root / "locked" / "data"
    refused(project, "cannot be written", "--data-dir")


def test_a_data_directory_that_is_a_file(project):
    project.data.write_text("")
    outcome = project.run("--cycles", "1")
    assert outcome.returncode == 2
    assert "--data-dir" in outcome.stderr
    assert "is a file" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_a_market_recorded_at_another_time(project):
    project.spoil("etc/nof0.yaml", r"^(\s+)Start: .*$", r"\1Start: 2030-01-01T00:00:00Z")
    outcome = project.run("--cycles", "1")
    assert outcome.returncode == 2
    assert "was recorded from 2025-07" in outcome.stderr
    assert "Clock.Start" in outcome.stderr
