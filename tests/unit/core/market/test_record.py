from __future__ import annotations

from datetime import UTC, datetime

import msgspec
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nof0_core.domain.candles import Candles
from nof0_core.domain.order_book import BookLevel, OrderBook
from nof0_core.domain.snapshot import MarketSnapshot, Quote, Series
from nof0_core.errors import DataError
from nof0_core.market import record

numbers = st.floats(allow_infinity=False, allow_nan=True, width=64)
prices = st.floats(min_value=1e-9, max_value=1e9, allow_subnormal=False)
money = st.decimals(allow_nan=False, allow_infinity=False)
times = st.datetimes(
    min_value=datetime(2000, 1, 1),  # noqa: DTZ001 - the zone is given beside it
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001 - see above
    timezones=st.just(UTC),
)
slow_to_invent = settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)
words = st.sampled_from(["ema20", "macd", "macd_signal", "x"])


@st.composite
def series(draw, interval):
    bars = draw(st.integers(0, 3))
    column = st.lists(prices, min_size=bars, max_size=bars)
    start = draw(st.integers(0, 2_000_000_000_000))
    names = draw(st.lists(words, unique=True, max_size=2))
    return Series(
        interval=interval,
        candles=Candles(
            interval=interval,
            open_time=start + 60_000 * np.arange(bars),
            **{f: draw(column) for f in record.BAR_COLUMNS},
        ),
        indicators={
            n: np.array(draw(st.lists(numbers, min_size=bars, max_size=bars)), dtype=np.float64)
            for n in names
        },
    )


@st.composite
def books(draw, symbol):
    amounts = st.decimals(min_value="1e-9", max_value="1e9", allow_nan=False)
    ladder = sorted(draw(st.lists(amounts, unique=True, max_size=6)))
    middle = draw(st.integers(0, len(ladder)))
    rungs = [BookLevel(price=price, size=draw(amounts)) for price in ladder]
    bids, asks = tuple(rungs[:middle][::-1]), tuple(rungs[middle:])
    return OrderBook(symbol=symbol, time=draw(times), bids=bids, asks=asks)


@st.composite
def snapshots(draw):
    result = {}
    for symbol in draw(st.lists(st.sampled_from(["BTC", "ETH", "kPEPE", 'Ω"x']), unique=True)):
        quote = Quote(
            symbol=symbol,
            time=draw(times),
            mark=draw(money),
            mid=draw(money),
            oracle=draw(money),
            funding_rate=draw(st.none() | money),
            open_interest=draw(st.none() | money),
            day_volume_usd=draw(st.none() | money),
        )
        result[symbol] = MarketSnapshot(
            symbol=symbol,
            time=draw(times),
            quote=quote,
            series={i: draw(series(i)) for i in draw(st.sampled_from([(), ("3m",), ("3m", "4h")]))},
            book=draw(st.none() | books(symbol)),
        )
    return result


def bits(values):
    """Return the bits, all NaN being one."""
    return np.where(np.isnan(values), np.nan, values).tobytes()


@slow_to_invent
@given(snapshots())
def test_what_is_restored_has_the_same_bits(before):
    text = record.encode(before)
    for form in (text, msgspec.Raw(text), msgspec.json.decode(text)):
        after = record.restore(form)
        assert list(after) == list(before)
        for symbol, old in before.items():
            new = after[symbol]
            assert (new.symbol, new.time, new.quote) == (old.symbol, old.time, old.quote)
            assert str(new.quote.mark) == str(old.quote.mark)
            assert new.book == old.book
            assert list(new.series) == list(old.series)
            for interval, was in old.series.items():
                now = new.series[interval]
                assert now.candles == was.candles
                assert list(now.indicators) == list(was.indicators)
                for name, values in was.indicators.items():
                    assert bits(now.indicators[name]) == bits(values)


@slow_to_invent
@given(snapshots())
def test_decoding_and_encoding_again_keeps_the_digest(before):
    text = record.encode(before)
    again = msgspec.json.encode(msgspec.json.decode(text))
    assert record.digest(again) == record.digest(text)
    assert record.encode(record.restore(text)) == text


def test_an_infinite_number_is_refused_because_json_has_none():
    quote = Quote(symbol="X", time=datetime(2025, 1, 1, tzinfo=UTC), mark=1, mid=1, oracle=1)
    one = [1.0]
    candles = Candles(
        interval="1m", open_time=[0], open=one, high=one, low=one, close=one, volume=one
    )
    bad = Series(interval="1m", candles=candles, indicators={"x": np.array([np.inf])})
    snapshot = MarketSnapshot(symbol="X", time=quote.time, quote=quote, series={"1m": bad})
    with pytest.raises(DataError, match="infinite"):
        record.encode({"X": snapshot})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"[]", "Expected `object`"),
        (b"{", "truncated"),
        (b'{"BTC":{}}', "time"),
        (
            (
                b'{"BTC":{"time":"2025-01-01T00:00:00Z","quote":{"symbol":"BTC","mark":"1",'
                b'"mid":"1","oracle":"1","time":"2025-01-01T00:00:00Z"},"series":{"3m":'
                b'{"columns":["x"],"bars":[]}}}}'
            ),
            "columns of 3m",
        ),
    ],
)
def test_what_is_no_market_record_is_refused_with_the_reason(text, said):
    with pytest.raises(DataError, match=f"not a market record: .*{said}"):
        record.restore(text)
