"""A venue on the recorded minutes that come with the package."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nof0_core.domain.candles import to_ms
from nof0_provider_hyperliquid import rehearsal
from nof0_provider_hyperliquid.rehearsal.recording import COINS, minutes, on_recording
from nof0_provider_hyperliquid.rehearsal.venue import Venue

NOW = datetime(2026, 3, 4, 5, 7, 30, tzinfo=UTC)
MINUTE = 60_000
FOLDER = Path(rehearsal.__file__).parent / "data"


def test_what_comes_with_the_package_is_small_and_whole():
    sizes = [path.stat().st_size for path in FOLDER.iterdir()]
    assert len(sizes) == len(COINS) + 1
    assert sum(sizes) < 1_000_000
    assert {coin: bars.shape for coin, bars in minutes().items()} == dict.fromkeys(COINS, (6720, 5))
    first = minutes()["BTC"][0].tolist()
    assert first == [118148.0, 118201.0, 118050.0, 118051.0, 100.02221]
    for open_, high, low, close, volume in (bars.T for bars in minutes().values()):
        assert (low <= open_).all()
        assert (low <= close).all()
        assert (high >= open_).all()
        assert (high >= close).all()
        assert (volume >= 0).all()


@pytest.mark.anyio
async def test_the_coins_do_now_what_they_did_then():
    async with Venue.open(on_recording(NOW)) as venue:
        begin = (to_ms(NOW) // MINUTE - 3 * 24 * 60) * MINUTE
        assert venue.market.start_ms == begin
        for coin in COINS:
            for number in (0, 1000, 4319):
                bar = venue.market.bar(coin, begin + number * MINUTE, MINUTE, venue.now_ms())
                told = [bar.open, bar.high, bar.low, bar.close, bar.volume]
                assert told == minutes()[coin][number].tolist()
        # Today's minute is under way, and tomorrow's is that of then.
        open_, high, low, *_ = minutes()["BTC"][4320]
        assert low <= venue.market.mid("BTC", venue.now_ms()) <= high
        assert venue.market.bar("BTC", begin + 4320 * MINUTE, MINUTE, venue.now_ms()).open == open_
        await venue.advance(timedelta(days=2), timedelta(hours=6))
        bar = venue.market.bar("ETH", begin + 6719 * MINUTE, MINUTE, venue.now_ms())
        assert bar.close == minutes()["ETH"][-1][3]
        after = venue.market.bar("ETH", begin + 6720 * MINUTE, MINUTE, venue.now_ms())
        assert after.open == pytest.approx(bar.close, rel=1e-4)
        assert venue.market.mid("xyz:TSLA", venue.now_ms()) > 0


def test_the_numbers_are_those_that_were_recorded():
    known = {
        "BTC": "55e1de1bb7539b8f819f5338881e665682d1e199ccbe1948efb8318a16340199",
        "ETH": "3f2f09853a30da221bda701eaea054b2d4c606b59d5640f110e8797f0b7058c2",
        "SOL": "79a4e5a07a1c5b36217031a1d8bbfaf624b55ac12b5f82fe3f3855210eb944c3",
        "BNB": "9ecb1ba85183f7854aaf4f6c7d6e4ed1df236a993491eeb5bef0fdececa2566f",
        "DOGE": "3793c493cddcc1dbb0e6a83011ea26ef909e4fece55397fa66ebdc465716370a",
        "XRP": "b324705bd0b4294382dacbd7d83968390106e5954458ad0fb06130b31cedf747",
    }
    for coin, digest in known.items():
        content = (FOLDER / f"hl_{coin.lower()}_1m.csv.gz").read_bytes()
        assert hashlib.sha256(content).hexdigest() == digest
