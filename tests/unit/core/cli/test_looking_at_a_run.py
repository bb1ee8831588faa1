"""`nof0 trades`, `nof0 positions`, `nof0 journal tail` and `nof0 completion`."""

from __future__ import annotations

import csv
import json
import subprocess
import sys

import attrs
import pytest
from called import started


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    found = started(tmp_path_factory.mktemp("looking") / "project")
    found.nof0("run", "--cycles", "200").check()
    return found


def rows(project, *words: str) -> list:
    return next(iter(json.loads(project.nof0(*words, "--json").check().stdout).values()))


def test_trades_are_those_of_the_api_oldest_first(project):
    found = rows(project, "trades", "--limit", "0")
    ranking = json.loads(project.nof0("leaderboard", "--json").check().stdout)
    assert len(found) == sum(one["num_trades"] for one in ranking) > 5
    assert [one["exit_time"] for one in found] == sorted(one["exit_time"] for one in found)
    assert rows(project, "trades", "--limit", "2") == found[-2:]


def test_filters_repeat(project):
    every = rows(project, "trades", "--limit", "0")
    asked = ["--trader", "coin_flip", "--trader", "reverter", "--symbol", "SOL", "--symbol", "BTC"]
    some = rows(project, "trades", "--limit", "0", *asked)
    assert some == [
        one
        for one in every
        if one["model_id"] in ("coin_flip", "reverter") and one["symbol"] in ("SOL", "BTC")
    ]
    held = rows(project, "positions", "--trader", "holder", "--symbol", "BTC", "--symbol", "ETH")
    assert [(one["trader"], one["symbol"]) for one in held] == [
        ("holder", "BTC"),
        ("holder", "ETH"),
    ]
    listed = project.apart(
        "journal", "list", "--type", "filled", "--type", "alert", "--limit", "0"
    ).check()
    assert {line.split()[4] for line in listed.stdout.splitlines()[1:]} <= {"filled", "alert"}


def test_csv_has_every_digit(project):
    found = rows(project, "trades", "--limit", "0")
    said = project.nof0("trades", "--limit", "0", "--csv").check().stdout
    table = list(csv.DictReader(said.splitlines()))
    assert [float(one["net USD"]) for one in table] == [one["realized_net_pnl"] for one in found]
    assert [one["trader"] for one in table] == [one["model_id"] for one in found]


@pytest.mark.parametrize("words", [["trades", "--limit", "0"], ["positions"]])
def test_columns_go_and_no_digit_does(project, words):
    wide = attrs.evolve(project, environment={"COLUMNS": "300"}).nof0(*words).check().stdout
    known = {word for line in wide.splitlines() for word in line.split()}
    for width in ("120", "80", "60"):
        narrow = attrs.evolve(project, environment={"COLUMNS": width}).nof0(*words).check()
        lines = narrow.stdout.splitlines()
        assert all(len(line) <= int(width) for line in lines)
        numbers = {w for line in lines for w in line.split() if any(map(str.isdigit, w))}
        assert numbers <= known
        assert "Buy and Hold" in narrow.stdout or words[0] == "trades"


def test_a_wrong_trader_is_named(project):
    for command in ("trades", "positions"):
        outcome = project.nof0(command, "--trader", "coinflip")
        assert outcome.exit_code == 2
        assert 'did you mean "coin_flip"?' in outcome.stderr
    outcome = project.nof0("journal", "list", "--type", "cycle,filled")
    assert "one word each: --type cycle --type filled" in outcome.stderr


def test_nothing_to_show_is_said(project):
    assert project.nof0("trades", "--trader", "holder").check().stdout == (
        "no closed trades like these\n"
    )


def test_tail_shows_the_newest_and_follows_what_comes(project):
    said = project.nof0("journal", "tail", "-n", "3").check().stdout.splitlines()
    numbers = [int(line.split()[0]) for line in said]
    assert numbers == list(range(numbers[0], numbers[0] + 3))
    command = [sys.executable, "-m", "nof0_core", "journal", "tail", "-f", "-n", "1"]
    with subprocess.Popen(
        command, cwd=project.directory, stdout=subprocess.PIPE, text=True
    ) as tailing:
        assert tailing.stdout is not None
        assert int(tailing.stdout.readline().split()[0]) == numbers[-1]
        project.nof0("run", "--cycles", "1").check()
        following = tailing.stdout.readline().split()
        tailing.terminate()
    assert int(following[0]) == numbers[-1] + 1
    assert "engine_started" in following


def test_tail_names_the_trader_in_eighty_columns(project):
    at_80 = attrs.evolve(project, environment=project.environment | {"COLUMNS": "80"})
    for words in ([], ["--type", "cycle", "--type", "filled"]):
        said = at_80.nof0("journal", "tail", *words).check().stdout.splitlines()
        told = project.nof0("leaderboard", "--json").check().stdout
        traders = {row["id"] for row in json.loads(told)}
        assert all(traders.intersection(line.split()) for line in said if "  cycle  " in line), said
        assert max(map(len, said)) <= 80


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_for_each_shell(project, shell):
    said = project.nof0("completion", shell).check().stdout
    assert f"_NOF0_COMPLETE={shell}_complete" in said
    assert project.nof0("completion", "tcsh").exit_code == 2


def test_the_command_completes_words_as_the_script_asks(project):
    asking = attrs.evolve(
        project,
        environment={
            "_NOF0_COMPLETE": "bash_complete",
            "COMP_WORDS": "nof0 journal ta",
            "COMP_CWORD": "2",
        },
    )
    assert asking.apart().stdout == "plain,tail\n"
