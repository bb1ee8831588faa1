"""Markets to feed from: one recorded, one that has to be asked."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import anyio
import attrs
import numpy as np
import pytest

from nof0_core.clock import SimulatedClock
from nof0_core.config.model import IndicatorConfig
from nof0_core.domain.candles import Candles, Interval, interval_ms, to_ms
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.snapshot import Quote
from nof0_core.errors import DataError, EndOfDataError
from nof0_core.execution.limits import MARKET_VERBS
from nof0_core.ids import Symbol
from nof0_core.market.feed import MarketFeed
from nof0_core.protocols.market import MarketCapability, RecordedRange
from nof0_core.runtime import clocks

START = datetime(2025, 7, 14, tzinfo=UTC)
SYMBOLS = tuple(Symbol(s) for s in ("BTC", "ETH", "DOGE"))
INTERVALS = (Interval("3m"), Interval("1h"))
INDICATORS = (
    IndicatorConfig(name="ema20", function="EMA", parameters={"timeperiod": 20}),
    IndicatorConfig(name="macd", function="MACD"),
    IndicatorConfig(name="rsi7", function="RSI", parameters={"timeperiod": 7}),
)


def walk(symbol, interval, end, bars):
    rng = random.Random(f"{symbol} {interval}")
    length = interval_ms(interval)
    close = 100 * np.exp(np.cumsum([rng.gauss(0, 0.002) for _ in range(bars)])).round(4)
    start = np.concatenate((close[:1], close[:-1]))
    return Candles(
        interval=interval,
        open_time=to_ms(end) // length * length - length * np.arange(bars, 0, -1),
        open=start,
        high=np.maximum(start, close),
        low=np.minimum(start, close),
        close=close,
        volume=[rng.random() for _ in range(bars)],
    )


class AskedMarket:
    """Answers after a turn of the event loop; counts requests; can be told to misbehave."""

    capabilities = frozenset()

    def __init__(self, clock):
        self.clock = clock
        self.end = START + timedelta(days=4)
        self.all = {(s, i): walk(s, i, self.end, 3000) for s in SYMBOLS for i in INTERVALS}
        self.asked = []
        self.failing = {}
        self.peeks = False
        self.quote_shift = timedelta(0)

    async def instruments(self):
        return {
            s: Instrument(symbol=s, size_decimals=3, price_decimals=4, max_leverage=20)
            for s in SYMBOLS
        }

    async def candles(self, symbol, interval, end, limit):
        self.asked.append((symbol, interval, limit))
        await anyio.lowlevel.checkpoint()
        if (symbol, interval) in self.failing:
            raise self.failing[symbol, interval]
        whole = self.all[symbol, interval]
        count = int(np.searchsorted(whole.open_time + interval_ms(interval), to_ms(end), "right"))
        count += self.peeks
        return whole[max(0, count - limit) : count]

    async def quotes(self, symbols):
        self.asked.append(tuple(symbols))
        await anyio.lowlevel.checkpoint()
        now = self.clock.now()
        if now > self.end:
            message = "over"
            raise EndOfDataError(message)
        unknown = [s for s in symbols if s not in SYMBOLS]
        if unknown:
            message = f"unknown symbol {unknown[0]}"
            raise DataError(message)
        for symbol in symbols:
            if symbol in self.failing:
                raise self.failing[symbol]
        return {s: self.quote(s, now + self.quote_shift) for s in symbols}

    def quote(self, symbol, time):
        price = Decimal("101.25")
        return Quote(
            symbol=symbol,
            time=time,
            mark=price,
            mid=price,
            oracle=price,
            funding_rate=Decimal("0.0000125"),
        )


class RecordedMarket(AskedMarket):
    """The same with everything known beforehand."""

    capabilities = frozenset({MarketCapability.RECORDING})

    def recorded(self):
        return RecordedRange(start=START, end=self.end, resolution=Interval("3m"))

    def history(self, symbol, interval):
        self.asked.append((symbol, interval, None))
        if (symbol, interval) in self.failing:
            raise self.failing[symbol, interval]
        return self.all[symbol, interval]


@attrs.define
class SteadyClock:
    """A clock like the machine's, moved by hand."""

    moment: datetime = START
    is_lockstep = False

    def now(self):
        return self.moment

    async def sleep_until(self, moment):
        self.moment = max(self.moment, moment)


@pytest.fixture
def clock():
    return SimulatedClock(START)


@pytest.fixture
def steady():
    return SteadyClock()


@pytest.fixture
def recorded(clock):
    return RecordedMarket(clock)


@pytest.fixture
def asked(steady):
    return AskedMarket(steady)


@pytest.fixture
def feed_of():
    def make(market, **settings):
        driver = clocks.driver_on(market.clock)
        limits = {f"{verb}_within": getattr(driver.limits, verb) for verb in MARKET_VERBS}
        return MarketFeed(
            section="paper",
            provider=market,
            clock=market.clock,
            intervals=INTERVALS,
            indicators=INDICATORS,
            series_bars=settings.pop("series_bars", 10),
            shares_answers=driver.tempo.shares_answers,
            **(limits | settings),
        )

    return make
