"""Answers that cannot be true are told apart, and who is not meant is not harmed."""

import copy
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nof0_core.errors import DataError
from nof0_provider_hyperliquid.wire.book import read_book
from nof0_provider_hyperliquid.wire.candles import check_interval, closed, read_bars
from nof0_provider_hyperliquid.wire.contexts import read_contexts
from nof0_provider_hyperliquid.wire.funding import by_hour, read_rates
from nof0_provider_hyperliquid.wire.meta import read_universe
from nof0_provider_hyperliquid.wire.status import read_time

BAR = {
    "t": 1_700_000_040_000,
    "T": 1_700_000_099_999,
    "s": "BTC",
    "i": "1m",
    "o": "10.0",
    "c": "11.0",
    "h": "12.0",
    "l": "9.0",
    "v": "0.0",
    "n": 3,
}
BOOK = {
    "coin": "BTC",
    "time": 1_700_000_000_000,
    "levels": [[{"px": "10", "sz": "1", "n": 1}], [{"px": "11", "sz": "1", "n": 1}]],
}
CONTEXT = {"markPx": "10.0", "oraclePx": "10.1", "midPx": None, "impactPxs": ["9.0", "11.5"]}
COIN = {"name": "BTC", "szDecimals": 5, "maxLeverage": 40}
ETH = {"name": "ETH", "szDecimals": 4, "maxLeverage": 25}


def meta(*universe, **more):
    return {"universe": [*universe], "marginTables": [], "collateralToken": 0, **more}


BAD_BARS = {
    "another coin": ({"s": "ETH"}, "one is of 'ETH'"),
    "another interval": ({"i": "5m"}, "'5m'"),
    "off the grid": ({"t": 1_700_000_000_001, "T": 1_700_000_060_000}, "off the grid"),
    "too long": ({"T": 1_700_000_100_000}, "off the grid"),
    "low above": ({"l": "10.5"}, "contradicts itself"),
    "high below": ({"h": "10.5"}, "contradicts itself"),
    "no price": ({"l": "0"}, "contradicts itself"),
    "negative volume": ({"v": "-1"}, "contradicts itself"),
    "not a number": ({"c": "NaN"}, "c is 'NaN'"),
    "too large": ({"c": "1e999"}, "c is '1e999'"),
    "missing": ({"c": None}, "c is None"),
    "true": ({"c": True}, "c is True"),
    "no time": ({"t": "soon"}, "t: is 'soon'"),
}


@pytest.mark.parametrize("name", BAD_BARS)
def test_bars_that_cannot_be_true(name):
    change, says = BAD_BARS[name]
    with pytest.raises(DataError, match=says) as raised:
        read_bars([BAR, BAR | change], "BTC", "1m")
    assert "1m bars of BTC" in str(raised.value)


def test_a_bar_that_comes_twice_is_one_and_two_different_ones_are_none():
    assert len(read_bars([BAR, BAR], "BTC", "1m")) == 1
    with pytest.raises(DataError, match="two different ones that open at 1700000040000"):
        read_bars([BAR, BAR | {"v": "1"}], "BTC", "1m")


def test_order_of_an_answer_does_not_matter_and_unknown_keys_do_not_either():
    later = BAR | {"t": BAR["t"] + 60_000, "T": BAR["T"] + 60_000, "vwap": {"new": 1}}
    bars = read_bars([later, BAR], "BTC", "1m")
    assert [bar[0] for bar in closed(bars, "1m")] == [BAR["t"]]


@pytest.mark.parametrize("interval", ["7x", "2m", "1M", "", "45s"])
def test_bars_the_venue_does_not_have(interval):
    with pytest.raises(DataError, match="1m, 3m, 5m"):
        check_interval(interval)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"coin": "ETH"}, "it is one of 'ETH'"),
        ({"levels": [[]]}, "1 sides"),
        ({"levels": None}, "not an array"),
        ({"levels": [[{"px": "12", "sz": "1"}], [{"px": "11", "sz": "1"}]]}, "crossed"),
        ({"levels": [[{"px": "9", "sz": "1"}, {"px": "9", "sz": "1"}], []]}, "ordered"),
        ({"levels": [[{"px": "-9", "sz": "1"}], []]}, "no price"),
        ({"levels": [[{"px": "9", "sz": "-1"}], []]}, "a level of -1"),
        ({"levels": [[{"px": "9"}], []]}, "sz: is None"),
        ({"time": 0}, "time: is 0"),
    ],
)
def test_books_that_cannot_be_true(change, says):
    with pytest.raises(DataError, match=f"l2Book of BTC.*{says}"):
        read_book(BOOK | change, "BTC", "BTC")


def test_no_book_and_an_empty_side():
    assert read_book(None, "BTC", "BTC") is None
    book = read_book(BOOK | {"levels": [[], BOOK["levels"][1]]}, "BTC", "BTC")
    assert book.bids == ()


@pytest.mark.parametrize(
    ("coin", "says"),
    [
        (COIN | {"szDecimals": 5.0}, "szDecimals"),
        (COIN | {"szDecimals": 9}, "szDecimals"),
        (COIN | {"maxLeverage": 0}, "maxLeverage"),
        (COIN | {"maxLeverage": True}, "maxLeverage"),
        (COIN | {"marginTableId": 77}, "77, of which there is no margin table"),
        (COIN | {"name": "B\nTC"}, "cannot be shown"),
        (COIN | {"name": "B" * 41}, "cannot be shown"),
    ],
)
def test_a_coin_with_impossible_rules_takes_no_other_with_it(coin, says):
    universe = read_universe(meta(coin, ETH), "")
    assert [*universe.instruments()] == ["ETH"]
    with pytest.raises(DataError, match=says):
        universe.asset(coin["name"])


