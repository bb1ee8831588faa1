"""What a market returns that is no market data hurts the coin it is about, and no other."""

from __future__ import annotations

import asyncio  # noqa: TID251 - a native cancellation is what is tried
from datetime import datetime, timedelta
from decimal import Decimal as D

import attrs
import pytest

from nof0_core.border.foreign import Origin
from nof0_core.border.quarantine import Ward
from nof0_core.errors import DataError, TransientError

pytestmark = pytest.mark.anyio
SYMBOLS = ("BTC", "ETH", "DOGE")
INTERVALS = ("3m", "1h")


def changed(quote, **changes):
    """Make a quote around all checks, as a provider of another mind can."""
    other = attrs.evolve(quote)
    for name, value in changes.items():
        object.__setattr__(other, name, value)
    return other


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"mark": 101.25}, "mark is 101.25 (float), not a Decimal"),
        ({"mark": "101"}, "mark is '101' (str), not a Decimal"),
        ({"mark": D("NaN")}, "mark is NaN"),
        ({"mark": D("Infinity")}, "mark is Infinity"),
        ({"mark": D(-1)}, "mark is -1, not above 0"),
        ({"oracle": D(0)}, "oracle is 0, not above 0"),
        ({"time": datetime(2025, 7, 14)}, "it has no time zone"),  # noqa: DTZ001
        ({"time": None}, "time is None (NoneType), not a datetime"),
        ({"funding_rate": D(100)}, "funding_rate is 100: not below 1e2"),
        ({"symbol": 7}, "symbol is 7 (int), not a str"),
    ],
)
async def test_a_bad_quote_is_no_quote_of_its_coin_only(asked, feed_of, changes, said):
    quotes = asked.quotes

    async def some_bad(symbols):
        found = await quotes(symbols)
        return {s: changed(q, **changes) if s == "BTC" else q for s, q in found.items()}

    asked.quotes = some_bad
    feed = feed_of(asked)
    await feed.open()
    assert set(await feed.quotes(["BTC", "ETH"])) == {"ETH"}
    moment = await feed.moment(["BTC", "ETH"])
    assert set(moment.snapshots) == {"ETH"}
    assert moment.missing["BTC"].startswith("market paper: the quote of BTC is refused: ")
    assert moment.missing["BTC"].endswith(said)


@pytest.mark.parametrize("answer", [None, 7, "BTC", [("BTC", 1)], iter(())])
async def test_an_answer_that_is_no_mapping_is_no_quote_of_any_coin(asked, feed_of, answer):
    async def nonsense(_):
        return answer

    asked.quotes = nonsense
    feed = feed_of(asked)
    await feed.open()
    moment = await feed.moment(["BTC", "ETH"])
    assert set(moment.missing) == {"BTC", "ETH"}
    assert "not a mapping" in moment.missing["ETH"]


async def test_a_coin_with_impossible_rules_is_not_traded_and_the_others_are(asked, feed_of):
    listed = await asked.instruments()

    async def instruments():
        return {**listed, "BTC": changed(listed["BTC"], size_decimals=2.5)}

    asked.instruments = instruments
    feed = feed_of(asked)
    await feed.open(["ETH"])
    assert "BTC" not in feed.instruments
    with pytest.raises(DataError, match=r"BTC: size_decimals is 2.5 \(float\), not an int"):
        await feed_of(asked).open(["BTC"])


@pytest.mark.parametrize("answer", [None, [], {7: None}])
async def test_instruments_of_the_wrong_kind_end_the_start_in_words(asked, feed_of, answer):
    async def instruments():
        return answer

    asked.instruments = instruments
    with pytest.raises(DataError, match="instrument"):
        await feed_of(asked).open(["BTC"])


@pytest.fixture
def ward(asked):
    return Ward.alone("market", "paper", asked.clock)


async def later(market):
    await market.clock.sleep_until(market.clock.now() + timedelta(minutes=3))


