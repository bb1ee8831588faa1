from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from nof0_core.cli.prompt import prompt
from nof0_core.errors import ConfigError, UsageError

ROOT = Path(__file__).parents[4]


@pytest.fixture
def project(tmp_path):
    """Copy the shipped configuration and prompts, so that nothing is written into the project."""
    for folder in ("etc", "prompts"):
        for source in (ROOT / folder).rglob("*"):
            if source.is_file():
                target = tmp_path / source.relative_to(ROOT)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(source.read_bytes())
    return tmp_path


def call(project, *arguments):
    words = ["render", str(project / "etc" / "nof0.yaml"), *arguments]
    return CliRunner().invoke(prompt, words, catch_exceptions=False)


def raised(project, *arguments):
    words = ["render", str(project / "etc" / "nof0.yaml"), *arguments]
    return CliRunner().invoke(prompt, words).exception


def test_the_prompt_at_the_start_of_the_recording_is_printed_with_its_facts(project):
    result = call(project, "--trader", "holder")
    assert result.exit_code == 0
    assert result.stdout.startswith("--- system\nYou are ")
    assert "--- user\nIt is 2025-07-23 00:00 UTC." in result.stdout
    assert "\n## XRP\nmark " in result.stdout
    assert "template: prompts/executor/default_prompt.tmpl, version 1" in result.stderr
    assert "digest: " in result.stderr


def test_one_message_alone_is_exactly_its_text(project):
    whole = json.loads(call(project, "--trader", "holder", "--json").stdout)
    system, user = whole["messages"]
    assert call(project, "--trader", "holder", "--system").stdout == system["content"] + "\n"
    assert call(project, "--trader", "holder", "--user").stdout == user["content"] + "\n"
    assert user["bytes"] == len(user["content"].encode())


def test_the_same_call_gives_the_same_digest_and_another_template_another(project):
    first = json.loads(call(project, "--trader", "holder", "--json").stdout)
    assert json.loads(call(project, "--trader", "holder", "--json").stdout) == first
    template = project / "prompts" / "executor" / "default_prompt.tmpl"
    template.write_text(template.read_text() + "One more line.\n")
    changed = json.loads(call(project, "--trader", "holder", "--json").stdout)
    assert changed["digest"] != first["digest"]


def test_a_sample_shows_positions_and_a_past_under_the_limits_of_the_trader(project):
    result = call(project, "--trader", "holder", "--sample")
    assert result.exit_code == 0
    for heading in ("# Your last answer, 3 min ago", "# Trades closed last", "# Open positions"):
        assert f"\n{heading}\n" in result.stdout
    assert "note: market, account and past are invented" in result.stderr

    first, sample = (
        json.loads(call(project, "--trader", "holder", "--user", "--json", *more).stdout)
        for more in ([], ["--sample"])
    )
    assert (first["is_sample"], sample["is_sample"]) == (False, True)
    rules = [
        each["messages"][0]["content"].partition("# Rules")[2].partition("# Answer")[0]
        for each in (first, sample)
    ]
    assert rules[0] == rules[1] != ""
    assert "# Your last answer" not in first["messages"][0]["content"]


def test_an_unknown_trader_is_refused_with_the_known_ones(project):
    error = raised(project, "--trader", "nobody")
    assert isinstance(error, UsageError)
    assert "holder" in error.hints[0]


def test_a_faulty_template_is_reported_with_its_line(project):
    template = project / "prompts" / "executor" / "default_prompt.tmpl"
    template.write_text("{# Version: 1 #}\n\n{{ acount.cash }}\n")
    error = raised(project, "--trader", "holder")
    assert isinstance(error, ConfigError)
    assert [problem.line for problem in error.problems] == [3]
