"""What people have: files of venues and of other programs, as they are."""

from __future__ import annotations

import gzip
import io
import json
import warnings
import zipfile

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import feather, parquet

from nof0_core.domain.candles import Interval
from nof0_core.errors import DataError
from nof0_core.ids import Symbol
from nof0_core.recordings.folder import load_folder
from nof0_core.recordings.listing import list_folder

T = 1_752_667_200_000
MINUTE = 60_000
HEADER = "timestamp_ms,open,high,low,close,volume"
ROWS = [
    (T + at * MINUTE, 100.5 + at, 103.25 + at, 99.125 + at, 101.0 + at, 2.5 * (at + 1))
    for at in range(5)
]


def _lines(rows):
    return "".join(",".join(str(cell) for cell in row) + "\n" for row in rows)


def _in(unit, rows=ROWS):
    factor = {"s": 1e-3, "ms": 1, "us": 1000, "ns": 1_000_000}[unit]
    return [(int(row[0] * factor), *row[1:]) for row in rows]


OWN = f"{HEADER}\n{_lines(ROWS)}"


def _zip(**members):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__", "."), text)
    return packed.getvalue()


def _binance(unit="ms", *, header=False):
    rows = [(*row, row[0] + MINUTE - 1, 176994.0, 9, 1, 1, 0) for row in _in(unit)]
    head = "open_time,open,high,low,close,volume,close_time,quote_volume,count,a,b,ignore\n"
    return (head if header else "") + _lines(rows)


def _frame():
    columns = list(zip(*ROWS, strict=True))
    return pa.table(
        {
            "date": pa.array(columns[0], pa.timestamp("ms", tz="UTC")),
            **dict(zip(HEADER.split(",")[1:], columns[1:], strict=True)),
        }
    )


def _arrow(write, table=None):
    sink = io.BytesIO()
    write(_frame() if table is None else table, sink)
    return sink.getvalue()


def _hyperliquid(**changed):
    others = {"s": "BTC", "i": "1m", "n": 3, **changed}
    rows = []
    for time, *prices in ROWS:
        texts = map(str, prices)
        row = {"t": time, "T": time + MINUTE - 1, **dict(zip("ohlcv", texts, strict=True))}
        rows.append({**row, **others})
    return json.dumps(rows)


