"""Candle files: what is read, and what each bad file is told."""

from __future__ import annotations

import gzip
import re
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from nof0_core.clock import SimulatedClock
from nof0_core.domain.candles import Interval
from nof0_core.errors import DataError
from nof0_core.ids import Symbol
from nof0_core.recordings.folder import load_folder
from nof0_core.testing.environment import env as make_env
from nof0_provider_sim import plugin
from nof0_provider_sim.config import InstrumentRules, SimMarketConfig

HEADER = "timestamp_ms,open,high,low,close,volume"
T = 1_752_667_200_000  # 2025-07-16T12:00:00Z
MINUTE = 60_000
FUNDING = "timestamp_ms,funding_rate"


def _row(minute, prices="10,11,9,10", volume="5"):
    return f"{T + minute * MINUTE},{prices},{volume}"


def _csv(*rows, header=HEADER):
    return "\n".join((header, *rows)) + "\n"


GOOD = _csv(_row(0), _row(1), _row(2))


def _write(folder, **files):
    """Write files; `__` stands for the dot before the extension."""
    for name, content in files.items():
        path = folder / name.replace("__", ".")
        data = content.encode() if isinstance(content, str) else content
        path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)


@pytest.mark.parametrize("name", ["btc_1m__csv", "hl_btc_1m__csv__gz", "my_venue_BTC_1m__csv"])
def test_names_tell_symbol_and_interval(tmp_path, name):
    _write(tmp_path, **{name: GOOD})
    recording = load_folder(tmp_path, (), allow_gaps=False)
    assert recording.symbols == ("BTC",)
    assert len(recording.series(Symbol("BTC"), Interval("1m")).candles) == 3


def test_parquet_holds_the_same(tmp_path):
    table = np.array([[float(cell) for cell in row.split(",")] for row in GOOD.split()[1:]])
    columns = {name: table[:, i] for i, name in enumerate(HEADER.split(","))}
    columns["timestamp_ms"] = columns["timestamp_ms"].astype(np.int64)
    parquet.write_table(pa.table(columns), tmp_path / "btc_1m.parquet")
    _write(tmp_path, eth_1m__csv=GOOD)
    recording = load_folder(tmp_path, (), allow_gaps=False)
    btc, eth = (recording.series(Symbol(s), Interval("1m")).candles for s in ("BTC", "ETH"))
    assert btc == eth


def test_parquet_with_other_columns_is_refused(tmp_path):
    parquet.write_table(pa.table({"time": [1]}), tmp_path / "btc_1m.parquet")
    with pytest.raises(DataError, match="the columns are time: there is no column of the open"):
        load_folder(tmp_path, (), allow_gaps=False)


def test_without_pyarrow_the_error_says_what_to_install(tmp_path, monkeypatch):
    _write(tmp_path, btc_1m__parquet=b"PAR1")
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(DataError, match="needs pyarrow") as raised:
        load_folder(tmp_path, (), allow_gaps=False)
    assert 'pip install "nof0-core[data]"' in raised.value.hints[0]


