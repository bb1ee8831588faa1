"""A market that breaks one promise fails the case for that promise, and no other."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal

import anyio
import attrs
import numpy as np
import pytest
from contract.broken_exchanges import held_up

from nof0_core.domain.candles import Candles, Interval, interval_ms
from nof0_core.domain.health import Health
from nof0_core.domain.snapshot import Quote
from nof0_core.errors import DataError, EndOfDataError
from nof0_core.ids import Symbol
from nof0_core.plugins.kinds import ServiceKind
from nof0_core.protocols import FundingRate, MarketCapability, RecordedRange
from nof0_core.testing import START, HandMarket
from nof0_core.testing.contracts import MarketContract, ServiceContract

pytestmark = pytest.mark.anyio


@attrs.frozen(kw_only=True)
class NoConfig:
    """Nothing to set."""


def market_kind(cls):
    @asynccontextmanager
    async def open_market(_config, env):
        yield cls(env.clock)

    return ServiceKind(type="hand", config=NoConfig, open=open_market, summary="set by hand")


class TestHandMarket(MarketContract):
    @pytest.fixture
    def kind(self):
        return market_kind(HandMarket)


class WrongKeys(HandMarket):
    async def instruments(self):
        return {Symbol(f"{s}-PERP"): i for s, i in (await super().instruments()).items()}


class OpenBar(HandMarket):
    """Gives the bar that is still open when `end` is between two bars."""

    async def candles(self, symbol, interval, end, limit):
        await super().candles(symbol, interval, end, 0)
        length = interval_ms(interval)
        rest = end.timestamp() * 1000 % length
        late = timedelta(milliseconds=length - rest if rest else 0)
        return await super().candles(symbol, interval, end + late, limit)


class OffTheGrid(HandMarket):
    """Says of each bar that it opened a second earlier."""

    async def candles(self, symbol, interval, end, limit):
        bars = await super().candles(symbol, interval, end, limit)
        return attrs.evolve(bars, open_time=bars.open_time - 1000)


class LimitKeepsTheOldest(HandMarket):
    async def candles(self, symbol, interval, end, limit):
        bars = await super().candles(symbol, interval, end, max(limit, 10))
        return bars[:limit] if limit < 10 else bars


class RevisesThePast(HandMarket):
    async def candles(self, symbol, interval, end, limit):
        bars = await super().candles(symbol, interval, end, limit)
        volume = np.full(len(bars), float(end.timestamp()))
        return attrs.evolve(bars, volume=volume)


class EmptyForUnknown(HandMarket):
    async def candles(self, symbol, interval, end, limit):
        try:
            return await super().candles(symbol, interval, end, limit)
        except DataError:
            return await super().candles(Symbol("BTC"), Interval("3m"), end, 0)


class FutureQuotes(HandMarket):
    async def quotes(self, symbols):
        found = await super().quotes(symbols)
        return {s: attrs.evolve(q, time=q.time + timedelta(seconds=1)) for s, q in found.items()}


class QuotesTheUnknown(HandMarket):
    async def quotes(self, symbols):
        known = (await super().quotes([Symbol("BTC")]))[Symbol("BTC")]
        return {s: Quote(**attrs.asdict(known, recurse=False) | {"symbol": s}) for s in symbols}


class SharesOneCall(HandMarket):
    """Whoever comes second waits for the first, and gets nothing if the first was cancelled."""

    broken = False

    async def candles(self, symbol, interval, end, limit):
        if self.broken:
            message = "the call everybody waited for was cancelled"
            raise DataError(message)
        try:
            await anyio.lowlevel.checkpoint()
        except anyio.get_cancelled_exc_class():
            self.broken = True
            raise
        return await super().candles(symbol, interval, end, limit)


class Recorded(HandMarket):
    """An hour before and after the start, at a price that stands still; this one is good."""

    capabilities = frozenset({MarketCapability.ORDER_BOOKS, MarketCapability.RECORDING})
    shift = 0

    def recorded(self):
        return RecordedRange(
            start=START - timedelta(hours=1),
            end=START + timedelta(hours=4),
            resolution=Interval("3m"),
        )

    def history(self, symbol, interval):
        length = interval_ms(interval)
        opens = [int(START.timestamp() * 1000) + length * bar for bar in range(-20, 20)]
        columns = dict.fromkeys(("open", "high", "low", "close"), [1.0] * len(opens))
        volume = [float(time + self.shift * length) for time in opens]
        return Candles(interval=interval, open_time=opens, volume=volume, **columns)

    async def candles(self, symbol, interval, end, limit):
        bars = await super().candles(symbol, interval, end, limit)
        ones = [1.0] * len(bars)
        volume = bars.open_time.astype(float)
        return attrs.evolve(bars, open=ones, high=ones, low=ones, close=ones, volume=volume)

    async def quotes(self, symbols):
        if self._clock.now() > Recorded.recorded(self).end:
            message = "the recording is over"
            raise EndOfDataError(message)
        return await super().quotes(symbols)


class HistoryOffByOne(Recorded):
    shift = 1


class GoesOnForEver(Recorded):
    async def quotes(self, symbols):
        return await HandMarket.quotes(self, symbols)


class OldQuotes(HandMarket):
    """Gives the time at which it was opened."""

    def __init__(self, clock):
        super().__init__(clock)
        self.opened = clock.now()

    async def quotes(self, symbols):
        found = await super().quotes(symbols)
        return {s: attrs.evolve(q, time=self.opened) for s, q in found.items()}


class Blocks(HandMarket):
    async def quotes(self, symbols):
        held_up()
        return await super().quotes(symbols)


class SaysWhatItHasNot(HandMarket):
    capabilities = frozenset({MarketCapability.ORDER_BOOKS, MarketCapability.QUOTE_STREAM})


class HasWhatItDoesNotSay(HandMarket):
    def quote_updates(self):
        return None


class Healthy(HandMarket):
    capabilities = frozenset({MarketCapability.ORDER_BOOKS, MarketCapability.HEALTH})

    def health(self):
        return Health.OK, ""


class SaysNoHealth(Healthy):
    def health(self):
        return "fine"


class Downloads(HandMarket):
    """Has a history, in pages of 50."""

    capabilities = frozenset({MarketCapability.ORDER_BOOKS, MarketCapability.DOWNLOAD})

    async def download(self, symbol, interval, start, end):
        count = (end - start) // timedelta(milliseconds=interval_ms(interval))
        bars = await self.candles(symbol, interval, end, count)
        for begin in range(0, count, 50):
            yield bars[begin : begin + 50]

    async def download_funding(self, symbol, start, end):
        yield []


class DownloadsTwice(Downloads):
    async def download(self, symbol, interval, start, end):
        async for page in super().download(symbol, interval, start, end):
            yield page
            yield page


class DownloadsLess(Downloads):
    async def download(self, symbol, interval, start, end):
        async for page in super().download(symbol, interval, start, end):
            yield page[1:]


class DownloadsPercent(Downloads):
    async def download_funding(self, symbol, start, end):
        hour = start.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
        yield [FundingRate(time=hour, rate=5.0)]


MARKETS = [
    (SaysNoHealth, "test_health_is_a_word_and_a_sentence"),
    (DownloadsTwice, "test_download_comes_in_closed_pages"),
    (DownloadsLess, "test_download_comes_in_closed_pages"),
    (DownloadsPercent, "test_download_comes_in_closed_pages"),
    (WrongKeys, "test_instruments_can_be_traded"),
    (OpenBar, "test_bars_are_closed"),
    (OffTheGrid, "test_bars_are_oldest_first_and_make_sense"),
    (OldQuotes, "test_quotes_are_not_old"),
    (GoesOnForEver, "test_recording_ends_with_its_own_error"),
    (LimitKeepsTheOldest, "test_limit_keeps_the_newest"),
    (RevisesThePast, "test_past_does_not_change"),
    (EmptyForUnknown, "test_unknown_symbol_and_interval_are_data_errors"),
    (FutureQuotes, "test_quotes_are_current_and_leave_out_the_unknown"),
    (QuotesTheUnknown, "test_quotes_are_current_and_leave_out_the_unknown"),
    (SharesOneCall, "test_cancelled_call_harms_no_other"),
    (HistoryOffByOne, "test_recording_says_what_calls_say"),
    (SaysWhatItHasNot, "test_words_and_methods_fit"),
    (HasWhatItDoesNotSay, "test_words_and_methods_fit"),
]


@pytest.mark.parametrize(
    ("broken", "case"), [pytest.param(b, c, id=b.__name__) for b, c in MARKETS]
)
async def test_broken_market_fails_its_case_alone(broken, case, failing):
    assert await failing(MarketContract, market_kind(broken), NoConfig()) == {case}


@pytest.mark.parametrize("good", [Healthy, Downloads])
async def test_good_words_fail_nothing(good, failing):
    assert await failing(MarketContract, market_kind(good), NoConfig()) == set()


@pytest.mark.parametrize(
    ("wrong", "case"),
    [
        ({"validate": lambda _: ["never"]}, "test_config_of_the_suite_is_valid"),
        ({"validate": lambda _: "text"}, "test_config_of_the_suite_is_valid"),
        ({"check_online": lambda *_: later(None)}, "test_looks_around_before_it_is_opened"),
        ({"check_online": lambda *_: later(["ok"])}, "test_looks_around_before_it_is_opened"),
    ],
)
async def test_broken_kind_fails_its_case_alone(wrong, case, failing):
    kind = attrs.evolve(market_kind(HandMarket), **wrong)
    assert await failing(MarketContract, kind, NoConfig()) == {case}


async def later(answer):
    return answer


async def test_good_recording_fails_nothing(failing):
    assert await failing(MarketContract, market_kind(Recorded), NoConfig()) == set()


async def test_blocked_loop_is_caught(failing, monkeypatch):
    monkeypatch.setattr("nof0_core.testing.heartbeat.TICK", 0.001)
    blocked = await failing(MarketContract, market_kind(Blocks), NoConfig())
    assert blocked == {"test_calls_do_not_block_the_loop"}


def changed(verb, change):
    """Make a market that changes what a verb of a good recording answers."""

    def answer(self, *arguments):
        return change(getattr(super(cls, self), verb)(*arguments))

    async def answer_later(self, *arguments):
        return change(await getattr(super(cls, self), verb)(*arguments))

    is_plain = verb in {"recorded", "history"}
    cls = type("Changed", (Recorded,), {verb: answer if is_plain else answer_later})
    return cls


def each(**changes):
    return lambda found: {s: attrs.evolve(value, **changes) for s, value in found.items()}


def bent(**columns):
    """Change columns of bars behind the back of their class, as a class of one's own could."""

    def change(bars):
        other = bars[:]
        for name, column in columns.items():
            object.__setattr__(other, name, column)
        return other

    return change


