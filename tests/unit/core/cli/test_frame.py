"""The command as a process: cheap to start, one place for errors, exit codes as documented."""

from __future__ import annotations

import importlib
import json
import textwrap

import click
import pytest
from called import Called

from nof0_core.cli.group import COMMANDS
from nof0_core.testing.project import Project

HEAVY = (
    "numpy",
    "yaml",
    "cattrs",
    "talib",
    "jinja2",
    "rich",
    "structlog",
    "msgspec",
    "sqlalchemy",
    "openai",
    "litestar",
    "prometheus_client",
    "anyio",
    "asyncio",
)


@pytest.fixture
def here(tmp_path):
    return Called(directory=tmp_path)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["chekc"], []])
def test_starting_imports_nothing_heavy(here, arguments):
    code = f"""
        import sys
        from nof0_core.cli import main
        try:
            main({arguments!r})
        except SystemExit:
            pass
        commands = [m for m in sys.modules if m.startswith("nof0_core.cli.")]
        print("\\n" + repr([m for m in {HEAVY!r} if m in sys.modules]), sorted(commands))
    """
    said = here.python(code).check().stdout.splitlines()[-1]
    assert said.startswith("[] ")
    assert "nof0_core.cli.check" not in said


def test_help_lists_every_command_with_its_own_summary(here):
    text = " ".join(here.nof0("--help").check().stdout.split())
    for name, row in COMMANDS.items():
        assert f" {name} {row.summary}" in text


@pytest.mark.parametrize("name", COMMANDS)
def test_the_table_of_commands_is_true(name):
    module, _, attribute = COMMANDS[name].home.partition(":")
    command = getattr(importlib.import_module(module), attribute)
    assert isinstance(command, click.Command)
    assert command.name == name
    assert COMMANDS[name].summary.rstrip(".") == command.get_short_help_str(80).rstrip(".")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["chekc"], 'error: there is no command "chekc", did you mean "check"?'),
        (["check", "-c"], "error: Option '-c' requires an argument."),
        (["check", "nope"], "error: there is no nope: neither a main file nor a directory"),
        (["plugins", "--jsn"], "error: No such option '--jsn'"),
        (["describe", "exchanges", "sim"], "error: Invalid value for"),
        (["check", "nope.yaml"], "error: nope.yaml: there is no such file"),
        (["describe", "exchange", "simm"], 'error: unknown exchange provider "simm"'),
        (["init", "."], "error: these files are already there: etc/nof0.yaml"),
    ],
)
def test_wrong_use_says_why_and_exits_with_2(here, arguments, message):
    here.write("etc/nof0.yaml", "")
    outcome = here.nof0(*arguments)
    assert outcome.exit_code == 2
    assert outcome.stderr.startswith(message)
    assert "Traceback" not in outcome.stderr


def test_debug_shows_the_traceback_wherever_it_is_written(here):
    for arguments in (["--debug", "check", "no.yaml"], ["check", "no.yaml", "--debug"]):
        outcome = here.nof0(*arguments)
        assert outcome.exit_code == 2
        assert "Traceback" in outcome.stderr
        assert "error: no.yaml: there is no such file" in outcome.stderr


def test_debug_by_environment(tmp_path):
    project = Called(directory=tmp_path, environment={"NOF0_DEBUG": "1"})
    assert "Traceback" in project.nof0("check", "no.yaml").stderr


RAISING = """
    import click
    from nof0_core import hookimpl
    from nof0_core.errors import RejectedError, ConfigError, Problem, TransientError

    @hookimpl
    def nof0_commands(cli):
        @cli.command()
        @click.argument("what")
        def fail(what):
            "Fail in the way that is asked for, and show in full what this line says about it."
            bad = ConfigError([Problem(file="a.yaml", line=1, path="x", message="is bad")])
            away = TransientError("venue is away")
            away.add_note("section paper, etc/exchange.yaml:4")
            raise {
                "runtime": away,
                "group": BaseExceptionGroup("g", [away, ExceptionGroup("h", [bad, away])]),
                "interrupted": KeyboardInterrupt(),
                "bug": ZeroDivisionError("oops"),
                "both": BaseExceptionGroup("g", [KeyboardInterrupt(), away]),
                "pipe": BrokenPipeError(),
            }[what]
"""


@pytest.fixture
def failing(tmp_path):
    """A project where a plugin adds a command that fails as it is told."""
    site = tmp_path / "site"
    info = site / "failing_nof0-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: failing-nof0\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[nof0.v1]\nfail = failing_nof0\n")
    (site / "failing_nof0.py").write_text(textwrap.dedent(RAISING))
    return Project(directory=tmp_path, path=(site,))


