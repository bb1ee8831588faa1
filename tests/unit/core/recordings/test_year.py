"""One market in every form that is read: the same digest. NOF0_SPAN=year makes it a year."""

from __future__ import annotations

import gzip
import io
import json
import os
import random
import zipfile

import pyarrow as pa
import pytest
from pyarrow import feather, parquet

from nof0_core.recordings.folder import load_folder

T = 1_735_689_600_000  # 2025-01-01T00:00:00Z
MINUTE = 60_000
COINS = ("BTC", "ETH", "SOL", "BNB", "DOGE", "XRP")
COUNT = 365 * 1440 if os.environ.get("NOF0_SPAN") == "year" else 1440
if COUNT > 1440:
    # How long a run that was asked for takes is up to the machine.
    pytestmark = pytest.mark.timeout(0)
HEADER = ("timestamp_ms", "open", "high", "low", "close", "volume")


def _rows(coin):
    chance = random.Random(f"year of {coin}")
    close, rows = 100.0, []
    for at in range(COUNT):
        first, close = close, round(close * (1 + chance.uniform(-0.001, 0.001)), 4)
        high = round(max(first, close) + chance.random() / 50, 4)
        low = round(min(first, close) - chance.random() / 50, 4)
        rows.append((T + at * MINUTE, first, high, low, close, round(chance.random() * 9, 5)))
    return rows


def _csv(rows):
    return "\n".join(",".join(map(repr, row)) for row in rows) + "\n"


def _own(coin, rows):
    yield f"{coin}_1m.csv.gz", gzip.compress((",".join(HEADER) + "\n" + _csv(rows)).encode(), 1)


def _binance(coin, rows):
    """Months of twelve columns: the first in ms, all later ones in µs and zipped."""
    cut = COUNT // 12
    for month in range(12):
        part = rows[month * cut : None if month == 11 else (month + 1) * cut]
        factor = 1000 if month else 1
        text = _csv((row[0] * factor, *row[1:], 0, 0.0, 1, 0, 0, 0) for row in part)
        name = f"{coin}USDT-1m-2025-{month + 1:02}"
        if not month:
            yield f"{name}.csv", text.encode()
            continue
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            archive.writestr(f"{name}.csv", text)
        yield f"{name}.zip", packed.getvalue()


def _coinbase(coin, rows):
    found = [[t // 1000, low, high, o, c, v] for t, o, high, low, c, v in reversed(rows)]
    yield f"{coin}-USD_1m.json", json.dumps(found).encode()


def _kraken(coin, rows):
    name = {"BTC": "XBT", "DOGE": "XDG"}.get(coin, coin)
    yield f"{name}USD_1.csv", _csv((row[0] // 1000, *row[1:], 7) for row in rows).encode()


def _download(coin, rows):
    head = f"Unix,Date,Symbol,Open,High,Low,Close,Volume {coin},Volume USDT\n"
    text = "\n".join(
        f"{t},x,{coin}/USDT,{o!r},{high!r},{low!r},{c!r},{v!r},1.0"
        for t, o, high, low, c, v in reversed(rows)
    )
    yield f"Binance_{coin}USDT_1m.csv", f"https://example.invalid\n{head}{text}\n".encode()


def _hyperliquid(coin, rows):
    found = [
        {"t": t, "s": coin, "i": "1m", "o": repr(o), "c": repr(c), "h": repr(h), "l": repr(low)}
        | {"v": repr(v), "n": 3}
        for t, o, h, low, c, v in rows
    ]
    yield f"{coin.lower()}_1m.json", json.dumps(found).encode()


def _freqtrade(coin, rows):
    yield f"{coin}_USDT_USDT-1m-futures.json", json.dumps(rows).encode()


def _table(rows, name, kind):
    columns = list(zip(*rows, strict=True))
    times = pa.array(columns[0], pa.int64())
    if kind != times.type:
        times = times.cast(pa.timestamp("ms", tz="UTC")).cast(kind)
    return pa.table({name: times} | dict(zip(HEADER[1:], columns[1:], strict=True)))


def _feather(coin, rows):
    sink = io.BytesIO()
    feather.write_feather(_table(rows, "date", pa.timestamp("ns", tz="UTC")), sink)
    yield f"{coin}_USDT_USDT-1m-futures.feather", sink.getvalue()


def _parquet(coin, rows):
    sink = io.BytesIO()
    parquet.write_table(_table(rows, "timestamp_ms", pa.int64()), sink)
    yield f"{coin}_1m.parquet", sink.getvalue()


FORMS = (_binance, _coinbase, _kraken, _download, _hyperliquid, _freqtrade, _feather, _parquet)


def _digest(folder, form):
    folder.mkdir()
    for coin in COINS:
        for name, content in form(coin, _rows(coin)):
            (folder / name).write_bytes(content)
    recording = load_folder(folder, (), allow_gaps=False)
    assert recording.symbols == tuple(sorted(COINS))
    return recording.digest()


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    return _digest(tmp_path_factory.mktemp("own") / "candles", _own)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__.strip("_"))
def test_every_form_of_six_coins_has_the_same_digest(tmp_path, own, form):
    assert _digest(tmp_path / "candles", form) == own
