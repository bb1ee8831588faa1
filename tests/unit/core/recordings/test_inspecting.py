"""Faults that were put into good data are found, each at its line; the data itself has none."""

from __future__ import annotations

import random

import numpy as np
import pytest

from nof0_core.domain.candles import Interval
from nof0_core.errors import DataError
from nof0_core.recordings.checking import candles_of
from nof0_core.recordings.inspecting import inspect
from nof0_core.recordings.listing import list_folder
from nof0_core.recordings.loading import joined, load_candles, read_series
from nof0_core.recordings.resampling import resampled
from nof0_core.recordings.writing import candle_rows, write_rows

T = 1_752_624_000_000
MINUTE = 60_000
COUNT = 600


def walk(seed, count=COUNT):
    """Rows of a seeded random walk: time, open, high, low, close, volume."""
    chance = random.Random(seed)

    def normal(deviation):
        return np.array([chance.gauss(0, deviation) for _ in range(count)])

    closes = 100 * np.exp(np.cumsum(normal(0.001)))
    opens = np.concatenate(([100.0], closes[:-1]))
    highs = np.maximum(opens, closes) * (1 + np.abs(normal(0.0005)))
    lows = np.minimum(opens, closes) * (1 - np.abs(normal(0.0005)))
    times = T + MINUTE * np.arange(count, dtype=np.float64)
    volume = np.exp(normal(1))
    return np.column_stack([times, opens, highs, lows, closes, volume])


def put(folder, rows, name="btc_1m.csv"):
    lines = ["timestamp_ms,open,high,low,close,volume"]
    lines += [",".join([str(int(row[0])), *map(repr, row[1:])]) for row in rows.tolist()]
    (folder / name).write_text("\n".join(lines) + "\n")


def found(folder):
    (files,) = list_folder(folder).series
    report = inspect(files)
    return report, [(fault.kind, fault.line) for fault in (*report.faults, *report.odd)]


@pytest.mark.parametrize("seed", range(5))
def test_good_data_has_no_fault(tmp_path, seed):
    put(tmp_path, walk(seed))
    report, faults = found(tmp_path)
    assert faults == []
    assert (report.rows, report.start, report.end) == (
        COUNT,
        "2025-07-16T00:00:00Z",
        "2025-07-16T10:00:00Z",
    )


@pytest.mark.parametrize("seed", range(20))
def test_every_planted_fault_is_found_where_it_is(tmp_path, seed):
    rows = walk(seed)
    chance = random.Random(seed)
    spots = chance.sample(range(20, COUNT - 20, 25), 6)
    gap, twice, spike, unit, nan, wick = spots
    rows[spike, 1:5] *= 1.5
    rows[wick, 2] *= 2
    rows[unit, 0] *= 1000
    rows[nan, 4] = np.nan
    order = [at for at in range(COUNT) if at != gap]
    order.insert(order.index(twice), twice)
    put(tmp_path, rows[order])
    lines = {at: order.index(at) + 2 for at in spots if at != gap}
    _, faults = found(tmp_path)
    assert ("gap", order.index(gap + 1) + 2) in faults
    assert ("duplicate", lines[twice] + 1) in faults
    assert ("outlier", lines[spike]) in faults
    assert ("outlier", lines[wick]) in faults
    assert ("unit", lines[unit]) in faults
    assert ("value", lines[nan]) in faults
    # The row in the wrong unit leaves a hole where it belongs; nothing else is told.
    assert len(faults) == 7


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(("columns", "factor"), [(slice(1, 5), 100.0), (slice(5, 6), 100_000.0)])
def test_another_unit_from_a_row_on_is_found_there(tmp_path, seed, columns, factor):
    rows = walk(seed)
    at = random.Random(seed).randrange(30, COUNT - 30)
    rows[at:, columns] *= factor
    put(tmp_path, rows)
    _, faults = found(tmp_path)
    assert faults == [("jump", at + 2)]


def test_funding_in_percent_is_found_with_its_line(tmp_path):
    (tmp_path / "btc_funding_1h.csv").write_text(
        f"timestamp_ms,funding_rate\n{T},0.00001\n{T + 3_600_000},0.125\n"
    )
    assert found(tmp_path)[1] == [("rate", 3)]


@pytest.mark.parametrize("form", ["parquet", "csv"])
def test_what_is_written_is_read_again(tmp_path, form):
    put(tmp_path, walk(1))
    (files,) = list_folder(tmp_path).series
    candles = load_candles(files, allow_gaps=False)
    name = {"parquet": "eth_1m.parquet", "csv": "eth_1m.csv.gz"}[form]
    write_rows(tmp_path / "out" / name, candle_rows(candles), form)
    (again,) = list_folder(tmp_path / "out").series
    assert load_candles(again, allow_gaps=False) == candles


def test_bars_with_a_missing_part_are_left_out(tmp_path):
    put(tmp_path, np.delete(walk(1, 60), [7, 8, 31], axis=0))
    (files,) = list_folder(tmp_path).series
    table = joined(read_series(files))
    bars, left_out = resampled(candles_of(table, Interval("1m")), Interval("5m"))
    whole = walk(1, 60).reshape(12, 5, 6)
    kept = np.delete(whole, [1, 6], axis=0)
    assert left_out == 2
    assert np.array_equal(bars.open_time, kept[:, 0, 0])
    assert np.array_equal(bars.high, kept[:, :, 2].max(axis=1))
    assert np.array_equal(bars.close, kept[:, -1, 4])
    assert np.allclose(bars.volume, kept[:, :, 5].sum(axis=1))


@pytest.mark.parametrize("interval", ["1m", "90s", "7m", "1w", "no"])
def test_bars_that_cannot_be_made_are_refused(tmp_path, interval):
    put(tmp_path, walk(1))
    (files,) = list_folder(tmp_path).series
    candles = load_candles(files, allow_gaps=False)
    with pytest.raises(DataError):
        resampled(candles, Interval(interval))
