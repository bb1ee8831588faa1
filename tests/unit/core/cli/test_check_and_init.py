"""`nof0 init` writes what `nof0 check` finds nothing wrong with: the shipped configuration."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from called import started

from nof0_core import config as configuration
from nof0_core.cli.init import starter_files
from nof0_core.errors import ConfigError
from nof0_core.plugins import load_plugins
from nof0_core.runtime.preview import preflight
from nof0_core.testing.project import Project

ROOT = Path(__file__).parents[4]
CANARIES = {
    "ZENMUX_API_KEY": "canary-a",
    "HYPERLIQUID_PRIVATE_KEY": "canary-b",
    "HYPERLIQUID_MAIN_ADDRESS": "canary-c",
}


@pytest.fixture
def project(tmp_path):
    return started(tmp_path / "demo")


def test_what_init_writes_is_what_the_repository_ships():
    shipped = {
        str(path.relative_to(ROOT)): path.read_bytes()
        for top in ("etc", "prompts")
        for path in (ROOT / top).rglob("*")
        if path.is_file() and path.name != ".env"
    }
    starter = {str(name): source.read_bytes() for name, source in starter_files()}
    assert starter == shipped, "copy etc/ and prompts/ to nof0-core/src/nof0_core/starter/"


def test_a_fresh_directory_is_ready_to_run(project):
    text = project.apart("check", "etc/nof0.yaml").check().stdout
    assert text.startswith("etc/nof0.yaml is fine: 6 traders\n")
    assert (
        "3600 times as fast, standing still while work is done, from 2025-07-23T00:00:00Z" in text
    )
    assert str(project.directory / "data") in text
    assert "note:" not in text


def test_check_says_how_capital_is_divided(project):
    text = project.nof0("check", "etc/nof0.yaml").check().stdout
    assert re.search(r"capital +10000 USD, 10 % in reserve\n", text)
    assert re.search(r"allocation +performance_based every 6h\n", text)
    exchanges = project.directory / "etc/exchange.yaml"
    second = "  second: {type: sim, initial_balance_usd: 10000}\n"
    exchanges.write_text(exchanges.read_text().replace("providers:\n", f"providers:\n{second}"))
    manager = project.directory / "etc/manager.yaml"
    before, last = manager.read_text().rsplit("    allocation_pct: 15\n", 1)
    manager.write_text(f"{before}    allocation_pct: 15\n    exchange_provider: second\n{last}")
    text = project.nof0("check", "etc/nof0.yaml").check().stdout
    parts = "each exchange account on its own: 8333.33 USD on paper_trading, 1666.67 USD on second"
    assert f"performance_based every 6h, {parts}\n" in text


RULES = """
import attrs
from nof0_core import PolicyKind, hookimpl

@attrs.frozen(kw_only=True)
class Wide:
    pass

@hookimpl
def nof0_risk_checks():
    return [PolicyKind(type="wide", config=Wide, build=lambda config: config, summary="looks",
        needs_order_books=True, sees_venue_account=True)]
