"""A market that breaks one promise fails the case for that promise, and no other."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta

import anyio
import attrs
import numpy as np
import pytest

from nof0_core.domain.candles import Interval, interval_ms
from nof0_core.domain.snapshot import Quote
from nof0_core.errors import DataError
from nof0_core.ids import Symbol
from nof0_core.plugins.kinds import ServiceKind
from nof0_core.protocols import MarketCapability, RecordedRange
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


class HighBelowLow(HandMarket):
    async def candles(self, symbol, interval, end, limit):
        bars = await super().candles(symbol, interval, end, limit)
        return attrs.evolve(bars, high=bars.low * 0.9)


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


class HistoryOffByOne(HandMarket):
    capabilities = frozenset({MarketCapability.ORDER_BOOKS, MarketCapability.RECORDING})

    def recorded(self):
        return RecordedRange(
            start=START - timedelta(hours=1),
            end=START + timedelta(hours=1),
            resolution=Interval("3m"),
        )

    def history(self, symbol, interval):
        length = interval_ms(interval)
        opens = [int(START.timestamp() * 1000) + length * bar + length for bar in range(-20, 20)]
        prices = [1.0] * len(opens)
        columns = dict.fromkeys(("open", "high", "low", "close", "volume"), prices)
        return attrs.evolve(self._flat, interval=interval, open_time=opens, **columns)

    async def candles(self, symbol, interval, end, limit):
        self._flat = await super().candles(symbol, interval, end, limit)
        return self._flat


class SaysWhatItHasNot(HandMarket):
    capabilities = frozenset({MarketCapability.ORDER_BOOKS, MarketCapability.DOWNLOAD})


class HasWhatItDoesNotSay(HandMarket):
    def quote_updates(self):
        return None


MARKETS = [
    (WrongKeys, "test_instruments_can_be_traded"),
    (OpenBar, "test_bars_are_closed"),
    (HighBelowLow, "test_bars_are_oldest_first_and_make_sense"),
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


def test_every_case_of_the_market_suite_has_a_broken_provider(cases):
    own = cases(MarketContract) - cases(ServiceContract)
    assert own == {case for _, case in MARKETS}