BAD = [
    pytest.param("", "the file is empty", id="empty"),
    pytest.param(_csv(), "no rows below the header", id="header-only"),
    pytest.param(
        _csv(_row(0), header="moment,open,high,low,close,volume"),
        ':1: the header is "moment,open.*": there is no column of the time',
        id="header",
    ),
    pytest.param(_csv(_row(0), _row(2)), ":3: 1 1m row missing, from 2025-07-16T12:01", id="gap"),
    pytest.param(
        _csv(_row(0), _row(1), _row(5), _row(6), _row(9)),
        r":4: 3 1m rows missing, from 2025-07-16T12:02:00Z to 2025-07-16T12:05:00Z \(2 gaps in all",
        id="gaps",
    ),
    pytest.param(
        _csv(_row(0), _row(2), _row(1)),
        ":4: the time stamp 2025-07-16T12:01:00Z comes after a later one",
        id="unsorted",
    ),
    pytest.param(
        _csv(_row(0), _row(1), _row(1)),
        ":4: the time stamp 2025-07-16T12:01:00Z appears twice",
        id="duplicate",
    ),
    pytest.param(_csv(_row(0), _row(1, "10,nan,9,10")), r":3: a value is missing", id="nan"),
    pytest.param(_csv(_row(0), _row(1, "10,inf,9,10")), r":3: a value is missing", id="inf"),
    pytest.param(_csv(_row(0, "-1,11,-2,10")), ":2: a price is not above 0", id="negative-price"),
    pytest.param(_csv(_row(0, "10,11,0,10")), ":2: a price is not above 0", id="zero-price"),
    pytest.param(_csv(_row(0, volume="-1")), ":2: the volume is negative", id="volume"),
    pytest.param(_csv(_row(0), _row(1, "10,8,9,10")), ":3: low is above high", id="low-above-high"),
    pytest.param(_csv(_row(0, "12,11,9,10")), ":2: open or close lies outside", id="open-outside"),
    pytest.param(_csv(_row(0), _row(1, "10,11,9")), ":3: 5 values where 6 belong", id="short-row"),
    pytest.param(_csv(_row(0), "", _row(1)), ":3: the line is empty", id="blank-line"),
    pytest.param(_csv(_row(0, "10,x,9,10")), ':2: "x" is not a number', id="word"),
    pytest.param(
        _csv(_row(0), _row(3), _row(6)), ":3: bars are at least 180 s apart", id="coarser"
    ),
    pytest.param(
        _csv(f"{T},10,11,9,10,5", f"{T + 30_000},10,11,9,10,5"),
        ":3: the bar opens 30 s after the one before it, but 1m bars are 60 s long",
        id="finer",
    ),
    pytest.param(
        _csv(f"{T + 7000},10,11,9,10,5"), ":2: the bar does not open at a multiple", id="off-grid"
    ),
    pytest.param(_csv(f"{T // 1000},10,11,9,10,5"), "not in milliseconds", id="seconds"),
    pytest.param(_csv(f"{T}.5,10,11,9,10,5"), "not a whole number of milli", id="fraction"),
]


@pytest.mark.parametrize(("content", "message"), BAD)
def test_bad_candle_file_is_refused_with_file_line_and_advice(tmp_path, content, message):
    _write(tmp_path, hl_btc_1m__csv=content)
    with pytest.raises(DataError, match=message) as raised:
        load_folder(tmp_path, (), allow_gaps=False)
    assert str(raised.value).startswith(str(tmp_path / "hl_btc_1m.csv"))
    assert raised.value.hints


BAD_FUNDING = [
    pytest.param(f"{T},nan", ":2: the rate is missing", id="nan"),
    pytest.param(f"{T},1.25", ":2: the rate is above 0.04 per hour", id="percent"),
    pytest.param(f"{T},0.1\n{T},0.1", ":3: .* appears twice", id="duplicate"),
    pytest.param(f"{T},0\n{T + 7_200_000},0\n{T + 10_800_000},0", ":3: 1 1h row missing", id="gap"),
]


@pytest.mark.parametrize(("rows", "message"), BAD_FUNDING)
def test_bad_funding_file_is_refused(tmp_path, rows, message):
    _write(tmp_path, btc_1m__csv=GOOD, btc_funding_1h__csv=_csv(rows, header=FUNDING))
    with pytest.raises(DataError, match=message):
        load_folder(tmp_path, (), allow_gaps=False)


def test_cut_off_gzip_is_refused(tmp_path):
    path = tmp_path / "btc_1m.csv.gz"
    path.write_bytes(gzip.compress(GOOD.encode())[:-12])
    with pytest.raises(DataError, match="cannot be read"):
        load_folder(tmp_path, (), allow_gaps=False)