"""


def test_check_says_which_traders_see_more_than_the_others(project):
    plain = project.nof0("check", "etc/nof0.yaml").check().stdout
    assert "of its own" not in plain
    project.write("etc/rules.py", RULES)
    main = (project.directory / "etc/nof0.yaml").read_text()
    project.write("etc/nof0.yaml", main + "\nPlugins: [./rules.py]\n")
    manager = (project.directory / "etc/manager.yaml").read_text()
    share = "    allocation_pct: 15\n"
    own = f"{share}    indicators: [{{name: fast, function: EMA, timeperiod: 3}}, macd]\n"
    wide = f"{share}    risk_checks: [wide]\n"
    first, second, rest = manager.split(share, 2)
    project.write("etc/manager.yaml", first + own + second + wide + rest)
    # Books in a template that only baselines are given: nobody reads them.
    shown = (project.directory / "prompts/executor/default_prompt.tmpl").read_text()
    project.write("prompts/executor/default_prompt.tmpl", shown + "{{ coins[0].book is none }}\n")

    text = project.nof0("check", "etc/nof0.yaml").check().stdout
    one, two, *others = (t.id for t in configuration.load(
        project.directory / "etc/nof0.yaml", load_plugins()
    ).traders)  # fmt: skip
    said = re.findall(r"^  (\S+) +((?:indicators of|sees) .+)$", text, re.MULTILINE)
    assert said == [
        (one, "indicators of its own: fast macd"),
        (two, "sees order books"),
        (two, "sees all traders of its exchange account"),
    ]
    found = json.loads(project.nof0("check", "etc/nof0.yaml", "--json").check().stdout)
    seen = {t["id"]: (t["indicators"], t["sees"]) for t in found["traders"]}
    common = ["ema20", "ema50", "macd", "rsi7", "rsi14", "atr3", "atr14"]
    assert seen[one] == (["fast", "macd"], [])
    assert seen[two] == (common, ["order books", "all traders of its exchange account"])
    assert seen[others[0]] == (common, [])


def test_check_writes_nothing(project):
    before = sorted(project.directory.rglob("*"))
    project.nof0("check", "etc/nof0.yaml").check()
    assert sorted(project.directory.rglob("*")) == before


def test_init_never_overwrites(project):
    (project.directory / "etc/nof0.yaml").write_text("mine")
    outcome = project.nof0("init", ".")
    assert outcome.exit_code == 2
    assert "nothing was written" in outcome.stderr
    assert (project.directory / "etc/nof0.yaml").read_text() == "mine"


def test_init_into_a_file_is_refused(project):
    project.write("file", "x")
    outcome = project.nof0("init", "file")
    assert outcome.exit_code == 2
    assert "Traceback" not in outcome.stderr


def test_check_as_json(project):
    facts = json.loads(project.nof0("check", "etc/nof0.yaml", "--json").check().stdout)
    assert facts["ok"] is True
    assert [t["id"] for t in facts["traders"]] == [
        "holder",
        "cross_fast",
        "cross_patient",
        "reverter",
        "coin_flip",
        "coin_flip_busy",
    ]
    assert facts["exporters"] == [
        {"name": "json", "type": "json"},
        {"name": "prometheus", "type": "prometheus"},
    ]
    assert facts["warnings"] == []


def test_check_shows_all_problems_and_exits_with_2(project):
    project.replace("etc/executor.yaml", "max_positions: 4", "max_position: 4")
    project.replace("etc/market.yaml", "default: recorded", "default: recordet")
    outcome = project.nof0("check", "etc/nof0.yaml")
    assert outcome.exit_code == 2
    assert 'max_position: unknown key, did you mean "max_positions"?' in outcome.stderr
    assert 'default: unknown market section "recordet", did you mean "recorded"?' in outcome.stderr
    assert outcome.stderr.rstrip().endswith("2 problems in 2 files")
    as_json = project.nof0("check", "etc/nof0.yaml", "--json")
    assert as_json.exit_code == 2
    found = json.loads(as_json.stdout)
    assert found["ok"] is False
    assert {"etc/executor.yaml", "etc/market.yaml"} <= {p["file"] for p in found["problems"]}


MINE = "  big: {backend: mine, model_name: b}\n"


def test_of_an_endpoint_its_host_is_told_and_of_a_missing_key_what_it_is(project):
    section = "backends:\n  mine:\n    type: openai\n    api_key: word\n\nmodels:\n"
    project.replace("etc/llm.yaml", "models:\n", section + MINE)
    project.replace("etc/manager.yaml", "model: ema-cross\n", "model: big\n")
    assert re.search(r"asks +mine at api.openai.com\n", project.nof0("check").check().stdout)
    project.replace("etc/llm.yaml", "api_key: word", "timeout: 60s")
    refused = project.apart("check")  # This process has read "word" as a secret.
    assert "backends.mine.api_key: required key is missing\n" in refused.stderr
    assert "  any word for an endpoint that wants none" in refused.stderr
    project.replace("etc/llm.yaml", "timeout: 60s", "api_key: ${NO_SUCH_KEY}")
    assert "environment variable NO_SUCH_KEY is not set" in project.nof0("check").stderr


def test_a_fault_in_a_template_is_found(project):
    name = "prompts/executor/default_prompt.tmpl"
    file = project.directory / name
    file.write_text(file.read_text() + "\n{{ no_such_thing }}\n")
    outcome = project.nof0("check", "etc/nof0.yaml")
    assert outcome.exit_code == 2
    assert "no_such_thing" in outcome.stderr


def test_warnings_are_notes(project):
    project.replace("etc/executor.yaml", "min_confidence: 75", "min_confidence: 0.75")
    text = project.nof0("check", "etc/nof0.yaml").check().stdout
    assert "note: etc/executor.yaml:" in text
    assert "min_confidence: is 0.75 of 100" in text


SLEEPER = """
from contextlib import asynccontextmanager
import attrs
from nof0_core import BackendKind, hookimpl