async def test_a_coin_is_in_quarantine_from_a_bad_quote_to_the_next_good_one(asked, feed_of, ward):
    feed, quotes = feed_of(asked, ward=ward), asked.quotes
    await feed.open()

    async def some_bad(symbols):
        found = await quotes(symbols)
        return {s: changed(q, mark=1.5) if s == "BTC" else q for s, q in found.items()}

    asked.quotes = some_bad
    await feed.quotes(["BTC", "ETH"])
    assert [(e.verb, e.symbol) for e in ward.entries] == [("quotes", "BTC")]
    await later(asked)
    asked.quotes = quotes
    await feed.quotes(["BTC", "ETH"])
    assert ward.entries == []


async def test_no_quote_at_all_is_no_bad_one(asked, feed_of, ward):
    feed = feed_of(asked, ward=ward)
    await feed.open()

    async def nothing(_):
        return {}

    asked.quotes = nothing
    await feed.quotes(["BTC"])
    assert ward.entries == []


async def test_a_coin_is_in_quarantine_while_its_bars_are_bad_and_has_its_quotes(
    asked, feed_of, ward
):
    feed, bars = feed_of(asked, ward=ward), asked.candles
    await feed.open()

    async def some_bad(symbol, interval, end, limit):
        found = await bars(symbol, interval, end, limit)
        return [found] if (symbol, interval) == ("BTC", "3m") else found

    asked.candles = some_bad
    moment = await feed.moment(["BTC", "ETH"])
    assert set(moment.missing) == {"BTC"}
    assert [(e.verb, e.symbol) for e in ward.entries] == [("candles (3m)", "BTC")]
    assert set(await feed.quotes(["BTC", "ETH"])) == {"BTC", "ETH"}
    asked.candles = bars
    await later(asked)
    moment = await feed.moment(["BTC", "ETH"])
    assert set(moment.snapshots) == {"BTC", "ETH"}
    assert ward.entries == []


RAISED = [
    (RuntimeError("gone"), "RuntimeError: gone"),
    (SystemExit(3), "SystemExit: 3"),
    (asyncio.CancelledError(), "CancelledError, though nobody cancelled it"),
    (
        ExceptionGroup("tasks", [KeyError("x"), TransientError("429")]),
        "KeyError: 'x'; TransientError: 429",
    ),
]
ORIGIN = Origin(part="market paper", plugin="nof0-bad 1.2", place="market.yaml:3")
WHOSE = "a defect of nof0-bad 1.2 (market paper, market.yaml:3)"


@pytest.mark.parametrize(("fault", "said"), RAISED, ids=repr)
async def test_an_exception_of_a_quote_is_a_defect_with_a_name(asked, feed_of, fault, said):
    feed = feed_of(asked, origin=ORIGIN)
    await feed.open(SYMBOLS)
    asked.failing["BTC"] = fault

    moment = await feed.moment(SYMBOLS)

    assert dict(moment.missing) == dict.fromkeys(SYMBOLS, f"quotes raised {said}: {WHOSE}")
    assert await feed.quotes(SYMBOLS) == {}


@pytest.mark.parametrize(("fault", "said"), RAISED, ids=repr)
async def test_an_exception_of_bars_takes_the_bars_of_its_coin_only(asked, feed_of, fault, said):
    feed = feed_of(asked, origin=ORIGIN)
    await feed.open(SYMBOLS)
    asked.failing["ETH", INTERVALS[0]] = asked.failing["ETH", INTERVALS[1]] = fault

    moment = await feed.moment(SYMBOLS)

    assert dict(moment.missing) == {"ETH": f"candles raised {said}: {WHOSE}"}
    assert set(moment.snapshots) == {"BTC", "DOGE"}


@pytest.mark.parametrize(("fault", "said"), RAISED, ids=repr)
async def test_an_exception_of_a_recording_is_a_defect_with_a_name(recorded, feed_of, fault, said):
    recorded.failing["BTC", INTERVALS[0]] = fault
    with pytest.raises(TransientError) as told:
        await feed_of(recorded, origin=ORIGIN).open(SYMBOLS)
    assert str(told.value) == f"history raised {said}: {WHOSE}"


async def test_the_coins_a_market_lists_cannot_be_had(asked, feed_of):
    async def instruments():
        raise SystemExit

    asked.instruments = instruments
    with pytest.raises(TransientError) as told:
        await feed_of(asked, origin=ORIGIN).open(SYMBOLS)
    assert str(told.value) == f"instruments raised SystemExit: {WHOSE}"