FOLDERS = [
    pytest.param({}, "no candle files of any symbol", id="nothing"),
    pytest.param({"eth_1m__csv": GOOD}, "no candle files of BTC", id="symbol-missing"),
    pytest.param({"prices__csv": GOOD}, "does not tell symbol and interval", id="name"),
    pytest.param({"funding_1h__csv": GOOD}, "does not tell symbol", id="funding-of-what"),
    pytest.param({"btc_funding_8h__csv": GOOD}, "not every 8h", id="funding-every-8h"),
    pytest.param(
        {"a_btc_1m__csv": GOOD, "b_BTC_1m__csv": GOOD}, "holds the same series", id="twice"
    ),
    pytest.param(
        {"btc_1m__csv": GOOD, "eth_2m__csv": _csv(_row(0))}, "no interval in common", id="intervals"
    ),
    pytest.param(
        {"btc_1m__csv": GOOD, "eth_1m__csv": _csv(_row(100))}, "no period together", id="periods"
    ),
]


@pytest.mark.parametrize(("files", "message"), FOLDERS)
def test_folder_that_is_no_recording_is_refused(tmp_path, files, message):
    _write(tmp_path, **files)
    symbols = ("BTC",) if "eth_1m__csv" in files and len(files) == 1 else ()
    with pytest.raises(DataError, match=message) as raised:
        load_folder(tmp_path, symbols, allow_gaps=False)
    assert raised.value.hints


def test_missing_folder_is_refused(tmp_path):
    with pytest.raises(DataError, match=re.escape(f"{tmp_path / 'no'}: cannot list")):
        load_folder(tmp_path / "no", (), allow_gaps=False)


def test_symbols_limit_what_is_loaded_and_decide_the_spelling(tmp_path):
    _write(tmp_path, kpepe_1m__csv=GOOD, eth_1m__csv="broken and never read")
    recording = load_folder(tmp_path, ("kPEPE",), allow_gaps=False)
    assert recording.symbols == ("kPEPE",)


@pytest.mark.anyio
async def test_allowed_gap_keeps_the_last_price_and_shows_its_age(tmp_path):
    rows = (_row(0), _row(1, "10,12,9,12"), _row(5, "12,13,12,13"))
    _write(tmp_path, hype_1m__csv=_csv(*rows))
    config = SimMarketConfig(
        data=tmp_path,
        gaps="allow",
        instruments={"HYPE": InstrumentRules(size_decimals=2, max_leverage=5)},
    )
    noon = datetime(2025, 7, 16, 12, 0, tzinfo=UTC)
    clock = SimulatedClock(noon + timedelta(minutes=4))
    async with make_env(clock=clock) as env, plugin.open_market(config, env) as market:
        quote = (await market.quotes(["HYPE"]))["HYPE"]
        assert (quote.mark, quote.time) == (12, noon + timedelta(minutes=2))
        assert len(await market.candles("HYPE", Interval("1m"), clock.now(), 10)) == 2
        await clock.sleep_until(noon + timedelta(minutes=6))
        assert (await market.quotes(["HYPE"]))["HYPE"].mark == 13


@pytest.mark.anyio
async def test_coin_without_trading_rules_is_refused_with_an_example(tmp_path):
    _write(tmp_path, hype_1m__csv=GOOD)
    async with make_env(section="demo") as env:
        with pytest.raises(DataError, match="no trading rules are known for HYPE") as raised:
            async with plugin.open_market(SimMarketConfig(data=tmp_path), env):
                pass
    assert "instruments: {HYPE:" in raised.value.hints[0]
    assert raised.value.section == "demo"


@pytest.mark.anyio
async def test_rules_for_a_coin_that_is_not_offered_are_refused(tmp_path):
    _write(tmp_path, btc_1m__csv=GOOD)
    rules = {"HYPE": InstrumentRules(size_decimals=2, max_leverage=5)}
    config = SimMarketConfig(data=tmp_path, instruments=rules)
    async with make_env() as env:
        with pytest.raises(DataError, match=r"instruments\.HYPE: .* no such symbol"):
            await plugin.open_market(config, env).__aenter__()
