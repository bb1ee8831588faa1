"""CONFIG is named in the same way by every command, and a mistyped one is refused by all."""

from __future__ import annotations

import json

import click
import pytest
from called import started

from nof0_core.cli import cli

ABROAD = {"NOF0_CONFIG": "else/etc/nof0.yaml"}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A project that has run, with its data in `kept` and in the place configured."""
    found = started(tmp_path_factory.mktemp("named") / "project")
    found.nof0("run", "--cycles", "2").check()
    found.nof0("run", "--cycles", "2", "--data-dir", "kept").check()
    return found


def commands(group: click.Group, *path: str):
    """Yield every command with its words."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        if isinstance(command, click.Group):
            yield from commands(command, *path, name)
        else:
            yield (*path, name), command


def of_a_run() -> list:
    """Return the commands that take CONFIG, with as many words as they need beside it."""
    return [
        pytest.param(path, command, id=" ".join(path))
        for path, command in commands(cli)
        if any(one.name == "config_file" for one in command.params) and path != ("prompt", "diff")
    ]


def test_all_commands_about_a_run_are_held_to_this():
    assert len(of_a_run()) >= 24


@pytest.mark.parametrize(("path", "command"), of_a_run())
def test_config_may_be_left_out_and_named_in_every_way(path, command):
    named = {name for one in command.params for name in one.opts}
    assert {"-c", "--config", "--data-dir"} <= named
    (config,) = [one for one in command.params if one.name == "config_file"]
    assert not config.required


@pytest.mark.parametrize(("path", "command"), of_a_run())
def test_a_mistyped_directory_is_refused(project, path, command):
    more = ["x" for one in command.params if isinstance(one, click.Argument) and one.required]
    more += [
        word
        for one in command.params
        if isinstance(one, click.Option) and one.required
        for word in (one.opts[0], "2025-01-01")
    ]
    for typo in (["ect"], ["-c", "ect"]):
        if typo == ["ect"] and path[0] == "traders":
            continue  # there it is a trader, of which there is none by that name either
        outcome = project.nof0(*path, *typo, *more)
        assert outcome.exit_code == 2
        assert "there is no ect: neither a main file nor a directory" in outcome.stderr
    reads = any(str(one.callback).find("_existing") > 0 for one in command.params)
    if reads:
        outcome = project.nof0(*path, *more, "--data-dir", "ketp")
        assert outcome.exit_code == 2
        assert "there is no data directory ketp" in outcome.stderr
    assert not (project.directory / "ketp").exists()
    assert not (project.directory / "ect").exists()


@pytest.mark.parametrize("word", [[], ["etc"], ["."], ["etc/nof0.yaml"], ["-c", "etc"]])
def test_one_run_by_all_its_names(project, word):
    assert json.loads(project.nof0("check", *word, "--json").check().stdout)["ok"]
    rows = project.apart("journal", "list", *word, "--json", "--limit", "1").check().stdout
    assert "engine_stopped" in rows
    assert "trader " in project.nof0("traders", "status", *word, "holder").check().stdout
    number = json.loads(rows)["seq"]
    shown = project.nof0("journal", "show", *word, str(number)).check().stdout
    assert shown.startswith(f"record  {number} ")


@pytest.mark.parametrize("word", [["kept"], ["--data-dir", "kept"]])
def test_a_data_directory_is_read_wherever_it_stands(project, word):
    before = project.apart("journal", "list", "--json", "--limit", "1").check().stdout
    newest = project.apart("journal", "list", *word, "--json", "--limit", "1").check().stdout
    assert "2 cycles done" in newest
    assert newest != before
    assert "buy-and-hold" in project.nof0("leaderboard", *word).check().stdout
    status = project.nof0("traders", "status", *word, "holder", "--json").check().stdout
    assert list(json.loads(status)["traders"]) == ["holder"]


def test_the_environment_names_the_run(project, tmp_path):
    elsewhere = type(project)(
        directory=tmp_path, environment={"NOF0_CONFIG": str(project.directory)}
    )
    assert "is fine" in elsewhere.nof0("check").check().stdout
    assert "there is no gone.yaml" not in elsewhere.nof0("check").stdout
    gone = type(project)(directory=tmp_path, environment={"NOF0_CONFIG": "gone"})
    assert "there is no gone" in gone.nof0("check").stderr


def test_without_any_it_says_how_to_name_one(project, tmp_path):
    nowhere = type(project)(directory=tmp_path)
    outcome = nowhere.nof0("check")
    assert outcome.exit_code == 2
    assert outcome.stderr.startswith("error: there is no etc/nof0.yaml here")
    assert "nof0 init ." in outcome.stderr


def test_a_directory_without_a_run_is_none(project):
    for command in (["run"], ["leaderboard"], ["serve"], ["journal", "list"]):
        outcome = project.nof0(*command, "prompts")
        assert outcome.exit_code == 2
        assert outcome.stderr.startswith("error: prompts: neither nof0.yaml nor etc/nof0.yaml")
    outcome = project.nof0("run", "kept")
    assert (outcome.exit_code, "--data-dir kept" in outcome.stderr) == (2, True)


def test_naming_it_twice_is_refused(project):
    assert "CONFIG is given twice" in project.nof0("check", "-c", "etc", "etc").stderr
    assert "is a data directory" in project.nof0("leaderboard", "kept", "--data-dir", "data").stderr


def test_positions_of_all_are_only_closed_where_a_run_is_named(project):
    outcome = project.nof0("traders", "close")
    assert outcome.exit_code == 2
    assert outcome.stderr.startswith("error: nothing was closed: whose positions?")
    assert not list((project.directory / "data").rglob("control/*.json"))
    assert "asked to close: holder\n" in project.nof0("traders", "close", "holder").check().stdout
    said = project.nof0("traders", "close", "kept").check().stdout
    assert "asked to close: holder, cross_fast" in said