@pytest.mark.parametrize(
    "tiers",
    [
        [{"lowerBound": "5.0", "maxLeverage": 40}],
        [{"lowerBound": "0.0", "maxLeverage": 20}, {"lowerBound": "9.0", "maxLeverage": 40}],
        [{"lowerBound": "0.0", "maxLeverage": 20}, {"lowerBound": "0.0", "maxLeverage": 10}],
        [{"lowerBound": None, "maxLeverage": 20}],
        [7],
        None,
    ],
)
def test_impossible_margin_tiers_take_only_their_coin(tiers):
    table = [60, {"marginTiers": tiers}]
    universe = read_universe(meta(COIN | {"marginTableId": 60}, ETH, marginTables=[table]), "")
    assert [*universe.instruments()] == ["ETH"]


def test_a_name_that_is_there_twice_is_nobodys():
    universe = read_universe(meta(COIN, ETH, COIN), "")
    assert [*universe.instruments()] == ["ETH"]
    with pytest.raises(DataError, match="twice"):
        universe.asset("BTC")


@pytest.mark.parametrize(
    ("dex", "mode", "taker", "maker"),
    [
        ("", {}, "4.5", "1.5"),
        ("xyz", {}, "9", "3"),
        ("xyz", {"growthMode": "enabled"}, "0.9", "0.3"),
        ("xyz", {"growthMode": "disabled"}, "9", "3"),
        ("xyz", {"growthMode": None}, "9", "3"),
    ],
)
def test_fees_are_those_of_the_dex_and_its_mode(dex, mode, taker, maker):
    [found] = read_universe(meta(COIN | mode), dex).instruments().values()
    assert (found.taker_fee_bps, found.maker_fee_bps) == (Decimal(taker), Decimal(maker))


@pytest.mark.parametrize("name", ["@107", "#12", "+E", "xyz:*A?", "kPEPE"])
def test_words_nobody_knows_are_only_names(name):
    universe = read_universe(meta(COIN | {"name": name, "growthMode": "x", "new": []}), "xyz")
    assert not universe.faults


def test_contexts_must_be_as_many_as_coins():
    with pytest.raises(DataError, match="2 perpetuals and 1 contexts"):
        read_contexts([meta(COIN, ETH), [CONTEXT]], "")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"markPx": None}, "markPx"),
        ({"markPx": "0.0"}, "markPx"),
        ({"oraclePx": "-1"}, "oraclePx"),
        ({"midPx": "x"}, "midPx"),
        ({"openInterest": "-1"}, "openInterest"),
        ({"dayNtlVlm": "Infinity"}, "dayNtlVlm"),
        ({"funding": "nan"}, "funding"),
    ],
)
def test_a_bad_context_takes_no_other_with_it(change, says):
    contexts = read_contexts([meta(COIN, ETH), [CONTEXT | change, CONTEXT]], "")
    assert [*contexts.of] == ["ETH"]
    assert says in contexts.faults["BTC"]


def test_mid_is_that_of_the_impact_prices_where_there_is_none():
    contexts = read_contexts([meta(COIN), [CONTEXT]], "")
    assert contexts.of["BTC"].mid == 10.25
    contexts = read_contexts([meta(COIN), [CONTEXT | {"impactPxs": None}]], "")
    assert contexts.of["BTC"].mid == 10


def test_two_rates_of_one_hour():
    hour = 1_700_000_000_000 // 3_600_000 * 3_600_000
    rows = [{"coin": "BTC", "fundingRate": r, "time": hour + t} for r, t in [("1", 5), ("2", 9)]]
    with pytest.raises(DataError, match="two different rates"):
        by_hour(read_rates(rows, "BTC"), "BTC")
    with pytest.raises(DataError, match="one of BTC"):
        read_rates(rows, "ETH")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["universe", "name", "levels", "coin", "t", "time", "marginTables"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def _places(value, path=()):
    yield path
    if isinstance(value, dict):
        for key in value:
            yield from _places(value[key], (*path, key))
    if isinstance(value, list):
        for index, each in enumerate(value):
            yield from _places(each, (*path, index))


GOOD = {
    "bars": ([BAR], lambda answer: read_bars(answer, "BTC", "1m")),
    "book": (BOOK, lambda answer: read_book(answer, "BTC", "BTC")),
    "contexts": ([meta(COIN, ETH), [CONTEXT, CONTEXT]], lambda a: read_contexts(a, "")),
    "rates": (
        [{"coin": "BTC", "fundingRate": "0.1", "time": 1_700_000_000_000}],
        lambda answer: read_rates(answer, "BTC"),
    ),
    "time": ({"time": 1_700_000_000_000}, read_time),
}


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_whatever_stands_anywhere_nothing_but_data_errors_comes_out(data):
    good, read = GOOD[data.draw(st.sampled_from([*GOOD]))]
    answer = [copy.deepcopy(good)]
    path = data.draw(st.sampled_from([*_places(good)]))
    *way, last = (0, *path)
    place = answer
    for step in way:
        place = place[step]
    place[last] = data.draw(json_values)
    with suppress(DataError):
        read(answer[0])
