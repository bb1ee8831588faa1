"""Long history through a database: the digest of the files', and no more memory than it takes.

NOF0_SPAN=year makes it a year of minutes of two coins.
"""

from __future__ import annotations

import gzip
import os
import random
import tracemalloc
from datetime import date

import anyio
import pytest

from nof0_core.domain.candles import from_ms
from nof0_core.domain.journal_line import JournalLine
from nof0_core.exporters.sql.rows import Rows
from nof0_core.ids import TraderId
from nof0_core.money import decimal
from nof0_core.recordings.folder import load_folder
from nof0_core.sources import load_recording
from nof0_core.storage import candles
from nof0_core.storage.database import opened
from nof0_core.storage.preparing import prepare
from nof0_core.storage.tables import Batch, Cursor, Tables
from nof0_core.testing.environment import START

HOUR, MINUTE = 3_600_000, 60_000
IS_WHOLE = os.environ.get("NOF0_SPAN") == "year"
FIRST = 1_735_689_600_000 if IS_WHOLE else 1_738_281_600_000
"""2025-01-01, or the last day of that month: bars of two parts."""
COUNT = 365 * 1440 if IS_WHOLE else 2 * 1440
STRETCH = candles._STRETCH if IS_WHOLE else 300
COINS = ("BTC", "ETH")
if IS_WHOLE:
    # How long a run that was asked for takes is up to the machine.
    pytestmark = pytest.mark.timeout(0)


def bars(coin):
    """Yield open time (ms), open, high, low, close, volume."""
    chance, close = random.Random(coin), 100.0
    for at in range(COUNT):
        first, close = close, round(close * (1 + chance.uniform(-0.001, 0.001)), 4)
        high = round(max(first, close) + chance.random() / 50, 4)
        low = round(min(first, close) - chance.random() / 50, 4)
        yield FIRST + at * MINUTE, first, high, low, close, round(chance.random() * 9, 5)


def rates(coin):
    """Yield time (ms) and rate of every full hour."""
    chance = random.Random(f"rates of {coin}")
    for at in range(FIRST, FIRST + COUNT * MINUTE, HOUR):
        yield at, round(chance.uniform(-0.0001, 0.0001), 8)


@pytest.fixture(scope="module")
def digest(tmp_path_factory):
    """The digest of files with that history."""
    folder = tmp_path_factory.mktemp("files")
    for coin in COINS:
        for name, head, rows in (
            (f"{coin}_1m", "timestamp_ms,open,high,low,close,volume", bars(coin)),
            (f"{coin}_funding_1h", "timestamp_ms,funding_rate", rates(coin)),
        ):
            text = "\n".join([head, *(",".join(map(repr, row)) for row in rows)])
            (folder / f"{name}.csv.gz").write_bytes(gzip.compress(f"{text}\n".encode(), 1))
    return load_folder(folder, (), allow_gaps=False).digest()


async def fill(target):
    """Write it as the exporter writes what traders were shown, a batch after the other."""
    names = ("open", "high", "low", "close", "volume")
    async with opened(target.settings) as database:
        await prepare(database)
        tables, cursor = Tables(database, engine="e", exporter="sql"), Cursor()

        async def write(rows):
            nonlocal cursor
            line = JournalLine(
                seq=cursor.seq + 1, time=START, stream=TraderId("t"), type="x", line=b"{}",
                hash=f"{cursor.seq + 1}",
            )  # fmt: skip
            until = Cursor(seq=line.seq, hash=line.hash)
            await tables.write(
                Batch(
                    after=cursor, until=until, lines=[(date(2025, 1, 1), line)],
                    rows=rows.all(), time=START,
                )
            )  # fmt: skip
            cursor = until

        for coin in COINS:
            rows = Rows("e")
            place = {"provider_id": "recorded", "symbol": coin}
            for number, (at, *values) in enumerate(bars(coin), start=1):
                known = dict(zip(names, values, strict=True))
                rows.put("klines", **place, interval="1m", timestamp=from_ms(at), **known)
                if number % 5_000 == 0:
                    await write(rows)
                    rows = Rows("e")
            await write(rows)
            rows = Rows("e")
            for at, rate in rates(coin):
                rows.put("funding_rates", **place, timestamp=from_ms(at), rate=decimal(str(rate)))
            await write(rows)


def test_a_long_history_is_that_of_the_files_and_bounded(target, digest, monkeypatch):
    monkeypatch.setattr(candles, "_STRETCH", STRETCH)
    anyio.run(fill, target)
    source = target.settings.data_source
    # Modules are imported, and statements compiled, with the first use.
    load_recording(source, COINS[:1])
    tracemalloc.start()
    try:
        found = load_recording(source)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert found.digest() == digest
    numbers = 48 * COUNT * len(COINS)
    assert peak < 4 * numbers + 2_000 * STRETCH + 500_000, (peak, numbers)