@attrs.frozen(kw_only=True)
class Nothing:
    pass

@asynccontextmanager
async def open_thinker(config, env):
    yield None

@hookimpl
def nof0_llm_backends():
    return [BackendKind(type="thinker", config=Nothing, open=open_thinker, summary="thinks")]
"""


@pytest.mark.parametrize(
    ("speed", "lockstep", "is_noted"),
    [("61", "false", True), ("60", "false", False), ("61", "true", False)],
)
def test_a_model_that_reads_prompts_on_a_hurried_clock_that_runs_on_is_noted(
    project, speed, lockstep, is_noted
):
    project.write("etc/thinker.py", SLEEPER)
    main = project.directory / "etc" / "nof0.yaml"
    text = re.sub(r"Speed: \S+", f"Speed: {speed}", main.read_text())
    text = text.replace("Lockstep: true", f"Lockstep: {lockstep}")
    main.write_text(text + "\nPlugins: [./thinker.py]\n")
    llm = project.directory / "etc" / "llm.yaml"
    llm.write_text(llm.read_text() + "\n  slow:\n    backend: thinker\n")
    project.replace("etc/manager.yaml", "model: mean-reversion", "model: slow")
    text = project.nof0("check", "etc/nof0.yaml").check().stdout
    assert ("Clock.Speed is 61: slow will answer" in text) is is_noted
    assert ("`Lockstep: true` in Clock, or `nof0 run --cycles N`" in text) is is_noted
    assert ("standing still while work is done" in text) is (lockstep == "true")


@pytest.mark.parametrize(
    ("most", "lockstep", "command", "is_noted"),
    [
        (2, "true", ("check",), True),
        (2, "false", ("check",), False),
        (1, "true", ("check",), False),
        (2, "false", ("run", "--cycles", "1"), True),
    ],
)
def test_deciding_at_the_same_time_is_noted_where_time_stands_still(
    project, most, lockstep, command, is_noted
):
    most = f"max_concurrent_decisions: {most}"
    project.replace("etc/executor.yaml", "max_concurrent_decisions: 1", most)
    project.replace("etc/nof0.yaml", "Lockstep: true", f"Lockstep: {lockstep}")
    done = project.nof0(*command, "etc/nof0.yaml").check()
    assert ((done.stdout + done.stderr).count(f"note: {most.replace(':', ' is')}") == 1) is is_noted
    assert ("max_concurrent_decisions" in done.stdout + done.stderr) is is_noted


def test_a_data_directory_can_be_given(project):
    text = project.nof0("check", "etc/nof0.yaml", "--data-dir", "other").check().stdout
    assert str(project.directory / "other" / "api") in text


def test_the_live_configuration_names_what_is_missing(tmp_path, monkeypatch):
    """Without the venue's package there is one clear message, and no secret in any of them."""
    for top in ("etc", "prompts"):
        shutil.copytree(ROOT / top, tmp_path / top)
    monkeypatch.chdir(tmp_path)
    registry = load_plugins({"NOF0_PLUGINS": "nof0-provider-sim"})
    with pytest.raises(ConfigError) as caught:
        configuration.load("etc/live.yaml", registry, environ=CANARIES)
    text = str(caught.value)
    assert 'exchange provider "hyperliquid" is' in text
    assert 'LLM backend "openai" is' in text
    assert "canary" not in text


def test_the_shipped_configuration_passes_with_its_templates(monkeypatch):
    monkeypatch.chdir(ROOT)
    config = configuration.load("etc/nof0.yaml", load_plugins({}), environ={})
    preflight(config)
    assert config.warnings == ()
    assert sum(trader.allocation_pct for trader in config.traders) == 90


@pytest.fixture
def with_broken_plugin(tmp_path, project):
    site = tmp_path / "site"
    info = site / "broken_nof0-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: broken-nof0\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[nof0.v1]\nbroken = broken_nof0\n")
    (site / "broken_nof0.py").write_text(
        "from nof0_core import hookimpl\n\n@hookimpl\ndef nof0_risk_checks():\n    pass\n"
    )
    return Project(directory=project.directory, path=(site,))


WHY = "nof0_risk_checks returned None; return a list of PolicyKind (broken_nof0.py:3)"


