"""Order books are asked for where somebody looks at them; a bad one hurts nothing but itself."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D

import attrs
import pytest

from nof0_core.border.quarantine import Ward
from nof0_core.domain.order_book import BookLevel, OrderBook
from nof0_core.errors import DataError, EndOfDataError, TransientError
from nof0_core.market import record
from nof0_core.market.books import LEVELS
from nof0_core.protocols.market import MarketCapability

pytestmark = pytest.mark.anyio


def book(symbol, time, levels=3):
    bids = tuple(BookLevel(price=D(100) - n, size=D("1.5")) for n in range(1, levels + 1))
    asks = tuple(BookLevel(price=D(100) + n, size=D(2)) for n in range(1, levels + 1))
    return OrderBook(symbol=symbol, time=time, bids=bids, asks=asks)


@pytest.fixture
def deep(asked):
    """A live market with order books of BTC and ETH; `asked.books_of` has what was asked for."""
    asked.capabilities = frozenset({MarketCapability.ORDER_BOOKS})
    asked.books_of, asked.shown = [], {}

    async def books(symbols):
        asked.books_of.append(tuple(symbols))
        found = {s: asked.shown.get(s, book(s, asked.clock.now())) for s in symbols if s != "DOGE"}
        return {s: one for s, one in found.items() if one is not None}

    asked.books = books
    return asked


@pytest.fixture
def ward(deep):
    return Ward.alone("market", "paper", deep.clock)


async def opened(feed_of, market, **settings):
    feed = feed_of(market, **settings)
    await feed.open()
    return feed


async def test_nobody_is_asked_unless_somebody_looks(deep, feed_of):
    feed = await opened(feed_of, deep)
    moment = await feed.moment(["BTC", "ETH"])
    assert deep.books_of == []
    assert [each.book for each in moment.snapshots.values()] == [None, None]


async def test_books_are_asked_for_once_and_shown_with_the_coin(deep, feed_of):
    feed = await opened(feed_of, deep)
    plain = await feed.moment(["BTC", "ETH", "DOGE"])
    moment = await feed.moment(["BTC", "ETH", "DOGE"], with_books=True)
    assert await feed.moment(["BTC", "ETH", "DOGE"], with_books=True) is moment
    assert deep.books_of == [("BTC", "ETH", "DOGE")]
    assert moment.snapshots["BTC"].book == book("BTC", deep.clock.now())
    assert moment.snapshots["DOGE"].book is None
    assert moment.digest != plain.digest
    assert moment.digest == record.digest(record.encode(moment.snapshots))
    # Bars and quotes are those of everybody.
    assert moment.snapshots["BTC"].quote is plain.snapshots["BTC"].quote
    assert moment.snapshots["BTC"].series["3m"] is plain.snapshots["BTC"].series["3m"]


async def test_a_market_without_books_has_none_and_is_not_asked(asked, feed_of):
    feed = await opened(feed_of, asked)
    moment = await feed.moment(["BTC"], with_books=True)
    assert moment.snapshots["BTC"].book is None
    assert moment.digest == (await feed.moment(["BTC"])).digest


async def test_a_recording_with_books_shows_them_too(recorded, feed_of):
    recorded.capabilities = recorded.capabilities | {MarketCapability.ORDER_BOOKS}

    async def books(symbols):
        return {s: book(s, recorded.clock.now() + ahead) for s in symbols}

    recorded.books, ahead = books, timedelta(0)
    await recorded.clock.sleep_until(recorded.clock.now() + timedelta(days=1))
    feed = await opened(feed_of, recorded)
    assert (await feed.moment(["BTC"], with_books=True)).snapshots["BTC"].book is not None
    ahead = timedelta(milliseconds=1)
    await recorded.clock.sleep_until(recorded.clock.now() + timedelta(minutes=1))
    assert (await feed.moment(["BTC"], with_books=True)).snapshots["BTC"].book is None


async def test_no_more_than_the_best_levels_are_shown(deep, feed_of):
    deep.shown["BTC"] = book("BTC", deep.clock.now(), levels=99)
    whole = attrs.evolve(
        deep.shown["BTC"],
        asks=tuple(BookLevel(price=D(101 + n), size=D(1)) for n in range(LEVELS + 50)),
    )
    deep.shown["BTC"] = whole
    feed = await opened(feed_of, deep)
    shown = (await feed.moment(["BTC"], with_books=True)).snapshots["BTC"].book
    assert shown.asks == whole.asks[:LEVELS]
    assert shown.bids == whole.bids


def changed(one, **changes):
    other = attrs.evolve(one)
    for name, value in changes.items():
        object.__setattr__(other, name, value)
    return other


BAD = [
    pytest.param(lambda b: "cheap", "is 'cheap', no OrderBook", id="text"),
    pytest.param(lambda b: changed(b, bids=b.bids[::-1]), "not ordered", id="order"),
    pytest.param(lambda b: changed(b, bids=b.asks), "not ordered", id="crossed"),
    pytest.param(lambda b: changed(b, asks=list(b.asks)), "not a tuple", id="list"),
    pytest.param(
        lambda b: changed(b, asks=(changed(b.asks[0], size=D("NaN")),)), "size is NaN", id="nan"
    ),
    pytest.param(
        lambda b: changed(b, asks=(changed(b.asks[0], price=D(-1)),)), "price is -1", id="negative"
    ),
    pytest.param(lambda b: changed(b, symbol="ETH"), "is one of ETH", id="another"),
    pytest.param(
        lambda b: attrs.evolve(b, time=b.time + timedelta(minutes=2)), "from the future", id="ahead"
    ),
]


@pytest.mark.parametrize(("spoil", "said"), BAD)
async def test_a_bad_book_is_no_book_and_in_quarantine_until_a_good_one(
    deep, feed_of, ward, spoil, said
):
    deep.shown["BTC"] = spoil(book("BTC", deep.clock.now()))
    feed = await opened(feed_of, deep, ward=ward)
    moment = await feed.moment(["BTC", "ETH"], with_books=True)
    assert moment.snapshots["BTC"].book is None
    assert moment.snapshots["ETH"].book is not None
    [entry] = ward.entries
    assert (entry.symbol, entry.verb) == ("BTC", "books")
    assert said in entry.problem

    del deep.shown["BTC"]
    deep.clock.moment += timedelta(minutes=1)
    moment = await feed.moment(["BTC", "ETH"], with_books=True)
    assert moment.snapshots["BTC"].book is not None
    assert ward.entries == []


@pytest.mark.parametrize("answer", [None, 7, [("BTC", 1)]])
async def test_an_answer_that_is_no_mapping_is_no_book_of_any_coin(deep, feed_of, ward, answer):
    async def nonsense(_):
        return answer

    deep.books = nonsense
    feed = await opened(feed_of, deep, ward=ward)
    moment = await feed.moment(["BTC", "ETH"], with_books=True)
    assert [each.book for each in moment.snapshots.values()] == [None, None]
    assert [entry.symbol for entry in ward.entries] == ["BTC", "ETH"]


@pytest.mark.parametrize("fault", [TransientError("away"), DataError("no"), KeyError("x")])
async def test_a_call_that_fails_leaves_the_market_without_books(deep, feed_of, fault):
    async def fail(_):
        raise fault

    deep.books = fail
    feed = await opened(feed_of, deep)
    moment = await feed.moment(["BTC"], with_books=True)
    assert moment.snapshots["BTC"].book is None
    assert not moment.missing


async def test_the_end_of_a_recording_is_told(deep, feed_of):
    async def over(_):
        raise EndOfDataError("over")

    deep.books = over
    feed = await opened(feed_of, deep)
    with pytest.raises(EndOfDataError):
        await feed.moment(["BTC"], with_books=True)
