"""A market whose order books break one promise fails the case for it, and no other."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal

import anyio
import attrs
import pytest

from nof0_core.domain.order_book import BookLevel, OrderBook
from nof0_core.errors import DataError
from nof0_core.ids import Symbol
from nof0_core.plugins.kinds import ServiceKind
from nof0_core.testing import START, HandMarket
from nof0_core.testing.contracts import MarketContract, OrderBookContract, ServiceContract

pytestmark = pytest.mark.anyio

BTC = Symbol("BTC")


@attrs.frozen(kw_only=True)
class NoConfig:
    """Nothing to set."""


class WithBook(HandMarket):
    """Shows a book of BTC."""

    def __init__(self, clock):
        super().__init__(clock)
        self.set_book(
            "BTC",
            bids=[("99999", "0.5"), ("99998", "1.25")],
            asks=[("100001", "0.4"), ("100002", "2")],
        )


def kind_of(cls):
    @asynccontextmanager
    async def open_market(_config, env):
        yield cls(env.clock)

    return ServiceKind(type="hand", config=NoConfig, open=open_market, summary="set by hand")


class TestShown(MarketContract, OrderBookContract):
    @pytest.fixture
    def kind(self):
        return kind_of(WithBook)


class FiledUnderAnother(WithBook):
    async def books(self, symbols):
        found = await super().books(symbols)
        return {s: attrs.evolve(book, symbol=Symbol("XBT")) for s, book in found.items()}


class ShowsTheUnknown(WithBook):
    async def books(self, symbols):
        book = (await super().books([BTC]))[BTC]
        return {symbol: attrs.evolve(book, symbol=symbol) for symbol in symbols}


class FromTheFuture(WithBook):
    async def books(self, symbols):
        found = await super().books(symbols)
        late = timedelta(seconds=1)
        return {s: attrs.evolve(book, time=book.time + late) for s, book in found.items()}


class Aggregated(WithBook):
    """Averages the levels of a side into one."""

    async def books(self, symbols):
        found = await super().books(symbols)
        return {s: attrs.evolve(b, bids=self._one(b.bids)) for s, b in found.items()}

    def _one(self, levels):
        size = sum(level.size for level in levels)
        price = round(sum(level.price * level.size for level in levels) / size, 4)
        return (BookLevel(price=price, size=size),)


class InCents(WithBook):
    async def books(self, symbols):
        found = await super().books(symbols)
        return {
            s: attrs.evolve(b, bids=self._cents(b.bids), asks=self._cents(b.asks))
            for s, b in found.items()
        }

    def _cents(self, levels):
        return tuple(BookLevel(price=level.price * 100, size=level.size) for level in levels)


class SharesOneCall(WithBook):
    """Whoever comes later gets nothing if the first was cancelled."""

    broken = False

    async def books(self, symbols):
        if self.broken:
            message = "the call everybody waited for was cancelled"
            raise DataError(message)
        try:
            await anyio.lowlevel.checkpoint()
        except anyio.get_cancelled_exc_class():
            self.broken = True
            raise
        return await super().books(symbols)


BROKEN = [
    (FiledUnderAnother, "test_books_are_of_what_was_asked"),
    (ShowsTheUnknown, "test_books_are_of_what_was_asked"),
    (FromTheFuture, "test_books_are_not_from_the_future"),
    (Aggregated, "test_books_keep_the_rules_of_the_coin"),
    (InCents, "test_books_surround_the_quote"),
    (SharesOneCall, "test_cancelled_call_for_books_harms_no_other"),
]


@pytest.mark.parametrize(("broken", "case"), [pytest.param(b, c, id=b.__name__) for b, c in BROKEN])
async def test_broken_books_fail_their_case_alone(broken, case, failing):
    assert await failing(OrderBookContract, kind_of(broken), NoConfig()) == {case}


async def test_book_of_a_wrong_type_is_told_with_the_field(faults):
    class Floats(WithBook):
        async def books(self, symbols):
            found = await super().books(symbols)
            level = BookLevel(price=Decimal(1), size=Decimal(1))
            object.__setattr__(level, "price", 1.0)
            return {s: attrs.evolve(b, bids=(level,), asks=()) for s, b in found.items()}

    given = {"kind": kind_of(Floats), "config": NoConfig()}
    case = "test_values_are_of_their_declared_types"
    said = (await faults(MarketContract, given, [case]))[case]
    assert said == "books[BTC].bids[0].price is 1.0 (float), not a Decimal"


async def test_a_market_without_books_fails_all_cases_about_them(failing, cases):
    class Blind(WithBook):
        capabilities = frozenset()
        books = None

    own = cases(OrderBookContract) - cases(ServiceContract)
    assert await failing(OrderBookContract, kind_of(Blind), NoConfig()) == own


def test_every_case_about_books_has_a_broken_provider(cases):
    own = cases(OrderBookContract) - cases(ServiceContract)
    assert own == {case for _, case in BROKEN} | {"test_books_are_offered"}


@pytest.mark.parametrize(
    ("bids", "asks", "message"),
    [
        pytest.param([("2", "1")], [("1", "1")], "crossed at 2", id="crossed"),
        pytest.param([("1", "1")], [("1", "1")], "crossed at 1", id="locked"),
        pytest.param([("1", "1"), ("2", "1")], [], "best price outward", id="bids-rise"),
        pytest.param([], [("2", "1"), ("1", "1")], "best price outward", id="asks-fall"),
        pytest.param([], [("2", "1"), ("2", "1")], "best price outward", id="twice"),
        pytest.param([("1", "0")], [], "must be positive", id="no-size"),
        pytest.param([("0", "1")], [], "must be positive", id="no-price"),
        pytest.param([("NaN", "1")], [], "must be positive", id="nan"),
    ],
)
def test_what_is_no_order_book_cannot_be_made(bids, asks, message):
    def levels(rows):
        return tuple(BookLevel(price=Decimal(p), size=Decimal(s)) for p, s in rows)

    with pytest.raises(ValueError, match=message):
        OrderBook(symbol=BTC, time=START, bids=levels(bids), asks=levels(asks))


def test_a_side_may_be_empty():
    assert OrderBook(symbol=BTC, time=START, bids=(), asks=()).bids == ()
