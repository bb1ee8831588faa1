"""Prices, bars, books and funding of the rehearsal venue agree with each other and with time."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof0_core.domain.candles import to_ms
from nof0_provider_hyperliquid.rehearsal.info import MarketInfo, NotUnderstoodError
from nof0_provider_hyperliquid.rehearsal.market import VenueMarket
from nof0_provider_hyperliquid.rehearsal.venue import START
from nof0_provider_hyperliquid.rehearsal.wire_numbers import rounded_prices, wire

RECORDED = Path(__file__).parents[3] / "data/hyperliquid"
NOW = to_ms(START) + 12_345
MINUTE, HOUR = 60_000, 3_600_000


@pytest.fixture(scope="module")
def info():
    return MarketInfo(
        market=VenueMarket(seed=1, start_ms=to_ms(START) - 3 * 24 * HOUR), funding_page=20
    )


def ask(info, now=NOW, **request):
    is_known, answer = info.answer(request, now)
    assert is_known
    return answer


def candles(info, now=NOW, **wanted):
    return ask(info, now, type="candleSnapshot", req=wanted)


def test_answers_have_the_keys_and_types_of_recorded_ones(info):
    def form(value):
        if isinstance(value, dict):
            return {key: form(inner) for key, inner in value.items()}
        if isinstance(value, list):
            return [form(value[0])] if value else []
        return type(value).__name__

    recorded = json.loads((RECORDED / "cassettes/candleSnapshot_20230717.json").read_text())
    assert form(candles(info, coin="BTC", interval="1h", startTime=0)) == form(recorded)
    recorded = json.loads((RECORDED / "cassettes/l2Book_20230717.json").read_text())
    assert form(ask(info, type="l2Book", coin="BTC")) == form(recorded)
    assert set(form(ask(info, type="fundingHistory", coin="BTC", startTime=0))[0]) == {
        "coin",
        "fundingRate",
        "premium",
        "time",
    }


@given(now=st.integers(0, 3 * HOUR), coin=st.sampled_from(["BTC", "DOGE", "GRASS", "xyz:TSLA"]))
def test_long_bars_are_made_of_short_ones_at_any_moment(info, now, coin):
    now += NOW
    start = now // (15 * MINUTE) * 15 * MINUTE
    (long,) = candles(info, now, coin=coin, interval="15m", startTime=start)
    short = candles(info, now, coin=coin, interval="1m", startTime=start)
    assert long["o"] == short[0]["o"]
    assert long["c"] == short[-1]["c"]
    assert Decimal(long["h"]) == max(Decimal(bar["h"]) for bar in short)
    assert Decimal(long["l"]) == min(Decimal(bar["l"]) for bar in short)
    assert float(long["v"]) == pytest.approx(sum(float(bar["v"]) for bar in short), abs=1)


@given(first=st.integers(0, 10 * MINUTE), later=st.integers(0, 10 * MINUTE))
def test_a_bar_grows_and_a_closed_one_stays(info, first, later):
    start = NOW // MINUTE * MINUTE
    one = candles(info, start + first, coin="ETH", interval="5m", startTime=start)[0]
    two = candles(info, start + first + later, coin="ETH", interval="5m", startTime=start)[0]
    assert Decimal(one["h"]) <= Decimal(two["h"])
    assert Decimal(one["l"]) >= Decimal(two["l"])
    assert Decimal(one["v"]) <= Decimal(two["v"])
    if start + first >= one["T"] + 1:
        assert one == two


def test_the_last_candle_is_the_unfinished_one_and_no_more_than_5000_exist(info):
    found = candles(info, coin="BTC", interval="1m", startTime=0)
    assert len(found) == 3 * 24 * 60 + 1
    later = NOW + 5_000 * MINUTE
    found = candles(info, later, coin="BTC", interval="1m", startTime=0)
    assert len(found) == 5_000
    assert found[-1]["t"] <= later <= found[-1]["T"]


def test_books_have_twenty_ordered_levels_around_the_middle(info):
    for asset in info.market.universe(""):
        bids, asks = ask(info, type="l2Book", coin=asset.name)["levels"]
        prices = [Decimal(level["px"]) for level in (*reversed(bids), *asks)]
        assert prices == sorted(set(prices))
        assert len(bids) == len(asks) == 20
        tick = Decimal(1).scaleb(-(6 - asset.sz_decimals))
        assert all(p == p.to_integral_value() or not p % tick for p in prices)
        assert all(len(p.normalize().as_tuple().digits) <= 5 for p in prices if p % 1)


def test_funding_comes_oldest_first_in_pages(info):
    page = ask(info, type="fundingHistory", coin="BTC", startTime=0)
    assert len(page) == 20
    times = [row["time"] for row in page]
    assert times == sorted(times)
    again = ask(info, type="fundingHistory", coin="BTC", startTime=times[-1])
    assert again[0] == page[-1]


def test_what_is_recorded_comes_first():
    recorded = np.array([[100.0, 102.0, 99.0, 101.0, 5.0], [101.0, 103.0, 100.0, 102.0, 6.0]])
    market = VenueMarket(seed=1, start_ms=to_ms(START), recorded={"SOL": recorded})
    rows = candles(
        MarketInfo(market=market), NOW + 2 * MINUTE, coin="SOL", interval="1m", startTime=0
    )
    assert [(row["o"], row["c"]) for row in rows[:2]] == [("100.0", "101.0"), ("101.0", "102.0")]
    assert rows[2]["o"] == "102.0"


def test_delisted_and_new_coins_keep_every_index(info):
    market = VenueMarket(seed=1, start_ms=to_ms(START) - HOUR)
    info = MarketInfo(market=market)
    before = [entry["name"] for entry in ask(info, type="meta")["universe"]]
    market.delist("SOL")
    meta, contexts = ask(info, type="metaAndAssetCtxs")
    assert [entry["name"] for entry in meta["universe"]] == before
    assert meta["universe"][3]["isDelisted"]
    assert contexts[3]["midPx"] is None
    assert len(contexts) == len(before)


def test_stalled_prices_stand_still(info):
    market = VenueMarket(seed=1, start_ms=to_ms(START) - HOUR)
    market.stalled["BTC"] = NOW
    assert market.mid("BTC", NOW) == market.mid("BTC", NOW + HOUR)
    assert market.mid("ETH", NOW) != market.mid("ETH", NOW + HOUR)


@pytest.mark.parametrize(
    "request_",
    [
        {"type": "candleSnapshot", "req": {"coin": "BTC", "interval": "7m", "startTime": 0}},
        {"type": "candleSnapshot", "req": {"coin": "NOPE", "interval": "1m", "startTime": 0}},
        {"type": "candleSnapshot"},
        {"type": "meta", "dex": "nope"},
        {"type": "fundingHistory", "coin": "BTC", "startTime": "soon"},
    ],
)
def test_what_cannot_be_read_is_refused(info, request_):
    with pytest.raises(NotUnderstoodError):
        info.answer(request_, NOW)


def test_another_process_has_the_same_prices():
    one, other = (VenueMarket(seed=5, start_ms=to_ms(START)) for _ in range(2))
    other.mid("BTC", NOW + 100 * HOUR)
    assert one.mid("BTC", NOW + HOUR) == other.mid("BTC", NOW + HOUR)
    third = VenueMarket(seed=6, start_ms=to_ms(START))
    assert third.mid("BTC", NOW + HOUR) != one.mid("BTC", NOW + HOUR)


@pytest.mark.parametrize(
    ("value", "text"),
    [(Decimal(10), "10.0"), (0.00001250, "0.0000125"), (1234.50, "1234.5"), (Decimal(0), "0.0")],
)
def test_numbers_are_written_as_the_venue_does(value, text):
    assert wire(value, 10 if isinstance(value, float) else None) == text


def test_prices_are_rounded_to_five_figures_or_whole_dollars():
    prices = np.array([123_456.78, 12_345.678, 1.234567, 0.0123456])
    assert rounded_prices(prices, 0).tolist() == [123_457.0, 12_346.0, 1.2346, 0.012346]
    assert rounded_prices(prices[2:], 4).tolist() == [1.23, 0.01]
