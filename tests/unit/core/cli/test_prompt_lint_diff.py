"""`nof0 prompt lint` and `diff` as commands: what they print, and what they end with."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import attrs
import pytest

from nof0_core.cli import main

ROOT = Path(__file__).parents[4]
CORPUS = ROOT / "tests" / "data" / "prompts"
CONFIG = "etc/nof0.yaml"
DEFAULT, FAST = "prompts/manager/default.tmpl", "prompts/manager/fast_signal.tmpl"
USER = "prompts/executor/default_prompt.tmpl"


@attrs.frozen
class Ended:
    code: int
    out: str
    err: str

    @property
    def data(self):
        return json.loads(self.out)


@pytest.fixture
def project(tmp_path, monkeypatch):
    for folder in ("etc", "prompts"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    with (tmp_path / "etc" / "executor.yaml").open("a") as file:
        file.write('prompt_schema_version: "1"\n')
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def prompt(project, capsys):
    def call(*words):
        with pytest.raises(SystemExit) as ended:
            main(["prompt", *words])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return Ended(ended.value.code, said.out, said.err)

    return call


def lines_of(path, part):
    return [n for n, line in enumerate(Path(path).read_text().splitlines(), 1) if part in line]


# --- lint ---------------------------------------------------------------------------------------


def test_shipped_prompts_are_clean_and_their_size_is_told_for_every_trader(prompt):
    said = prompt("lint", CONFIG, "--trader", "holder")
    assert (said.code, said.out) == (0, "")
    assert "holder: about " in said.err
    data = prompt("lint", CONFIG, "--json").data
    assert data["findings"] == []
    assert len(data["tokens_estimate"]) == 6
    assert all(1000 < tokens < 16_000 for tokens in data["tokens_estimate"].values())


def test_a_finding_is_one_line_with_file_line_and_rule(prompt, project):
    shutil.copy(CORPUS / "no-exit-plan.tmpl", project / USER)
    (line,) = lines_of(USER, "for position in positions")

    said = prompt("lint", CONFIG, "--trader", "holder")
    assert said.code == 1
    assert said.out == (
        f"{USER}:{line}: exit-plan: open positions are shown without their exit plan: "
        "stop_loss, take_profit, invalidation\n"
    )


@pytest.mark.parametrize("name", ["no-positions", "wrong-version", "undefined-variable"])
def test_a_known_fault_ends_with_1_and_says_for_scripts_what_it_says_for_people(
    prompt, project, name
):
    shutil.copy(CORPUS / f"{name}.tmpl", project / USER)

    (line,) = (said := prompt("lint", CONFIG, "--trader", "holder")).out.splitlines()
    scripted = prompt("lint", CONFIG, "--trader", "holder", "--json")
    assert (said.code, scripted.code) == (1, 1)
    (finding,) = scripted.data["findings"]
    assert finding["file"] == USER
    assert finding["message"] in line
    assert line.startswith(f"{USER}:{finding['line']}: " if finding["line"] else f"{USER}: ")


def test_a_fault_of_the_template_itself_is_told_as_plainly(prompt, project):
    (project / FAST).write_text("{# Version: 1 #}\n\n{% if %}\n")
    said = prompt("lint", CONFIG, "--trader", "cross_fast")
    assert said.code == 1
    assert said.out == f"{FAST}:3: Expected an expression, got 'end of statement block'\n"
    data = prompt("lint", CONFIG, "--json").data
    assert [(f["line"], f["rule"]) for f in data["findings"]] == [(3, "template")]
    assert "cross_fast" not in data["tokens_estimate"]
    assert prompt("lint", CONFIG, "--trader", "holder").code == 0


def test_a_limit_given_on_the_command_line_counts(prompt):
    said = prompt("lint", CONFIG, "--trader", "holder", "--max-tokens", "1000")
    assert said.code == 1
    assert said.out.startswith(f"{USER}: size: both messages have about ")


@pytest.mark.parametrize("limit", ["0", "-5", "many"])
def test_a_limit_that_is_none_is_refused(prompt, limit):
    said = prompt("lint", CONFIG, "--max-tokens", limit)
    assert said.code == 2
    assert "--max-tokens" in said.err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["nope.yaml"], "nope.yaml: there is no such file"),
        ([CONFIG, "--trader", "nobody"], 'no trader "nobody"'),
        (["-c", "gone"], "there is no gone"),
    ],
)
def test_what_cannot_be_checked_ends_with_2(prompt, words, message):
    said = prompt("lint", *words)
    assert (said.code, said.out) == (2, "")
    assert message in said.err


def test_a_template_that_is_gone_is_found_with_the_line_that_names_it(prompt, project):
    (project / FAST).unlink()
    (line,) = lines_of("etc/manager.yaml", FAST)
    said = prompt("lint", CONFIG)
    assert said.code == 2
    assert f"etc/manager.yaml:{line}: traders.1.prompt_template: there is no prompt" in said.err


# --- diff ---------------------------------------------------------------------------------------


def test_two_templates_are_compared_as_rendered(prompt, project):
    text = (project / DEFAULT).read_text()
    (project / "other.tmpl").write_text(text.replace("{{ trader.name }}", "{{ 'Sample' }}"))
    same = prompt("diff", DEFAULT, "other.tmpl", "--json")
    assert same.code == 0
    assert same.data["is_equal"]
    assert len(set(same.data["digests"].values())) == 1

    (project / "other.tmpl").write_text(text + "One more.\n")
    said = prompt("diff", DEFAULT, "other.tmpl")
    assert said.code == 0
    assert [line for line in said.out.splitlines()[2:] if line[0] in "+-"] == ["+One more."]
    assert said.out.startswith(f"--- {DEFAULT}\n+++ other.tmpl\n")
    assert f"{DEFAULT}: " in said.err


def test_two_traders_are_compared_with_both_messages_on_the_configured_market(prompt):
    said = prompt("diff", "holder", "reverter", "--config", CONFIG)
    assert said.code == 0
    assert "-You go long, or you wait. Never answer sell_to_enter." in said.out
    data = prompt("diff", "holder", "holder", "--config", CONFIG, "--json").data
    assert data["is_equal"]
    assert data["diff"] == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["gone.tmpl", DEFAULT], "gone.tmpl: there is no such template"),
        ([DEFAULT, "prompts"], "prompts: cannot be read"),
        ([DEFAULT], "OTHER"),
        ([DEFAULT, FAST, "--trader", "holder"], "--trader needs --config"),
        (["holder", "nobody", "--config", CONFIG], '"nobody" is neither a trader of'),
        (["holder", "reverter", "--config", CONFIG, "--trader", "no"], 'no trader "no"'),
        (["holder", "reverter", "--config", "gone.yaml"], "gone.yaml: there is no such file"),
    ],
)
def test_what_cannot_be_compared_ends_with_2(prompt, words, message):
    said = prompt("diff", *words)
    assert (said.code, said.out) == (2, "")
    assert message in said.err


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{# Version: 1 #}\n{{ nobody }}\n", "bad.tmpl:2: 'nobody' is undefined"),
        ("{# Version: 1 #}\n\n{% for %}\n", "bad.tmpl:3: Expected"),
        (b"\xff\xfe", "bad.tmpl: cannot be read"),
    ],
)
def test_a_template_that_cannot_be_rendered_ends_with_2_and_its_line(
    prompt, project, text, message
):
    (project / "bad.tmpl").write_bytes(text if isinstance(text, bytes) else text.encode())
    said = prompt("diff", DEFAULT, "bad.tmpl")
    assert (said.code, said.out) == (2, "")
    assert message in said.err


# --- render -------------------------------------------------------------------------------------


def test_render_ends_with_2_where_there_is_nothing_to_render(prompt, project):
    assert prompt("render", CONFIG, "--trader", "nobody").code == 2
    assert prompt("render", CONFIG).code == 2
    (project / USER).write_text("{# Version: 2 #}\n")
    said = prompt("render", CONFIG, "--trader", "holder", "--json")
    assert (said.code, said.out) == (2, "")
