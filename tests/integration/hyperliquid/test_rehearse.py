"""`nof0 rehearse` as a user gives it: a real engine in a process of its own, killed and all."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pytest
from called import started

from nof0_core.project import load_config, passed_rehearsal
from nof0_provider_hyperliquid.rehearse import running
from nof0_provider_hyperliquid.rehearse.steps import (
    Step,
    close_by_hand,
    end,
    enter,
    halt,
    kill,
    lose_a_stop,
)

pytestmark = pytest.mark.integration
KEY = "0x" + "77" * 32
STEPS = (
    Step("traders enter", enter),
    Step("a stop is lost", lose_a_stop),
    Step("the engine is killed", kill),
    Step("closed by hand", close_by_hand),
    Step("a halt", halt),
    Step("the end", end),
)
MANAGER = """
manager: {total_equity_usd: 1000, reserve_equity_pct: 10, allocation_strategy: fixed}
traders:
  - id: only_one
    name: Only One
    prompt_template: ../prompts/manager/default.tmpl
    model: coin-flip
    decision_interval: 1h
    allocation_pct: 90
    auto_start: false
    symbols: [BTC]
    risk_params: {max_positions: 1, max_position_size_usd: 300}
    exec_guards: {stop_deadline: 2m}
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project of one paused trader who would trade real money."""
    monkeypatch.setattr(running, "STEPS", STEPS)
    monkeypatch.setattr(running, "RHYTHM", timedelta(seconds=5))
    found = started(tmp_path / "demo", environment={"COLUMNS": "80"})
    etc = found.directory / "etc"
    (etc / "manager.yaml").write_text(MANAGER)
    (etc / "market.yaml").write_text(
        "providers: {prices: {type: hyperliquid}}\nsymbols: [BTC]\nintervals: [3m]\n"
    )
    (etc / "exchange.yaml").write_text(
        "providers:\n  mine:\n    type: hyperliquid\n    private_key: ${MY_KEY}\n"
        f"    main_address: '0x{'88' * 20}'\n    testnet: false\n"
    )
    main = etc / "nof0.yaml"
    text = re.sub(r"(?m)^Clock:\n(?: .*\n)*|^Env:.*\n", "", main.read_text())
    main.write_text(f"{text}\nEnv: prod\n")
    return found


def test_real_money_waits_for_a_rehearsal_and_one_that_is_passed_is_noted(project, tmp_path):
    project.environment["MY_KEY"] = KEY
    refused = project.nof0("run", "etc/nof0.yaml", "--yes")
    assert refused.exit_code == 2
    assert "mine trades with real money, and this configuration was not rehearsed" in refused.stderr
    assert "nof0 rehearse" in refused.stderr
    del project.environment["MY_KEY"]

    kept = tmp_path / "kept"
    outcome = project.nof0("rehearse", "etc/nof0.yaml", "--json", "--keep", str(kept))
    document = json.loads(outcome.stdout)
    assert (outcome.exit_code, document["passed"]) == (0, True), outcome.stdout + outcome.stderr
    assert [step["name"] for step in document["steps"]] == [step.name for step in STEPS]
    assert document["longest_unprotected_ms"] <= document["allowed_unprotected_ms"]
    assert {"hand", "the engine"} & {row["ended_by"] for row in document["positions"]}
    assert all(row["coin"] == "BTC" for row in document["positions"])
    assert all(row["ended"] is not None for row in document["positions"])

    config = load_config(project.directory / "etc" / "nof0.yaml", environ={"MY_KEY": KEY})
    assert passed_rehearsal(config, "rehearse") is not None
    assert "rehearse" not in project.nof0("check", "etc/nof0.yaml").stdout
    # What the engine of a rehearsal wrote is apart from the data of the run.
    assert not (config.state_dir / "journal").exists()
    written = b"".join(path.read_bytes() for path in kept.rglob("*") if path.is_file())
    assert KEY.encode() not in written
    assert (kept / "journal").is_dir()


def test_what_was_not_passed_is_not_noted_and_says_where_to_look(project, monkeypatch):
    async def fails(_):
        return False, "it was not so"

    monkeypatch.setattr(running, "STEPS", (Step("nothing", fails), Step("the end", end)))
    outcome = project.nof0("rehearse", "etc/nof0.yaml")
    assert outcome.exit_code == 1
    assert "FAIL  nothing" in outcome.stdout
    assert "NOT PASSED" in outcome.stdout
    assert "journal and log: " in outcome.stdout
    assert "MY_KEY" in outcome.stdout
    assert max(len(line) for line in outcome.stdout.split("\n") if "journal and" not in line) <= 80
    assert not list(project.directory.rglob("rehearsals.json"))


def test_a_configuration_without_the_venue_is_refused(tmp_path):
    found = started(tmp_path / "demo")
    outcome = found.nof0("rehearse", "etc/nof0.yaml")
    assert outcome.exit_code == 2
    assert "no trader uses an exchange section of type hyperliquid" in outcome.stderr
