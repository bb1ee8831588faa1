"""A backtest: its window, its data, what it leaves behind."""

from __future__ import annotations

import csv
import gzip
import json
import shutil
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from nof0_core.analysis.performance import max_drawdown_pct
from nof0_core.backtest.one_run import Stop
from nof0_core.backtest.report import text_of, write_trades
from nof0_core.backtest.running import plan, run
from nof0_core.backtest.stage import Source, name_of
from nof0_core.cli import cli
from nof0_core.cli.backtest_text import tail
from nof0_core.errors import ConfigError, DataError, UsageError
from nof0_core.project import Window, load_config, open_journal, run_backtest

ROOT = Path(__file__).parents[4]
START = datetime(2025, 7, 23, tzinfo=UTC)
BUNDLED = ROOT / "nof0-provider-sim/src/nof0_provider_sim/data/hyperliquid_2025_07"


def test_several_traders_coins_and_accounts_run_and_the_report_tells_it(place, tmp_path):
    result = place.run(hours=12)

    assert (result.is_complete, result.ended) == (True, "")
    assert {str(one.trader) for one in result.traders} == {"cross", "flip"}
    assert [str(coin.symbol) for coin in result.coins] == ["BTC", "ETH"]
    assert result.cycles == 241 + 121
    flip = result["flip"]
    assert flip.trades, "the window is meant to have trades"
    columns = flip.trade_columns()
    assert np.allclose(
        columns["net_pnl"], columns["gross_pnl"] - columns["fees"] + columns["funding"]
    )
    assert flip.time.shape == flip.equity.shape == flip.index.shape
    assert flip.equity[-1] == float(flip.account.equity)
    assert flip.max_drawdown_pct == max_drawdown_pct(flip.curve)
    report = json.loads((result.folder / "report.json").read_text())
    assert report == json.loads(text_of(result.report))
    told = {one["id"]: one for one in report["traders"]}["flip"]
    assert told["trades"]["count"] == len(flip.trades)
    for group in ("by_coin", "by_side", "by_exit_reason"):
        assert sum(one["count"] for one in told[group].values()) == len(flip.trades)
        assert sum(Decimal(one["net_pnl"]) for one in told[group].values()) == sum(
            trade.net_pnl for trade in flip.trades
        )
    deepest = told["drawdowns"][0]["pct"]
    assert deepest == pytest.approx(told["max_drawdown_pct"], abs=1e-12)

    write_trades(tmp_path / "trades.csv", result)
    with (tmp_path / "trades.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == sum(len(one.trades) for one in result.traders)
    assert [row["exit_time"] for row in rows] == sorted(row["exit_time"] for row in rows)


def test_the_live_journal_is_left_alone_and_the_runs_own_one_can_be_read(place):
    data = place.directory / "data"
    result = place.run()

    assert {path.name for path in data.iterdir()} == {"backtests"}
    types = {record.type for record in open_journal(result.folder / "run").records()}
    assert {"engine_started", "cycle", "engine_stopped"} <= types


def test_the_same_again_gives_the_same_bytes(place):
    first = place.run()
    names = ("report.json", "report.html")
    written = [(first.folder / name).read_bytes() for name in names]
    second = place.run()

    assert [(second.folder / name).read_bytes() for name in names] == written
    assert second.folder == first.folder
    assert first.folder.name.startswith("20250723-20250723-")


def test_a_seed_is_part_of_the_result_and_not_of_the_data(place):
    first = place.run()
    place.replace("llm.yaml", "seed: 2", "seed: 3")
    second = place.run()

    assert first.digests["data"] == second.digests["data"]
    assert first.digests["configuration"] != second.digests["configuration"]
    assert first.digests["result"] != second.digests["result"]


@pytest.mark.parametrize(
    ("start", "end"),
    [(START - timedelta(days=400), START), (START, START + timedelta(days=30))],
)
def test_a_window_outside_of_the_data_is_refused_with_the_period_there_is(place, start, end):
    with pytest.raises(UsageError, match=r"has prices from .* to 2025-07-26 .*window is"):
        run_backtest(place.config, (start, end))
    assert not (place.directory / "data").exists()


def test_a_window_backwards_is_refused():
    with pytest.raises(UsageError, match="not after"):
        Window(START, START)
    with pytest.raises(UsageError, match="without a time zone"):
        Window(datetime(2025, 7, 23), START)  # noqa: DTZ001 - that is the point
    with pytest.raises(UsageError, match="'2025-01-01', which is no datetime"):
        Window("2025-01-01", "2025-01-02")


def test_windows_that_differ_by_seconds_are_two_and_read_so(place):
    whole = Window(START, START + timedelta(hours=1))
    longer = Window(START, START + timedelta(hours=1, seconds=1))

    assert str(whole) == "2025-07-23 00:00 to 2025-07-23 01:00 UTC"
    assert str(longer) == "2025-07-23 00:00 to 2025-07-23 01:00:01 UTC"
    config = load_config(place.config)
    assert name_of(config, whole, Source()) != name_of(config, longer, Source())


def test_a_window_too_short_to_be_checked_is_not_said_to_be(place):
    result = run_backtest(place.config, (START, START + timedelta(minutes=2)))

    assert result.look_ahead.moments == ()
    told = "not checked for look-ahead: no decision has a bar of the window after it"
    assert told in list(tail(result, None))
    assert told in (result.folder / "report.html").read_text()


@pytest.mark.parametrize("window", [(START,), START, (START, START, START)])
def test_a_window_that_is_no_pair_is_refused(place, window):
    with pytest.raises(UsageError, match="two times"):
        run_backtest(place.config, window)


def test_an_unknown_word_about_gaps_is_refused_by_its_name(place):
    with pytest.raises(UsageError, match="gaps.*allow, refuse.*maybe"):
        place.run(gaps="maybe")


def test_ratios_of_a_few_hours_are_flagged(place):
    assert any("no Sharpe ratio is shown" in flag for flag in place.run(hours=24).flags)
    assert not any("no Sharpe ratio is shown" in flag for flag in place.run(hours=25).flags)


def test_a_window_of_any_time_zone_is_one_in_utc():
    east = timezone(timedelta(hours=2))

    assert Window(START.astimezone(east), START + timedelta(hours=1)).start.tzinfo is UTC
    assert str(Window(START.astimezone(east), START + timedelta(hours=1))).startswith(
        "2025-07-23 00:00 to"
    )


def test_trades_that_cannot_be_written_are_refused_before_the_run(place):
    asked = ["backtest", str(place.config), "--trades", str(place.directory / "no" / "t.csv")]

    found = CliRunner().invoke(cli, asked)

    assert isinstance(found.exception, UsageError)
    assert "there is no directory" in str(found.exception)
    assert not (place.directory / "data").exists()


def test_without_a_window_it_runs_from_the_clocks_start_to_the_end_of_the_data(place):
    planned = plan(load_config(place.config), start=None, end=None, source=Source())

    assert planned.window.start == START
    assert planned.window.end > START + timedelta(days=2)


def test_data_of_a_directory_take_the_place_of_the_market(place, tmp_path):
    folder = tmp_path / "candles"
    shutil.copytree(BUNDLED, folder)
    as_configured = place.run()
    from_folder = place.run(data=folder)

    assert from_folder.digests["data"] == as_configured.digests["data"]
    assert from_folder["flip"].account == as_configured["flip"].account


def test_a_gap_is_refused_and_counted_where_it_is_allowed(place, tmp_path):
    folder = _with_gap(tmp_path / "candles")

    with pytest.raises(DataError, match="missing") as caught:
        place.run(data=folder)
    assert any("--gaps allow" in hint for hint in caught.value.hints)
    result = place.run(data=folder, gaps="allow")
    assert "BTC: 2 of 20 bars are missing" in result.flags


def test_bars_of_other_lengths_than_traders_need_are_told(place, tmp_path):
    folder = tmp_path / "candles"
    shutil.copytree(BUNDLED, folder)
    for file in folder.glob("*_4h.csv.gz"):
        file.unlink()

    with pytest.raises(ConfigError, match="has no 4h bars of BTC, ETH"):
        place.run(data=folder)


def test_a_short_warm_up_is_told(place):
    begin = datetime(2025, 7, 14, 13, 30, tzinfo=UTC)
    result = run_backtest(place.config, (begin, begin + timedelta(minutes=30)), moments=1)

    assert "BTC: warm-up is short, 10 of 59 3m bars come before the window" in result.flags


def test_no_trade_at_all_is_a_result(place):
    place.replace("manager.yaml", "model: coin-flip-busy", "model: ema-cross")
    place.replace("manager.yaml", "min_confidence: 50", "min_confidence: 100")
    result = place.run()

    assert all(not one.trades for one in result.traders)
    assert "cross closed no trade" in result.flags
    assert result["cross"].figures.return_pct == 0


@pytest.mark.anyio
async def test_what_was_stopped_keeps_what_there_is_and_is_no_report(place):
    stop = Stop()
    planned = plan(
        load_config(place.config), start=START, end=START + timedelta(hours=3), source=Source()
    )

    def progress(what, part):
        if part > 0.5:
            stop("interrupted")

    result = await run(planned, stop=stop, progress=progress)

    assert (result.is_complete, result.ended) == (False, "interrupted")
    assert 40 < result.cycles < 92
    assert result.look_ahead is None
    assert not (result.folder / "report.json").exists()
    assert json.loads((result.folder / "partial.json").read_text())["is_complete"] is False


@pytest.mark.anyio
async def test_inside_of_an_event_loop_it_runs_beside_it(place):
    assert place.run().is_complete


def _with_gap(folder):
    shutil.copytree(BUNDLED, folder)
    file = folder / "hl_btc_3m.csv.gz"
    lines = gzip.decompress(file.read_bytes()).decode().splitlines(keepends=True)
    stamps = [
        str(int((START + timedelta(minutes=minute)).timestamp() * 1000)) for minute in (30, 33)
    ]
    kept = [line for line in lines if not any(stamp in line for stamp in stamps)]
    assert len(lines) - len(kept) == 2
    file.write_bytes(gzip.compress("".join(kept).encode()))
    return folder


def test_paper_accounts_of_a_backtest_are_in_memory_alone(place):
    """Nothing goes on with them; what happened is in the journal."""
    result = place.run()

    assert result["cross"].figures.cycles
    assert not list(result.folder.rglob("paper_account*"))


@pytest.mark.anyio
async def test_what_the_check_repeats_is_not_said_again(place):
    """Else a warning would stand there once for the run and once for each moment."""
    place.replace("exchange.yaml", "taker_fee_bps: 4.5", "faults: {reject_stops: 1}")
    window = {"start": START, "end": START + timedelta(hours=4)}

    async def said(moments):
        lines = []
        planned = plan(load_config(place.config), source=Source(), **window)
        result = await run(planned, moments=moments, echo=lines.append)
        assert len(result.look_ahead.moments) == moments
        return lines

    once = await said(1)
    assert once
    assert await said(3) == once
