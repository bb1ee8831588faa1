"""What must hold for every market provider."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import anyio
import numpy as np
import pytest

from nof0_core.border.pages import checked_page, checked_rates
from nof0_core.domain.candles import Interval, from_ms, interval_ms, to_ms
from nof0_core.errors import DataError, EndOfDataError
from nof0_core.ids import Symbol
from nof0_core.plugins.env import Env
from nof0_core.protocols import (
    MarketCapability,
    MarketProvider,
    OptionalMarketMethods,
    market_faults,
    market_with,
)
from nof0_core.testing.contracts.service import Opener, ServiceContract
from nof0_core.testing.declared import DeclaredMarket
from nof0_core.testing.heartbeat import unblocked

LATER = timedelta(hours=3)
NO_TIME = timedelta(0)


class MarketContract(ServiceContract):
    """Suite for `MarketProvider`.

    Override `interval` if the provider has no 3 minute bars, `env` to start the clock where it has
    data, and `oldest_quote` where prices change less often.
    """

    @pytest.fixture
    def symbol(self) -> Symbol:
        """Return what is looked at."""
        return Symbol("BTC")

    @pytest.fixture
    def interval(self) -> Interval:
        """Return the bars that are looked at."""
        return Interval("3m")

    @pytest.fixture
    def oldest_quote(self) -> timedelta:
        """Return how long ago the venue's time of a quote may be."""
        return timedelta(minutes=10)

    @pytest.fixture
    async def market(self, opener: Opener) -> AsyncIterator[MarketProvider]:
        """Open the provider; an answer that is not of its declared type fails the test."""
        async with opener.open() as market:
            yield DeclaredMarket(market)

    async def test_values_are_of_their_declared_types(
        self, market: MarketProvider, env: Env, symbol: Symbol, interval: Interval
    ) -> None:
        """All that every method answers passes the checks of the engine's border."""
        await market.instruments()
        await market.quotes([symbol])
        await market.candles(symbol, interval, env.clock.now(), 20)
        if recording := market_with(market, MarketCapability.RECORDING):
            recording.recorded()
            recording.history(symbol, interval)
        if deep := market_with(market, MarketCapability.ORDER_BOOKS):
            await deep.books([symbol])

    async def test_instruments_can_be_traded(self, market: MarketProvider) -> None:
        """Every instrument is filed under its own symbol and has usable rules."""
        instruments = await market.instruments()
        assert instruments
        for symbol, instrument in instruments.items():
            assert instrument.symbol == symbol
            assert instrument.max_leverage >= 1
            assert instrument.lot > 0
            assert instrument.min_notional >= 0

    async def test_bars_are_closed(
        self, market: MarketProvider, env: Env, symbol: Symbol, interval: Interval
    ) -> None:
        """A bar that is still open at `end` is never returned, whatever `end` is."""
        length = timedelta(milliseconds=interval_ms(interval))
        for back in (length * 0, length / 3, length, length * 2 - timedelta(milliseconds=1)):
            end = env.clock.now() - back
            bars = await market.candles(symbol, interval, end, 20)
            assert len(bars) > 0, f"no bars at {end}"
            assert bars.last_close_time <= end, f"bar until {bars.last_close_time} at {end}"
            assert end - bars.last_close_time < length, f"the newest bar at {end} is missing"

    async def test_bars_are_oldest_first_and_make_sense(
        self, market: MarketProvider, env: Env, symbol: Symbol, interval: Interval
    ) -> None:
        """Times ascend on the grid of the interval; low ≤ open, close ≤ high; volume ≥ 0."""
        bars = await market.candles(symbol, interval, env.clock.now(), 50)
        assert bars.interval == interval
        assert (np.diff(bars.open_time) > 0).all(), "open times do not ascend"
        assert (bars.open_time % interval_ms(interval) == 0).all(), "open times off the grid"
        assert (bars.low <= np.minimum(bars.open, bars.close)).all()
        assert (bars.high >= np.maximum(bars.open, bars.close)).all()
        assert (bars.low > 0).all()
        assert (bars.volume >= 0).all()

    async def test_limit_keeps_the_newest(
        self, market: MarketProvider, env: Env, symbol: Symbol, interval: Interval
    ) -> None:
        """Fewer bars are the end of more bars."""
        end = env.clock.now()
        many = await market.candles(symbol, interval, end, 20)
        few = await market.candles(symbol, interval, end, 5)
        assert len(few) == 5, f"asked for 5 bars, got {len(few)}"
        assert few == many[-5:]

    async def test_past_does_not_change(
        self, market: MarketProvider, env: Env, symbol: Symbol, interval: Interval
    ) -> None:
        """What was known at an earlier time is part of what is known later."""
        length = timedelta(milliseconds=interval_ms(interval))
        earlier = env.clock.now() - 3 * length
        old = await market.candles(symbol, interval, earlier, 10)
        now = await market.candles(symbol, interval, env.clock.now(), 13)
        shared = now.open_time <= old.open_time[-1]
        assert now[: int(shared.sum())] == old

    async def test_unknown_symbol_and_interval_are_data_errors(
        self, market: MarketProvider, env: Env, symbol: Symbol, interval: Interval
    ) -> None:
        """A bad name raises `DataError` that repeats it."""
        now = env.clock.now()
        with pytest.raises(DataError, match="NOSUCHCOIN"):
            await market.candles(Symbol("NOSUCHCOIN"), interval, now, 5)
        with pytest.raises(DataError, match="7x"):
            await market.candles(symbol, Interval("7x"), now, 5)

    async def test_quotes_are_current_and_leave_out_the_unknown(
        self, market: MarketProvider, env: Env, symbol: Symbol
    ) -> None:
        """Prices are positive, their time is aware and not in the future."""
        quotes = await market.quotes([symbol, Symbol("NOSUCHCOIN")])
        assert set(quotes) == {symbol}
        quote = quotes[symbol]
        assert quote.symbol == symbol
        assert min(quote.mark, quote.mid, quote.oracle) > 0
        assert quote.time <= env.clock.now(), f"quote of {quote.time} is from the future"

    async def test_quotes_are_not_old(
        self, market: MarketProvider, env: Env, symbol: Symbol, oldest_quote: timedelta
    ) -> None:
        """A price is of now: hours later it is another one, with a later time."""
        for _ in range(2):
            now = env.clock.now()
            quote = (await market.quotes([symbol]))[symbol]
            assert now - quote.time <= oldest_quote, f"quote of {quote.time} at {now}"
            await env.clock.sleep_until(now + (LATER if env.clock.is_lockstep else NO_TIME))

    async def test_calls_do_not_block_the_loop(
        self, market: MarketProvider, env: Env, symbol: Symbol, interval: Interval
    ) -> None:
        """While the market is asked, others have their turns: stops are watched on this loop."""
        await unblocked("instruments", market.instruments)
        await unblocked("quotes", lambda: market.quotes([symbol]))
        await unblocked("candles", lambda: market.candles(symbol, interval, env.clock.now(), 50))

    async def test_cancelled_call_harms_no_other(
        self, market: MarketProvider, env: Env, symbol: Symbol, interval: Interval
    ) -> None:
        """Others that wait for the same bars still get them."""
        results = []

        async def ask() -> None:
            results.append(await market.candles(symbol, interval, env.clock.now(), 5))

        async with anyio.create_task_group() as tasks:
            with anyio.CancelScope() as scope:
                scope.cancel()
                tasks.start_soon(ask)
                await market.candles(symbol, interval, env.clock.now(), 5)
            tasks.start_soon(ask)
        assert len(results) == 2
        assert results[0] == results[1]

    async def test_words_and_methods_fit(self, opener: Opener) -> None:
        """There is a method for each word that stands for one, and none without its word."""
        async with opener.open() as market:
            assert not market_faults(market)

    async def test_recording_ends_with_its_own_error(
        self, market: MarketProvider, env: Env, symbol: Symbol
    ) -> None:
        """After its end a recording has no prices, and says so instead of repeating the last."""
        recording = market_with(market, MarketCapability.RECORDING)
        if recording is None or not env.clock.is_lockstep:
            pytest.skip("not a recording")
        await env.clock.sleep_until(recording.recorded().end + timedelta(days=1))
        with pytest.raises(EndOfDataError):
            await market.quotes([symbol])

    async def test_recording_says_what_calls_say(
        self, market: MarketProvider, env: Env, symbol: Symbol, interval: Interval
    ) -> None:
        """The history of a recording and the bars one by one are the same."""
        recording = market_with(market, MarketCapability.RECORDING)
        if recording is None:
            pytest.skip("not a recording")
        span = recording.recorded()
        assert span.start <= env.clock.now() <= span.end
        bars = await market.candles(symbol, interval, env.clock.now(), 10)
        whole = recording.history(symbol, interval)
        closed = int(
            np.searchsorted(
                whole.open_time, to_ms(env.clock.now()) - interval_ms(interval), side="right"
            )
        )
        assert whole[closed - 10 : closed] == bars

    async def test_download_comes_in_closed_pages(
        self, opener: Opener, env: Env, symbol: Symbol, interval: Interval
    ) -> None:
        """DOWNLOAD: bars in order, closed, without overlap, and those `candles` has."""
        async with opener.open() as market:
            if (source := market_with(market, MarketCapability.DOWNLOAD)) is None:
                return
            end, length = env.clock.now(), timedelta(milliseconds=interval_ms(interval))
            start = end - 200 * length
            whole = await _downloaded(source, symbol, interval, start, end)
            middle = from_ms(int(whole[len(whole) // 2]))
            halves = [
                *await _downloaded(source, symbol, interval, start, middle),
                *await _downloaded(source, symbol, interval, middle, end),
            ]
            assert halves == whole, "two downloads differ from one over both spans"
            bars = await market.candles(symbol, interval, end, 5)
            assert whole[-5:] == bars.open_time.tolist(), "candles() has other bars"
            after = to_ms(start)
            async for page in source.download_funding(symbol, start, end):
                rates = checked_rates("test", symbol, page, after=after, end=end)
                after = rates[-1][0] + 1 if rates else after


async def _downloaded(
    source: OptionalMarketMethods,
    symbol: Symbol,
    interval: Interval,
    start: datetime,
    end: datetime,
) -> list[int]:
    """Return the open times of what is downloaded, each page checked."""
    found: list[int] = []
    async for page in source.download(symbol, interval, start, end):
        after = found[-1] + interval_ms(interval) if found else to_ms(start)
        bars = checked_page("test", symbol, interval, page, after=after, end=end)
        found += bars.open_time.tolist()
    return found