def _coinbase():
    return [[t // 1000, low, high, o, c, v] for t, o, high, low, c, v in reversed(ROWS)]


def _download(unit="ms"):
    rows = [
        (row[0], "2025-07-16 12:00:00", "BTC/USDT", *row[1:5], row[5], 1e6, 9)
        for row in reversed(_in(unit))
    ]
    head = "Unix,Date,Symbol,Open,High,Low,Close,Volume BTC,Volume USDT,tradecount\n"
    return "https://www.CryptoDataDownload.com\n" + head + _lines(rows)


KRAKEN_API = json.dumps(
    {
        "error": [],
        "result": {
            "XXBTZUSD": [[t // 1000, *map(str, p), "101", str(v), 7] for t, *p, v in ROWS],
            "last": T // 1000,
        },
    }
)
DATES = "date,open,high,low,close,volume\n" + _lines(
    [(f"2025-07-16 12:0{at}:00", *row[1:]) for at, row in enumerate(ROWS)]
)

READ = {
    "binance-archive": ("BTCUSDT-1m-2025-07.csv", _binance()),
    "binance-us": ("BTCUSDT-1m-2025-07-16.csv", _binance("us")),
    "binance-header": ("BTCUSDT-1m-2025-07.csv", _binance(header=True)),
    "binance-zip": ("BTCUSDT-1m-2025-07.zip", _zip(**{"BTCUSDT-1m-2025-07__csv": _binance("us")})),
    "own-header-12-columns": ("btc_1m.csv", _binance()),
    "seconds": ("btc_1m.csv", "time" + HEADER[12:] + "\n" + _lines(_in("s"))),
    "nanoseconds": ("btc_1m.csv", "timestamp" + HEADER[12:] + "\n" + _lines(_in("ns"))),
    "coinbase-json": ("coinbase_BTC-USD_1m.json", json.dumps(_coinbase())),
    "coinbase-csv": ("BTC-USD_1m.csv", "time,low,high,open,close,volume\n" + _lines(_coinbase())),
    "coinbase-no-header": ("BTC-USD_1m.csv", _lines(_coinbase())),
    "kraken-archive": ("XBTUSD_1.csv", _lines([(*row, 7) for row in _in("s")])),
    "kraken-api": ("XBTUSD_1m.json", KRAKEN_API),
    "cryptodatadownload": ("Binance_BTCUSDT_2025_minute.csv", _download()),
    "cryptodatadownload-us": ("Binance_BTCUSDT_1m.csv", _download("us")),
    "hyperliquid": ("btc_1m.json", _hyperliquid()),
    "hyperliquid-gz": ("btc_1m.json.gz", gzip.compress(_hyperliquid().encode())),
    "freqtrade-json": ("BTC_USDT_USDT-1m-futures.json", json.dumps(ROWS)),
    "freqtrade-spot": ("BTC_USDT-1m.json", json.dumps(ROWS)),
    "freqtrade-feather": ("BTC_USDT_USDT-1m-futures.feather", _arrow(feather.write_feather)),
    "freqtrade-parquet": ("BTC_USDT-1m.parquet", _arrow(parquet.write_table)),
    "dates": ("btc_1m.csv", DATES),
    "semicolons": ("btc_1m.csv", OWN.replace(",", ";")),
    "byte-order-mark": ("btc_1m.csv", "\ufeff" + OWN),
    "quoted": ("btc_1m.csv", '"' + OWN.replace(",", '","').strip().replace("\n", '"\n"') + '"'),
    "newest-first": ("btc_1m.csv", f"{HEADER}\n{_lines(reversed(ROWS))}"),
    "exponents-with-all-digits": (
        "btc_1m.csv",
        f"{HEADER}\n" + _lines([(f"{row[0]:.18e}", *row[1:]) for row in ROWS]),
    ),
    "pair": ("btc_usdt_1m.csv", OWN),
    "perpetual": ("BTC-USDT-PERP_1m.csv", OWN),
    "pair-in-capitals": ("BTCUSDC_1m.csv", OWN),
}  # fmt: skip


def _put(folder, name, content):
    (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)


@pytest.mark.parametrize(("name", "content"), READ.values(), ids=READ)
def test_every_form_holds_the_same(tmp_path, name, content):
    _put(tmp_path, name, content)
    (tmp_path / "own").mkdir()
    _put(tmp_path / "own", "btc_1m.csv", OWN)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = load_folder(tmp_path, (), allow_gaps=False)
    own = load_folder(tmp_path / "own", (), allow_gaps=False)
    assert found.symbols == ("BTC",)
    assert found.digest() == own.digest()


REFUSED = {
    "ms-then-us": (
        "btc_1m.csv",
        f"{HEADER}\n{_lines(ROWS[:3])}{_lines(_in('us')[3:])}",
        r"btc_1m\.csv:5: the time stamp \d{16} is in microseconds, not in milliseconds",
        "",
    ),
    "all-us": ("btc_1m.csv", f"{HEADER}\n{_lines(_in('us'))}", r"csv:2: .* in microseconds", "ns"),
    "one-us": ("btc_1m.csv", f"{HEADER}\n{_lines(_in('us')[:1])}", r"csv:2: .* in micro", "ns"),
    "units-mixed-without-header": (
        "BTCUSDT-1m-2025-07.csv",
        _binance()[: _binance().rindex(str(ROWS[4][0])) - 0].rsplit("\n", 2)[0]
        + "\n"
        + _binance("us").splitlines()[-1],
        r"csv:\d: .* is in microseconds, not in milliseconds",
        "one unit",
    ),
    "empty-cell": ("btc_1m.csv", OWN[:-5] + "\n", r'csv:6: the value "volume" is empty', "export"),
    "rounded": (
        "btc_1m.csv",
        f"{HEADER}\n" + _lines([("1.75E+12", *row[1:]) for row in ROWS]),
        r"csv:2: the time stamp 1\.75E\+12 has lost digits",
        "spreadsheet",
    ),
    "rounded-apart": (
        "btc_1m.csv",
        f"{HEADER}\n"
        + _lines([(f"1.7526{at}E+12", *row[1:]) for at, row in enumerate(ROWS, start=6)]),
        r"csv:2: the time stamp 1\.75266E\+12 has lost digits: .*, and so are 4 others",
        "spreadsheet",
    ),
    "coins-as-margin-without-coins": (
        "BTCUSD_PERP-1m-2025-07.csv",
        _lines(ROWS),
        "volume in contracts is no volume in coins",
        "take the archive of Binance as it is, or the market in USDT",
    ),
    "coins-as-margin-elsewhere": (
        "BTCUSD_PERP-1m-2025-07.parquet",
        _arrow(parquet.write_table),
        "volume in contracts is no volume in coins",
        "the market in USDT",
    ),
    "funding-of-eight-hours": (
        "BTCUSDT-fundingRate-2025-07.csv",
        f"calc_time,funding_interval_hours,last_funding_rate\n{T},8,0.0001\n",
        "funding is paid every hour here, not every 8h",
        "each of them divided by 8, as btc_funding_1h.csv",
    ),
    "another-coin": ("btc_1m.json", _hyperliquid(s="ETH"), 'the market is "ETH"', "after it"),
    "another-interval": ("btc_1m.json", _hyperliquid(i="1h"), 'it holds "1h"', "interval"),
    "another-currency": (
        "Binance_BTCUSDT_1m.csv",
        _download().replace("BTC/USDT", "BTC/EUR"),
        "prices are in EUR, not in dollars",
        "USDT",
    ),
    "no-json": ("btc_1m.json", _hyperliquid()[:-9], "is not JSON", "copy it again"),
    "json-of-something": ("btc_1m.json", '{"error": "no such coin"}', "no array of candles", ""),
    "cell-of-json": ("btc_1m.json", _hyperliquid(o=None), "row 1: a value is missing", "export"),
    "two-in-a-zip": ("BTCUSDT-1m-2025-07.zip", _zip(a__csv="1", b__csv="1"), "holds 2 files", ""),
    "no-zip": ("BTCUSDT-1m-2025-07.zip", b"PK", "cannot be read", "copy it again"),
    "no-feather": ("btc_1m.feather", b"nothing", "cannot be read", "copy it again"),
    "width": ("btc_1m.csv", "1,2,3\n", "3 columns do not tell what they are", "header"),
    "only-quote-volume": (
        "btc_1m.csv",
        OWN.replace(",volume", ",Volume USD"),
        "no column of the volume",
        "header",
    ),
}


@pytest.mark.parametrize(("name", "content", "message", "hint"), REFUSED.values(), ids=REFUSED)
@pytest.mark.parametrize("allow_gaps", [False, True])
def test_what_cannot_be_read_is_told_with_its_place(
    tmp_path, name, content, message, hint, allow_gaps
):
    _put(tmp_path, name, content)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(DataError, match=message) as raised:
            load_folder(tmp_path, (), allow_gaps=allow_gaps)
    assert str(raised.value).startswith(str(tmp_path / name))
    assert hint in " ".join(raised.value.hints)


def _written(time):
    """Write a time as it is without zeros at its end: 1.7526672e12."""
    digits = str(time).rstrip("0")
    return f"{digits[0]}.{digits[1:]}e{len(str(time)) - 1}"


@pytest.mark.parametrize("unit", ["s", "ms", "us"])
def test_stamps_with_an_exponent_that_have_lost_nothing_are_read(tmp_path, unit):
    plain, short = tmp_path / "plain", tmp_path / "short"
    for folder in (plain, short):
        folder.mkdir()
    _put(plain, "btc_1m.csv", OWN)
    head = HEADER.replace("_ms", "")
    rows = [(_written(row[0]), *row[1:]) for row in _in(unit)]
    _put(short, "btc_1m.csv", f"{head}\n{_lines(rows)}")
    found = load_folder(short, (), allow_gaps=False)
    assert found.digest() == load_folder(plain, (), allow_gaps=False).digest()


@pytest.mark.parametrize("header", [False, True])
def test_with_coins_as_margin_volume_is_in_coins_not_in_contracts(tmp_path, header):
    _put(tmp_path, "BTCUSD_PERP-1m-2025-07.csv", _binance(header=header))
    [volume] = {*load_folder(tmp_path, (), allow_gaps=False).series("BTC", "1m").candles.volume}
    assert volume == 176994.0


def test_of_two_files_that_hold_the_same_only_that_is_told(tmp_path):
    _put(tmp_path, "BTCUSDT-1m-2025-07.csv", _binance())
    _put(tmp_path, "btc_1m.csv", OWN)
    [found] = list_folder(tmp_path).series
    assert len(found.paths) == 1
    assert [fault.kind for fault in list_folder(tmp_path).faults] == ["duplicate"]


NOT_IN_DOLLARS = [
    ("eth_btc_1m.csv", "ETH is priced in BTC"),
    ("ETHBTC-1m-2025-07.csv", "ETH is priced in BTC"),
    ("BTC-EUR_1m.csv", "BTC is priced in EUR"),
    ("solbnb_1m.csv", "SOL is priced in BNB"),
    ("pepito_btc_1m.csv", "may be BTC, or PEPITO in BTC"),
    ("PEPITOBTC-1m.csv", "may be a coin, or PEPITO in BTC"),
    ("ARBUSD_1m.csv", "may be AR in BUSD or ARB in USD"),
]


@pytest.mark.parametrize(("name", "message"), NOT_IN_DOLLARS)
def test_prices_in_a_coin_are_never_taken_for_dollars(tmp_path, name, message):
    _put(tmp_path, name, OWN)
    with pytest.raises(DataError, match=message) as raised:
        load_folder(tmp_path, (), allow_gaps=False)
    assert "move" in " ".join(raised.value.hints)


@pytest.mark.parametrize(
    ("name", "coin"),
    [
        ("wbtc_1m.csv", "WBTC"),
        ("hl_wbtc_1m.csv", "WBTC"),
        ("BNBUSD_1m.csv", "BNB"),
        ("eth_usdt_1m.csv", "ETH"),
        ("hl_eth_1m.csv", "ETH"),
        ("XDGUSD_1.csv", "DOGE"),
        ("XXBTZUSD_1m.csv", "BTC"),
        ("1INCHUSDT-1m-2025-07.csv", "1INCH"),
        ("hype_usdc_usdc-1m-futures.csv", "HYPE"),
        ("btc_perp_1m_20211231_20220201.csv", "BTC"),
        ("usdt_1m.csv", "USDT"),
    ],
)
def test_a_name_tells_the_coin(tmp_path, name, coin):
    _put(tmp_path, name, OWN)
    assert load_folder(tmp_path, (), allow_gaps=False).symbols == (coin,)


def test_a_coin_that_is_asked_for_is_taken_as_it_is_spelled(tmp_path):
    _put(tmp_path, "pepitobtc_1m.csv", OWN)
    assert load_folder(tmp_path, ["PepitoBTC"], allow_gaps=False).symbols == ("PepitoBTC",)


def test_two_pairs_are_two_coins(tmp_path):
    for name in ("btc_usdt_1m.csv", "eth_usdt_1m.csv"):
        _put(tmp_path, name, OWN)
    assert load_folder(tmp_path, (), allow_gaps=False).symbols == ("BTC", "ETH")


def test_hidden_files_are_passed_over(tmp_path):
    _put(tmp_path, "btc_1m.csv", OWN)
    _put(tmp_path, "._btc_1m.csv", b"\x00\x05\x16\x07")
    _put(tmp_path, ".DS_Store", b"\x00")
    assert load_folder(tmp_path, (), allow_gaps=False).symbols == ("BTC",)


def test_a_folder_of_other_files_says_what_it_saw_and_what_is_read(tmp_path):
    _put(tmp_path, "prices.xlsx", b"PK")
    with pytest.raises(DataError, match="no candle files of any symbol") as raised:
        load_folder(tmp_path, (), allow_gaps=False)
    hints = " ".join(raised.value.hints)
    assert "prices.xlsx" in hints
    assert ".feather" in hints


def test_parts_of_a_period_are_one_series(tmp_path):
    cut = _binance("us").splitlines(keepends=True)
    _put(tmp_path, "BTCUSDT-1m-2025-08.csv", "".join(cut[2:]))
    _put(tmp_path, "BTCUSDT-1m-2025-07.csv", "".join(_binance().splitlines(keepends=True)[:2]))
    series = load_folder(tmp_path, (), allow_gaps=False).series(Symbol("BTC"), Interval("1m"))
    assert list(series.candles.open_time) == [row[0] for row in ROWS]


def test_a_fault_in_a_part_names_the_part(tmp_path):
    lines = _binance().splitlines(keepends=True)
    _put(tmp_path, "BTCUSDT-1m-2025-07.csv", "".join(lines[:3]))
    _put(tmp_path, "BTCUSDT-1m-2025-08.csv", "".join(lines[4:]))
    with pytest.raises(DataError, match=r"2025-08\.csv:1: 1 1m row missing"):
        load_folder(tmp_path, (), allow_gaps=False)
    _put(tmp_path, "BTCUSDT-1m-2025-08.csv", "".join(lines[2:]))
    with pytest.raises(DataError, match=r"2025-08\.csv:1: .* appears twice"):
        load_folder(tmp_path, (), allow_gaps=False)


def test_mark_prices_are_not_those_of_trades(tmp_path):
    _put(tmp_path, "BTC_USDT_USDT-1m-mark.json", json.dumps(ROWS))
    _put(tmp_path, "BTC_USDT_USDT-1m-futures.json", json.dumps(ROWS))
    assert load_folder(tmp_path, (), allow_gaps=False).symbols == ("BTC",)


HOUR = 3_600_000
FUNDING = [(T, "0.0000125"), (T + HOUR + 76, "0.0000125"), (T + 2 * HOUR + 999, "-0.00001")]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("btc_funding_1h.csv", "timestamp_ms,funding_rate\n" + _lines(FUNDING)),
        (
            "btc_funding_1h.json",
            json.dumps(
                [
                    {"coin": "BTC", "fundingRate": rate, "premium": "0.1", "time": time}
                    for time, rate in FUNDING
                ]
            ),
        ),
    ],
    ids=["csv", "hyperliquid"],
)
def test_funding_is_taken_as_the_venue_stamps_it(tmp_path, name, content):
    _put(tmp_path, "btc_1m.csv", OWN)
    _put(tmp_path, name, content)
    rates = load_folder(tmp_path, (), allow_gaps=False).rate(Symbol("BTC"))
    assert rates is not None
    assert [rates.has(T + at * HOUR) for at in range(4)] == [True, True, True, False]
    assert str(rates.at(T + 2 * HOUR)) == "-0.00001"


def test_funding_off_the_hour_is_told_as_funding(tmp_path):
    _put(tmp_path, "btc_1m.csv", OWN)
    rows = [(T + at * HOUR + 1000 * at, 0) for at in range(3)]
    _put(tmp_path, "btc_funding_1h.csv", "timestamp_ms,funding_rate\n" + _lines(rows))
    with pytest.raises(DataError, match=r"funding_1h\.csv:3: the funding rate is stamped more"):
        load_folder(tmp_path, (), allow_gaps=False)


def test_a_file_that_changes_while_it_is_read_is_told(tmp_path, monkeypatch):
    _put(tmp_path, "btc_1m.csv", OWN)
    real = np.loadtxt

    def slow(*args, **options):
        with (tmp_path / "btc_1m.csv").open("a") as file:
            file.write("1")
        return real(*args, **options)

    monkeypatch.setattr(np, "loadtxt", slow)
    with pytest.raises(DataError, match="changed while it was read"):
        load_folder(tmp_path, (), allow_gaps=False)


def test_a_folder_that_changes_while_it_is_read_is_told(tmp_path, monkeypatch):
    _put(tmp_path, "btc_1m.csv", OWN)
    real = np.loadtxt

    def slow(*args, **options):
        _put(tmp_path, "eth_1m.csv", OWN)
        return real(*args, **options)

    monkeypatch.setattr(np, "loadtxt", slow)
    with pytest.raises(DataError, match="the directory changed while it was read"):
        load_folder(tmp_path, (), allow_gaps=False)
