"""`nof0 data`: what is shown, what is written, and that sources stay as they are."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from nof0_core.cli import cli
from nof0_core.errors import DataError, UsageError
from nof0_core.recordings.folder import load_folder

T = 1_752_624_000_000
HEADER = "timestamp_ms,open,high,low,close,volume"
ROWS = [f"{T + 60_000 * at},{100 + at}.0,{103 + at}.0,{99 + at}.0,{101 + at}.0,2.5" for at in range(60)]  # fmt: skip # noqa: E501


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "mine"
    place.mkdir()
    twelve = "".join(f"{row},{T},1,1,1,1,0\n" for row in ROWS)
    (place / "BTCUSDT-1m-2025-07.csv").write_text(twelve)
    (place / "eth_usdt_1m.csv").write_text("\n".join([HEADER, *ROWS, ""]))
    (place / "btc_funding_1h.csv").write_text(f"timestamp_ms,funding_rate\n{T + 3},0.00001\n")
    (place / "notes.txt").write_text("mine")
    return place


def run(*arguments):
    return CliRunner().invoke(cli, ["data", *map(str, arguments)])


def content(place):
    return {path.name: path.read_bytes() for path in place.iterdir()}


def test_list_tells_what_there_is(folder):
    result = run("list", folder)
    assert result.exit_code == 0, result.output
    assert "2025-07-16T00:00:00Z  2025-07-16T01:00:00Z" in result.output
    assert "passed over: notes.txt" in result.output
    told = json.loads(run("list", folder, "--json").output)
    assert {(each["coin"], each["interval"], each["rows"]) for each in told["series"]} == {
        ("BTC", "1m", 60),
        ("ETH", "1m", 60),
        ("BTC", "1h", 1),
    }
    assert told["passed_over"] == ["notes.txt"]


def test_check_of_good_files_ends_well(folder):
    result = run("check", folder)
    assert result.exit_code == 0, result.output
    assert "3 series, 121 rows: nothing a run would refuse" in result.output


def test_check_names_file_and_line_and_exits_with_1(folder):
    path = folder / "eth_usdt_1m.csv"
    path.write_text("\n".join([HEADER, *ROWS[:5], *ROWS[6:9], ROWS[8], *ROWS[9:], "broken"]))
    (folder / "eth_btc_1m.csv").write_text("never read")
    result = run("check", folder)
    assert result.exit_code == 1
    assert f"gap: {path}:7: 1 1m row missing" in result.output
    assert f"duplicate: {path}:10:" in result.output
    assert f"cell: {path}:62: 1 values where 6 belong" in result.output
    assert "ETH is priced in BTC" in result.output
    told = json.loads(run("check", folder, "--json").output)
    assert not told["ok"]
    assert [(each["kind"], each["line"]) for each in told["found"]] == [
        ("market", 0),
        ("gap", 7),
        ("duplicate", 10),
        ("cell", 62),
    ]


def test_check_shows_so_many_lines_as_are_asked_for(folder):
    (folder / "eth_usdt_1m.csv").write_text("\n".join([HEADER, *ROWS[::2]]))
    few = run("check", folder, "--limit", 3).output
    assert few.count("gap:") <= 3
    assert "more of this series" in few or few.count("grid:") == 1


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_import_writes_the_same_in_nof0s_own_form(folder, tmp_path, form):
    before = content(folder)
    result = run("import", folder, "--to", tmp_path / "out", "--format", form)
    assert result.exit_code == 0, result.output
    assert content(folder) == before
    own = load_folder(tmp_path / "out", (), allow_gaps=False)
    assert own.digest() == load_folder(folder, (), allow_gaps=False).digest()
    assert len(content(tmp_path / "out")) == 3


def test_import_takes_coin_and_interval_of_files_whose_names_do_not_tell(folder, tmp_path):
    source = folder / "eth_usdt_1m.csv"
    odd = source.rename(folder / "export (3).csv")
    told = run(
        "import", odd, "--coin", "SOL", "--interval", "1m", "--to", tmp_path / "out", "--json"
    )
    assert json.loads(told.output)["series"][0]["coin"] == "SOL"
    assert (tmp_path / "out" / "sol_1m.parquet").exists()


def test_import_writes_nothing_if_one_file_is_bad(folder, tmp_path):
    (folder / "sol_1m.csv").write_text(f"{HEADER}\n1,2\n")
    result = run("import", folder, "--to", tmp_path / "out")
    assert isinstance(result.exception, DataError)
    assert "sol_1m.csv:2" in str(result.exception)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("command", ["import", "resample"])
def test_no_file_is_overwritten(folder, tmp_path, command):
    out = tmp_path / "out"
    more = ("--interval", "5m") if command == "resample" else ()
    assert run(command, folder, "--to", out, *more).exit_code == 0
    before = content(out)
    result = run(command, folder, "--to", out, *more, "--format", "csv")
    assert isinstance(result.exception, UsageError)
    assert content(out) == before


def test_import_needs_to_know_whose_file_it_is(folder, tmp_path):
    for options in (("--coin", "BTC"), ("--interval", "1m"), ("--coin", "a/b", "--interval", "1m")):
        result = run("import", folder, "--to", tmp_path / "out", *options)
        assert isinstance(result.exception, UsageError), options


def test_resample_makes_longer_bars_and_keeps_funding(folder, tmp_path):
    before = content(folder)
    result = run("resample", folder, "--interval", "15m", "--to", tmp_path / "out", "--json")
    assert result.exit_code == 0, result.output
    told = {(each["coin"], each["interval"]): each for each in json.loads(result.output)["series"]}
    assert told["BTC", "15m"]["rows"] == 4
    assert told["BTC", "1h"]["funding"]
    assert content(folder) == before
    recording = load_folder(tmp_path / "out", (), allow_gaps=False)
    assert recording.covers.resolution == "15m"
