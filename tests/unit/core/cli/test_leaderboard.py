from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from nof0_core.analysis.leaderboard import LeaderboardRow
from nof0_core.cli.leaderboard import leaderboard, read_rows, render_leaderboard
from nof0_core.errors import UsageError


def row(name, equity, **changes):
    plain = {
        "id": name,
        "num_trades": 4,
        "sharpe": 0.25,
        "win_dollars": 30.0,
        "num_losses": 1,
        "lose_dollars": -10.0,
        "return_pct": (equity - 10_000) / 100,
        "equity": equity,
        "num_wins": 3,
        "return_pct_ci": [-1.0, 4.0],
        "sharpe_ci": [-0.5, 1.0],
        "is_baseline": False,
        "beats_baseline_p": 0.625,
        "name": name.title(),
        "status": "running",
        "usable_answers": 118,
        "cycles": 120,
        "unranked_reason": None,
        "is_settled": None,
    }
    return plain | changes


@pytest.fixture
def directory(tmp_path):
    """Files of a run in which `alpha` has closed part of the position it still holds."""
    rows = [
        row("alpha", 10_200.0),
        row("beta", 9_900.0, is_baseline=True, num_trades=0, return_pct_ci=None, sharpe_ci=None),
    ]
    fees = {"alpha": 9.0, "beta": 0.0}
    files = {
        "leaderboard.json": {"leaderboard": rows},
        "analytics.json": {
            "analytics": [
                {"id": name, "fee_pnl_moves_breakdown_table": {"total_fees_paid": paid}}
                for name, paid in fees.items()
            ]
        },
        "trades.json": {
            "trades": [
                {
                    "model_id": "alpha",
                    "symbol": "BTC",
                    "entry_oid": 7,
                    "total_commission_dollars": 2.0,
                }
            ]
        },
        "positions.json": {
            "accountTotals": [
                {
                    "model_id": "alpha",
                    "positions": {"BTC": {"entry_oid": 7, "symbol": "BTC", "commission": 5.5}},
                },
                {"model_id": "beta", "positions": {}},
            ]
        },
    }
    for name, content in files.items():
        (tmp_path / name).write_text(json.dumps(content))
    return tmp_path


def test_fees_of_a_position_closed_in_part_count_once(directory):
    alpha, beta = read_rows(directory)
    assert alpha.fees == 9.0 + 5.5 - 2.0
    assert beta.fees == 0


def test_table_shows_every_trader_in_order_with_intervals_and_the_verdict(directory):
    result = CliRunner().invoke(leaderboard, [str(directory)], env={"COLUMNS": "160"})
    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    alpha = next(line for line in lines if "alpha" in line)
    beta = next(line for line in lines if "beta" in line)
    for text in ("10,200.00", "+2.00", "[-1.0 … +4.0]", "+0.25", "75", "12.50", "62 %"):
        assert text in alpha
    assert "Beta *" in beta
    assert lines.index(alpha) < lines.index(beta)
    assert "The order means nothing yet" in result.output
    assert "model" not in lines[2]


@pytest.fixture
def mixed(directory):
    """The same run with a model that never answered, richer than all others, and a new trader."""
    path = directory / "leaderboard.json"
    rows = json.loads(path.read_text())["leaderboard"]
    outside = {"is_baseline": False, "beats_baseline_p": None}
    rows += [
        row(
            "mute",
            1_110_200.5,
            status="failing",
            usable_answers=0,
            cycles=12,
            unranked_reason="0 of 12 answers usable, 0 of 20 cycles",
            **outside,
        ),
        row("late", 10_000.0, usable_answers=3, cycles=3, unranked_reason="3 of 20 cycles"),
    ]
    path.write_text(json.dumps({"leaderboard": rows}))
    return directory


def shown(directory, width):
    result = CliRunner().invoke(leaderboard, [str(directory)], env={"COLUMNS": str(width)})
    assert result.exit_code == 0, result.output
    return result.output


def test_who_is_not_ranked_has_no_number_and_its_reason_below_the_table(mixed):
    text = shown(mixed, 200)
    starts = [line.split()[:2] for line in text.splitlines() if line[:1] in "12–" and line]
    assert starts == [["1", "Alpha"], ["2", "Beta"], ["–", "Mute"], ["–", "Late"]]
    mute = next(line for line in text.splitlines() if line.startswith("–"))
    assert "0/12" in mute
    assert "failing" in mute
    assert "not ranked: Mute: 0 of 12 answers usable, 0 of 20 cycles" in text
    assert "not ranked: Late: 3 of 20 cycles" in text
    assert "Alpha and Beta need" in " ".join(text.split())


@pytest.mark.parametrize("width", [200, 120, 100, 80, 60, 40])
def test_on_a_narrow_terminal_columns_go_and_no_digit_is_cut(mixed, width):
    text = shown(mixed, width)
    assert max(map(len, text.splitlines())) <= width
    assert "…" not in text.replace(" … ", "")
    for part in ("+2.00", "-1.00", "+11002.00", "118/120", "0/12", "3/3"):
        assert part in text
    assert ("1,110,200.50" in text) is (width >= 60)
    assert ("[-1.0 … +4.0]" in text) is (width >= 80)


def test_json_is_what_stands_in_the_file(directory):
    result = CliRunner().invoke(leaderboard, [str(directory), "--json"])
    wanted = json.loads((directory / "leaderboard.json").read_text())["leaderboard"]
    assert json.loads(result.output) == wanted


def test_the_data_directory_of_a_run_is_good_too(directory, tmp_path_factory):
    data_dir = tmp_path_factory.mktemp("data")
    directory.rename(data_dir / "api")
    result = CliRunner().invoke(leaderboard, [str(data_dir), "--json"])
    assert [one["id"] for one in json.loads(result.output)] == ["alpha", "beta"]


def test_a_directory_without_a_run_says_what_to_do(tmp_path):
    result = CliRunner().invoke(leaderboard, [str(tmp_path)])
    assert isinstance(result.exception, UsageError)
    assert "nor anything of a run" in str(result.exception)
    (tmp_path / "api").mkdir()
    result = CliRunner().invoke(leaderboard, [str(tmp_path)])
    assert isinstance(result.exception, UsageError)
    assert "there is no leaderboard.json in" in str(result.exception)
    assert "nof0 run CONFIG" in result.exception.hints[0]


@pytest.mark.parametrize("content", ["{", "[]", '{"leaderboard": [{"id": "x"}]}'])
def test_a_file_of_something_else_is_named(directory, content):
    (directory / "leaderboard.json").write_text(content)
    with pytest.raises(UsageError, match=r"not (a file|those) of the `json` exporter"):
        read_rows(directory)


def test_model_is_shown_where_it_is_known():
    from rich.console import Console

    console = Console(width=160)
    known = LeaderboardRow(
        trader="alpha",
        name="Alpha",
        model="rules-v1",
        is_baseline=False,
        equity=1.0,
        return_pct=0.0,
        return_pct_ci=None,
        sharpe=0.0,
        sharpe_ci=None,
        num_trades=0,
        num_wins=0,
        num_losses=0,
        win_dollars=0.0,
        lose_dollars=0.0,
        fees=0.0,
        beats_baseline_p=None,
        status="running",
        usable_answers=1,
        cycles=1,
        unranked_reason=None,
    )
    with console.capture() as shown:
        console.print(render_leaderboard([known]))
    assert "rules-v1" in shown.get()