@pytest.mark.parametrize(
    ("what", "code", "text"),
    [
        ("runtime", 1, "error: venue is away\n  section paper, etc/exchange.yaml:4\n"),
        (
            "group",
            2,
            (
                "error: venue is away\n  section paper, etc/exchange.yaml:4\n"
                "error: a.yaml:1: x: is bad\n"
            ),
        ),
        ("interrupted", 130, "\ninterrupted\n"),
        ("both", 1, "interrupted\nerror: venue is away\n  section paper, etc/exchange.yaml:4\n"),
        ("pipe", 1, ""),
    ],
)
def test_errors_become_text_and_exit_codes(failing, what, code, text):
    outcome = failing.nof0("fail", what)
    assert (outcome.exit_code, outcome.stderr) == (code, text)


def test_a_bug_says_where_and_whose_it_is_and_how_to_see_more(failing):
    outcome = failing.nof0("fail", "bug")
    assert outcome.exit_code == 1
    line = 1 + RAISING.splitlines().index("            raise {")
    assert outcome.stderr == (
        f"error: ZeroDivisionError: oops (failing_nof0.py:{line})\n"
        "  a defect of failing-nof0 1.0; --debug shows where it comes from\n"
    )
    assert "Traceback" in failing.nof0("fail", "bug", "--debug").stderr


def test_commands_of_plugins_are_in_the_help_text_and_suggested(failing):
    text = " ".join(failing.nof0("--help").check().stdout.split())
    assert (
        "fail Fail in the way that is asked for, and show in full what this line says about it."
        in text
    )
    assert 'did you mean "fail"?' in failing.nof0("fial").stderr


def test_a_plugin_whose_commands_fail_is_noted_and_stops_nothing(failing):
    (failing.path[0] / "failing_nof0.py").write_text("import nope  # nof0_commands")
    outcome = failing.nof0("--help").check()
    assert "note: plugin failing-nof0 has no commands here" in outcome.stdout
    assert "  check " in outcome.stdout


def test_a_plugin_cannot_take_the_name_of_a_command(failing):
    file = failing.path[0] / "failing_nof0.py"
    file.write_text(file.read_text().replace("def fail(", "def check("))
    outcome = failing.nof0("--help").check()
    assert 'ValueError: there already is a command "check"' in " ".join(outcome.stdout.split())


def test_plugins_as_json(here):
    facts = json.loads(here.nof0("plugins", "--json").check().stdout)
    kinds = {(k["family"], k["type"]) for p in facts["plugins"] for k in p["kinds"]}
    assert {("exchange", "sim"), ("llm", "baseline"), ("allocator", "fixed")} <= kinds
    assert facts["failed"] == []


def test_plugins_that_failed_or_are_off_are_listed(failing):
    (failing.path[0] / "failing_nof0.py").write_text("import nope")
    project = Project(
        directory=failing.directory,
        path=failing.path,
        environment={"NOF0_DISABLE_PLUGINS": "nof0-llm"},
    )
    outcome = project.nof0("plugins")
    text = outcome.stdout
    assert (outcome.exit_code, outcome.stderr) == (1, "")
    assert "nof0_provider_sim.plugin" in text
    assert "failed to load: failing-nof0 1.0 — ModuleNotFoundError: No module named 'nope'" in text
    assert "switched off: nof0-llm" in text
    outcome = project.nof0("plugins", "--json")
    assert outcome.exit_code == 1
    [failed] = json.loads(outcome.stdout)["failed"]
    assert failed["distribution"] == "failing-nof0"


def test_companions_are_listed(here):
    text = here.nof0("plugins").check().stdout
    assert "  companion  serve  HTTP API and dashboard" in text
    facts = json.loads(here.nof0("plugins", "--json").check().stdout)
    found = {p["distribution"]: p["companions"] for p in facts["plugins"]}
    assert found["nof0-api"] == [{"name": "serve", "summary": "HTTP API and dashboard"}]
    assert found["nof0-core"] == []


def test_describe_shows_every_setting(here):
    text = here.nof0("describe", "exchange", "sim").check().stdout
    assert text.startswith('exchange provider "sim" — nof0-provider-sim 0.1.0\n')
    [line] = [line for line in text.splitlines() if line.strip().startswith("initial_balance_usd")]
    assert line.split()[:4] == ["initial_balance_usd", "number", "default", "10000"]
    assert "USD" in line
    fees = [line for line in text.splitlines() if line.strip().startswith("taker_fee_bps")]
    assert ["required" in line for line in fees] == [True, False]
    line = fees[1]
    assert ">= 0" in line


def test_describe_shows_params_of_models_and_speaks_json(here):
    text = here.nof0("describe", "llm", "baseline").check().stdout
    assert "params of a model entry in llm.yaml:" in text
    facts = json.loads(here.nof0("describe", "llm", "baseline", "--json").check().stdout)
    assert facts["fields"] == []
    assert {"key": "leverage", "type": "integer", "default": "3"}.items() <= {
        field["key"]: field for field in facts["params"]
    }["leverage"].items()