def test_a_plugin_that_failed_is_told_and_fails_nothing_that_does_not_need_it(with_broken_plugin):
    text = with_broken_plugin.nof0("check", "etc/nof0.yaml").check().stdout
    assert f"note: plugin broken-nof0 1.0 failed to load: {WHY}" in text
    outcome = with_broken_plugin.nof0("check", "etc/nof0.yaml", "--json").check()
    [warning] = json.loads(outcome.stdout)["warnings"]
    assert warning["message"] == f"plugin broken-nof0 1.0 failed to load: {WHY}"


def test_a_plugin_that_failed_and_is_needed_fails_the_check(with_broken_plugin):
    with_broken_plugin.replace(
        "etc/manager.yaml", "\nmanager:\n", "\nmanager:\n  allocation_strategy: broken\n"
    )
    outcome = with_broken_plugin.nof0("check", "etc/nof0.yaml")
    assert outcome.exit_code == 2
    assert 'allocation_strategy: unknown allocation strategy "broken"' in outcome.stderr
    assert f"failed to load: broken-nof0 1.0 — {WHY}" in outcome.stderr


def test_check_notes_a_timeout_that_lowers_nothing(project):
    project.write(
        "etc/slow.py",
        """
        from datetime import timedelta

        import attrs
        from nof0_core import ServiceKind, hookimpl, opt
        from nof0_provider_sim.config import SimMarketConfig
        from nof0_provider_sim.plugin import open_market


        @attrs.frozen(kw_only=True)
        class Slow(SimMarketConfig):
            timeout: timedelta | None = opt(default=None)


        @hookimpl
        def nof0_market_providers():
            return [
                ServiceKind(
                    type="slow",
                    config=Slow,
                    open=open_market,
                    summary="",
                    timeout=lambda config: config.timeout,
                    is_recorded=lambda config: True,
                )
            ]
        """,
    )
    with (project.directory / "etc/nof0.yaml").open("a") as file:
        file.write("\nPlugins: [./slow.py]\n")
    for timeout, notes in (("1h", 1), ("8s", 0)):
        text = (project.directory / "etc/market.yaml").read_text()
        project.write(
            "etc/market.yaml",
            re.sub(
                r"type: (sim|slow\n    timeout: 1h)", f"type: slow\n    timeout: {timeout}", text
            ),
        )
        said = project.nof0("check", "etc/nof0.yaml").check().stdout
        assert said.count("has no effect: it only lowers limits") == notes
        assert said.count("a timeout of 1h has no effect") == notes
    facts = json.loads(project.nof0("check", "etc/nof0.yaml", "--json").check().stdout)
    assert facts["warnings"] == []


LIVE = """
    import attrs
    from nof0_core import ServiceKind, hookimpl

    @attrs.frozen(kw_only=True)
    class Config:
        pass

    @hookimpl
    def nof0_market_providers():
        return [
            ServiceKind(type="live", config=Config, open=print, summary=""{}),
        ]
"""


@pytest.mark.parametrize("is_known", [True, False])
def test_a_live_market_on_a_clock_of_its_own_is_told_before_a_run_refuses_it(project, is_known):
    project.write("etc/live.py", LIVE.format(", is_recorded=lambda _: False" if is_known else ""))
    project.replace("etc/market.yaml", "type: sim  ", "type: live  ")
    project.replace("etc/nof0.yaml", "\nLLM:\n", "\nPlugins: [./live.py]\nLLM:\n")
    outcome = project.nof0("check", "etc/nof0.yaml")
    if is_known:
        assert outcome.exit_code == 2
        assert "is a live market, but Clock.Start in the main file sets a time" in outcome.stderr
        assert "etc/market.yaml:6: " in outcome.stderr
    else:
        note = "note: etc/market.yaml:6: whether market recorded is a recording is seen when it"
        assert note in outcome.check().stdout


def test_a_market_that_does_not_say_what_it_is_is_a_defect_with_a_name(project):
    project.write("etc/live.py", LIVE.format(", is_recorded=lambda _: 1 / 0"))
    project.replace("etc/market.yaml", "type: sim  ", "type: live  ")
    project.replace("etc/nof0.yaml", "\nLLM:\n", "\nPlugins: [./live.py]\nLLM:\n")
    outcome = project.nof0("check", "etc/nof0.yaml")
    assert outcome.exit_code == 2
    assert "is_recorded raised ZeroDivisionError: division by zero: a defect of" in outcome.stderr
