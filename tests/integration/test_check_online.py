"""`nof0 check --online` and what kinds say of a config as a whole, as a user sees them."""

from __future__ import annotations

import importlib
import json

import pytest
from called import started
from llm_server import LlmServer

pytestmark = pytest.mark.integration
LOOKING = """
import asyncio
import sys
from contextlib import asynccontextmanager

import anyio
import attrs
from nof0_core import PolicyKind, ServiceKind, hookimpl, opt
from nof0_core.domain.finding import Finding, FindingLevel

@attrs.frozen(kw_only=True)
class Looks:
    how: str = opt(default="ok")
    low: int = opt(default=0)
    high: int = opt(default=1)
    token: str = opt(default="", secret=True)

async def look(config, env):
    if config.how == "raises":
        raise SystemExit(f"with {config.token}")
    if config.how == "cancels":
        raise asyncio.CancelledError
    if config.how == "nothing":
        return None
    if config.how == "opens":
        env.market("")
    if config.how == "stays":
        with anyio.CancelScope(shield=True):
            while True:
                try:
                    await anyio.sleep_forever()
                except asyncio.CancelledError:
                    pass
    if config.how == "hangs":
        await anyio.sleep_forever()
    return [Finding(level=FindingLevel.OK, sentence=f"{env.section} sees {config.token}")]

def validate(config):
    if config.how == "explodes":
        raise RuntimeError("no " + config.token)
    if config.how == "silent":
        return "text"
    return ["low must be below high"] if config.low >= config.high else []

@asynccontextmanager
async def open_it(config, env):
    raise AssertionError("check opens nothing")
    yield

@hookimpl
def nof0_exporters():
    return [
        ServiceKind(
            type="looks", config=Looks, open=open_it, summary="looks", check_online=look,
            validate=validate,
        )
    ]

@attrs.frozen(kw_only=True)
class Rule:
    low: int = opt(default=0)
    high: int = opt(default=1)

@hookimpl
def nof0_risk_checks():
    return [
        PolicyKind(
            type="rule", config=Rule, build=lambda config: None, summary="a rule",
            validate=lambda c: [] if c.low < c.high else ["low must be below high"],
        )
    ]
"""


@pytest.fixture
def project(tmp_path):
    found = started(tmp_path / "demo")
    (found.directory / "etc" / "looks.py").write_text(LOOKING)
    return found


def give(project, *exporters: str) -> None:
    """Set the exporters of a project, with the plugin above."""
    main = project.directory / "etc" / "nof0.yaml"
    entries = "".join(f"\n  - {one}" for one in exporters)
    main.write_text(main.read_text() + f"\nPlugins: [./looks.py]\nExporters:{entries}\n")


def rows(outcome):
    found = json.loads(outcome.stdout)["online"]
    return {row["section"]: [(f["level"], f["sentence"]) for f in row["findings"]] for row in found}


def test_every_section_is_asked_and_one_bad_plugin_harms_nobody(project):
    hows = ("ok", "raises", "cancels", "nothing", "opens")
    give(project, *(f"{{type: looks, token: tok-which-nobody-sees, how: {how}}}" for how in hows))
    outcome = project.nof0("check", "etc/nof0.yaml", "--online", "--json")
    assert outcome.exit_code == 2, outcome.stderr
    assert json.loads(outcome.stdout)["ok"] is False
    names = ("looks", "looks-2", "looks-3", "looks-4", "looks-5")
    found = {how: rows(outcome)[name] for how, name in zip(hows, names, strict=True)}
    assert found["ok"] == [("ok", "looks sees [redacted]")]
    assert found["raises"][0][0] == "problem"
    assert "check_online raised SystemExit: with [redacted]" in found["raises"][0][1]
    assert "CancelledError, though nobody cancelled it" in found["cancels"][0][1]
    assert "answered None, not a list of findings" in found["nothing"][0][1]
    assert "looks.py" in found["nothing"][0][1]
    assert found["opens"][0][0] == "problem"
    assert "tok-which-nobody-sees" not in outcome.stdout + outcome.stderr


def test_what_is_well_ends_with_0_and_says_who_was_not_asked(project):
    give(project, "{type: looks, token: tok-which-nobody-sees}")
    outcome = project.nof0("check", "etc/nof0.yaml", "--online").check()
    assert "exporter looks" in outcome.stdout
    assert "looks sees [redacted]" in outcome.stdout
    assert "backend baseline" in outcome.stdout
    assert "its kind has no online check" in outcome.stdout


def test_one_that_hangs_has_a_limit_and_cannot_hold_the_command(project):
    give(
        project,
        "{type: looks, token: tok-which-nobody-sees, how: stays}",
        "{type: looks, token: tok-which-nobody-sees, how: hangs}",
    )
    outcome = project.apart("check", "etc/nof0.yaml", "--online", "--json")
    assert outcome.exit_code == 2
    assert rows(outcome)["looks"] == rows(outcome)["looks-2"]
    assert rows(outcome)["looks"] == [("problem", "no answer within 20 s")]


def test_what_is_wrong_across_fields_is_told_with_all_else_and_its_line(project):
    give(
        project,
        "{type: looks, token: tok-which-nobody-sees, low: 5, high: 5}",
        "{type: looks, token: tok-which-nobody-sees, how: explodes}",
        "{type: looks, token: tok-which-nobody-sees, how: silent}",
        "{type: no_such}",
    )
    manager = project.directory / "etc" / "manager.yaml"
    manager.write_text(
        manager.read_text().replace(
            "    auto_start: true\n",
            "    auto_start: true\n    risk_checks: [{type: rule, low: 3}]\n",
            1,
        )
    )
    outcome = project.nof0("check", "etc/nof0.yaml", "--json")
    assert outcome.exit_code == 2
    problems = json.loads(outcome.stdout)["problems"]
    told = {p["message"] for p in problems}
    lines = (project.directory / "etc" / "nof0.yaml").read_text().splitlines()
    (across,) = [
        p
        for p in problems
        if p["message"] == "low must be below high" and p["file"].endswith("nof0.yaml")
    ]
    assert "low: 5" in lines[across["line"] - 1]
    assert [
        p for p in problems if p["file"].endswith("manager.yaml") and "below high" in p["message"]
    ]
    assert any(m.startswith("looks cannot be validated: RuntimeError: no [redacted]") for m in told)
    assert any("answered 'text', not a list of sentences" in m for m in told)
    assert any("no_such" in m for m in told)
    assert "tok-which-nobody-sees" not in outcome.stdout


def test_the_models_of_an_endpoint_are_looked_up(project):
    # The client's library is large: reading it is not to count as time the endpoint takes.
    importlib.import_module("nof0_llm.openai.online")
    with LlmServer() as server:
        server.listed = (200, {"object": "list", "data": [{"id": "known", "object": "model"}]})
        llm = project.directory / "etc" / "llm.yaml"
        backends = (
            f"backends:\n  here: {{type: openai, base_url: {server.url!r}, api_key: a-key}}\n"
        )
        entry = "  asked: {backend: here, model_name: unknown, cost_per_million_tokens: 1}\n"
        text = llm.read_text()
        llm.write_text(text.replace("models:\n", f"{backends}models:\n{entry}"))
        manager = project.directory / "etc" / "manager.yaml"
        text = manager.read_text()
        manager.write_text(text.replace("    model: ema-cross\n", "    model: asked\n", 1))
        outcome = project.nof0("check", "etc/nof0.yaml", "--online", "--json")
    assert outcome.exit_code == 2, outcome.stdout + outcome.stderr
    assert ("problem", "asked: the endpoint does not list a model unknown") in rows(outcome)["here"]
