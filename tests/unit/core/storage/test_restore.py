"""What a data directory lacks comes back from the database before anything is traded."""

from __future__ import annotations

import json
import re
import shutil

import pytest


@pytest.fixture(scope="module")
def config(project):
    """Make a configuration whose database is outside of the data directory."""

    def made(name, source):
        text = (project / "etc" / "nof0.yaml").read_text()
        text += f"\nExporters:\n  - {{type: sql, data_source: '{source}'}}\n  - json\n"
        (project / "etc" / name).write_text(text)
        return name

    return made


def trades(folder):
    """Return all trades, accounts and cycles as the API has them."""
    return {
        name: json.loads((folder / "api" / f"{name}.json").read_text())
        for name in ("trades", "account-totals", "positions", "leaderboard")
    }


@pytest.fixture(scope="module")
def undisturbed(run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    run("run", "", "--cycles", 9, "--data-dir", folder)
    run("run", "", "--cycles", 12, "--data-dir", folder)
    return folder


@pytest.fixture
def half(first_half, config, tmp_path):
    """Half of that run, with a SQLite database beside it: directory and configuration."""
    shutil.copytree(first_half, tmp_path / "half")
    source = f"sqlite:///{tmp_path / 'half' / 'beside.db'}"
    return tmp_path / "half" / "data", config("beside.yaml", source)


@pytest.fixture(scope="module")
def first_half(run, config, tmp_path_factory):
    folder = tmp_path_factory.mktemp("half")
    name = config("first.yaml", f"sqlite:///{folder / 'beside.db'}")
    run("run", "", "--cycles", 9, "--data-dir", folder / "data", config=name)
    return folder


def fills(folder):
    found = []
    for path in sorted(folder.glob("journal/*/*.jsonl")):
        for line in path.read_bytes().splitlines():
            record = json.loads(line)
            if record["type"] in ("filled", "order_intended", "order_answered", "funding"):
                found.append((record["time"], record["type"], json.dumps(record["data"])))
    return sorted(found)


def test_a_data_directory_that_is_gone_makes_no_difference(
    run, config, emptied, undisturbed, tmp_path
):
    place, name = tmp_path / "data", config("postgres.yaml", emptied)
    run("run", "", "--cycles", 9, "--data-dir", place, config=name)
    held = json.loads((place / "api" / "positions.json").read_text())["accountTotals"]
    assert any(each["positions"] for each in held)
    shutil.rmtree(place)
    text = run("run", "", "--cycles", 12, "--data-dir", place, config=name)
    assert "records were put back from the database" in text + (place / "nof0.log").read_text()
    assert not (place / "restored.json").exists()
    assert fills(place) == fills(undisturbed)
    assert trades(place) == trades(undisturbed)
    assert "equal the journal" in run("db", "check", "--data-dir", place, config=name)
    assert ": ok, newest" in run("journal", "verify", config=place)


def test_an_older_copy_of_the_directory_goes_on_where_the_database_is(
    run, half, undisturbed, tmp_path
):
    """Also its paper account, which the journal is ahead of by then."""
    place, name = half
    shutil.copytree(place, tmp_path / "older")
    run("run", "", "--cycles", 4, "--data-dir", place, config=name)
    shutil.rmtree(place)
    shutil.copytree(tmp_path / "older", place)
    run("run", "", "--cycles", 8, "--data-dir", place, config=name)
    assert (place / "exchange/paper_trading/paper_account.jsonl.before-restore").exists()
    assert [each[::2] for each in fills(place)] == [each[::2] for each in fills(undisturbed)]
    assert trades(place)["trades"] == trades(undisturbed)["trades"]


def test_a_fork_refuses_the_start_and_names_both_ends(run, half, tmp_path):
    place, name = half
    shutil.copytree(place, tmp_path / "other")
    run("run", "", "--cycles", 1, "--data-dir", place, config=name)
    run("run", "", "--cycles", 2, "--data-dir", tmp_path / "other")
    before = {path: path.read_bytes() for path in tmp_path.glob("other/*/*/*")}
    text = run("run", "", "--cycles", 1, "--data-dir", tmp_path / "other", config=name, code=2)
    assert "tell different stories" in text
    assert re.search(r"directory ends with record \d+ .*, the database with record \d+ ", text)
    assert re.search(r"part at record \d+", text)
    assert {path: path.read_bytes() for path in tmp_path.glob("other/*/*/*")} == before