TYPES = [
    (changed("quotes", each(mark=1e5)), "quotes[BTC].mark is 100000.0 (float), not a Decimal"),
    (changed("quotes", each(mid=Decimal("NaN"))), "quotes[BTC].mid is NaN"),
    (changed("quotes", each(oracle=Decimal(-1))), "quotes[BTC].oracle is -1, not above 0"),
    (
        changed("quotes", each(time=START.replace(tzinfo=None))),
        "quotes[BTC].time is 2025-07-01T00:00:00: it has no time zone",
    ),
    (changed("quotes", lambda found: list(found.values())), "quotes is a list, not a mapping"),
    (changed("instruments", each(max_leverage=40.0)), "max_leverage is 40.0 (float), not an int"),
    (changed("candles", bent(close=[1.0] * 20)), "has as close a list, no array of float64"),
    (
        changed("candles", lambda bars: attrs.evolve(bars, high=bars.low * 0.9)),
        "contradicts itself",
    ),
    (
        changed("candles", lambda bars: attrs.evolve(bars, close=bars.close * float("nan"))),
        "contradicts itself",
    ),
    (changed("candles", lambda _: None), "the provider's answer is None, no Candles"),
    (changed("history", lambda bars: list(bars.close)), "history: market"),
    (changed("recorded", lambda span: (span.start, span.end)), "recorded is a tuple"),
    (
        changed("recorded", lambda span: attrs.evolve(span, resolution=Interval("3 min"))),
        "recorded.resolution is '3 min'",
    ),
]


@pytest.mark.parametrize(
    ("broken", "words"), [pytest.param(b, words, id=words) for b, words in TYPES]
)
async def test_value_of_a_wrong_type_is_told_with_method_and_field(broken, words, faults):
    given = {"kind": market_kind(broken), "config": NoConfig()}
    case = "test_values_are_of_their_declared_types"
    assert words in (await faults(MarketContract, given, [case]))[case]


def test_every_case_of_the_market_suite_has_a_broken_provider(cases):
    own = cases(MarketContract) - cases(ServiceContract)
    own |= {"test_health_is_a_word_and_a_sentence"}
    others = {"test_values_are_of_their_declared_types", "test_calls_do_not_block_the_loop"}
    assert own == {case for _, case in MARKETS} | others
