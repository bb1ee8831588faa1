"""What a reader should know before believing a figure stands among the flags."""

from __future__ import annotations

import gzip
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nof0_core.backtest import one_run, running
from nof0_core.backtest.one_run import Stop
from nof0_core.backtest.running import plan, run
from nof0_core.backtest.stage import Source
from nof0_core.errors import UsageError
from nof0_core.project import load_config, run_backtest

ROOT = Path(__file__).parents[4]
BUNDLED = ROOT / "nof0-provider-sim/src/nof0_provider_sim/data/hyperliquid_2025_07"
START = datetime(2025, 7, 23, tzinfo=UTC)
AT = START + timedelta(minutes=30)


def rewritten(folder, change, name="hl_btc_3m.csv.gz"):
    """Copy the recording, with `change` made to the rows (moment, five numbers) of one file."""
    shutil.copytree(BUNDLED, folder)
    file = folder / name
    head, *lines = gzip.decompress(file.read_bytes()).decode().splitlines()
    rows = []
    for line in lines:
        stamp, *numbers = line.split(",")
        moment = datetime.fromtimestamp(int(stamp) / 1000, UTC)
        found = change(moment, list(map(float, numbers)))
        rows += [] if found is None else [",".join([stamp, *map(repr, found)])]
    file.write_bytes(gzip.compress("\n".join([head, *rows, ""]).encode()))
    return folder


def flags(place, folder, **options):
    return place.run(data=folder, **options).flags


@pytest.mark.anyio
async def test_a_run_that_was_stopped_tells_of_the_time_until_then_alone(place):
    stop = Stop()
    end = START + timedelta(hours=6)
    planned = plan(load_config(place.config), start=START, end=end, source=Source())

    def progress(what, part):
        if part > 0.4:
            stop("terminated")

    result = await run(planned, stop=stop, progress=progress)

    reached = result["cross"].account.time
    assert reached < end - timedelta(hours=1)
    assert (
        f"the run ended at {reached:%Y-%m-%d %H:%M} UTC: all figures are of the time until then"
        in (result.flags)
    )
    until = run_backtest(place.config, (START, reached), moments=1)
    assert [one.return_pct for one in result.coins] == [one.return_pct for one in until.coins]
    assert [one.bars for one in result.coins] == [one.bars for one in until.coins]


def test_alerts_of_a_run_are_told(place):
    place.replace("exchange.yaml", "taker_fee_bps: 4.5", "faults: {reject_stops: 1}")
    result = place.run(hours=4)

    assert result.report["alerts"]
    for code, count in result.report["alerts"].items():
        assert any(flag.startswith(f"{count} × alert {code}:") for flag in result.flags), code


def test_a_disk_that_had_no_room_for_a_while_ends_in_no_report(place, monkeypatch):
    """Who cannot be written down does not decide: what comes out is not what the rules say."""

    async def without_room(*args, **kwargs):
        lived = await one_run.live(*args, **kwargs)
        lived.log.alerts["disk_full"] += 1
        return lived

    monkeypatch.setattr(running, "live", without_room)
    result = place.run()

    assert not result.is_complete
    assert "the disk had no room for the journal" in result.ended
    assert not (result.folder / "report.json").exists()


def test_a_bar_far_from_those_around_it_is_told(place, tmp_path):
    def spike(moment, numbers):
        return (
            [numbers[0], numbers[1], numbers[2] / 100, numbers[3] / 50, numbers[4]]
            if (moment == AT)
            else numbers
        )

    told = "BTC: 1 bar is far from those around it; `nof0 data check` names it"
    assert told in flags(place, rewritten(tmp_path / "odd", spike))
    assert not any("far from" in flag for flag in place.run().flags)


def test_bars_without_volume_are_told(place, tmp_path):
    def still(moment, numbers):
        return [*numbers[:4], 0.0] if moment < AT else numbers

    folder = rewritten(tmp_path / "still", still)
    assert "BTC: nobody traded in 10 of 20 bars; orders fill poorly there" in flags(place, folder)


def test_long_bars_that_tell_something_else_than_short_ones_are_told(place, tmp_path):
    def dearer(_, numbers):
        return [*(1.5 * each for each in numbers[:4]), numbers[4]]

    folder = rewritten(tmp_path / "apart", dearer, "hl_btc_4h.csv.gz")
    told = "BTC: 4h bars close elsewhere than 3m bars, by up to 50.0 %: are they of one market?"
    assert told in flags(place, folder)
    assert not any("elsewhere" in flag for flag in place.run().flags)


@pytest.mark.parametrize("is_late", [True, False])
def test_a_window_in_which_a_coin_is_not_there_yet_or_any_more_names_it(place, tmp_path, is_late):
    def half(moment, numbers):
        return numbers if (moment >= AT) == is_late else None

    folder = rewritten(tmp_path / "half", half)
    with pytest.raises(UsageError, match="has prices from") as caught:
        place.run(data=folder, gaps="allow")
    word = "begins" if is_late else "ends"
    assert any(f"BTC {word} at" in hint for hint in caught.value.hints), caught.value.hints
