"""The bundled recording under a clock: what is known when."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nof0_core.clock import SimulatedClock
from nof0_core.domain.candles import Candles, Interval, to_ms
from nof0_core.errors import DataError, EndOfDataError
from nof0_core.ids import Symbol
from nof0_core.protocols import MarketCapability
from nof0_core.recordings.folder import load_folder
from nof0_core.recordings.recording import Recording
from nof0_core.recordings.series import BarSeries
from nof0_core.testing.environment import env as make_env
from nof0_provider_sim import plugin
from nof0_provider_sim.config import SimMarketConfig
from nof0_provider_sim.market.opening import BUNDLED
from nof0_provider_sim.market.provider import SimMarket
from nof0_provider_sim.market.rules import instruments_for

pytestmark = pytest.mark.anyio

NOON = datetime(2025, 7, 16, 12, 0, tzinfo=UTC)
BTC, SOL = Symbol("BTC"), Symbol("SOL")
SIX = ("BNB", "BTC", "DOGE", "ETH", "SOL", "XRP")


@pytest.fixture(scope="module")
def recording():
    return load_folder(BUNDLED, (), allow_gaps=False)


@pytest.fixture
def clock():
    return SimulatedClock(NOON)


@pytest.fixture
def market(recording, clock):
    return SimMarket(
        section="m",
        clock=clock,
        recording=recording,
        instruments=instruments_for(recording.symbols, {}),
    )


async def test_six_coins_of_july_2025_without_any_setting():
    async with (
        make_env(clock=SimulatedClock(NOON)) as env,
        plugin.open_market(SimMarketConfig(), env) as market,
    ):
        assert MarketCapability.RECORDING in market.capabilities
        covers = market.recorded()
        assert covers.start == datetime(2025, 7, 14, 13, 3, tzinfo=UTC)
        assert covers.end == datetime(2025, 7, 26, 4, 0, tzinfo=UTC)
        assert covers.resolution == "3m"
        assert tuple(await market.instruments()) == SIX
        assert set(await market.quotes(SIX)) == set(SIX)


async def test_quote_is_the_close_of_the_last_closed_bar(market, clock):
    # the bar of 11:57 in hl_btc_3m.csv.gz (1752667020000) closes at 118868
    quote = (await market.quotes([BTC]))[BTC]
    assert quote.mark == quote.mid == quote.oracle == Decimal(118_868)
    assert quote.time == NOON
    # the row of 12:00 in hl_btc_funding_1h.csv.gz (1752667200000)
    assert quote.funding_rate == Decimal("0.0000455399")
    await clock.sleep_until(NOON + timedelta(minutes=2, seconds=59))
    assert (await market.quotes([BTC]))[BTC] == quote
    await clock.sleep_until(NOON + timedelta(minutes=3))
    assert (await market.quotes([BTC]))[BTC].time == NOON + timedelta(minutes=3)


async def test_day_volume_is_the_turnover_of_the_last_480_bars(market):
    bars = market.history(BTC, Interval("3m"))
    last = int(np.searchsorted(bars.open_time, to_ms(NOON)))
    expected = float(np.sum(bars.close[last - 480 : last] * bars.volume[last - 480 : last]))
    quote = (await market.quotes([BTC]))[BTC]
    assert float(quote.day_volume_usd) == pytest.approx(expected, abs=0.02)


async def test_day_volume_of_the_first_day_comes_from_longer_bars(market, clock, recording):
    early = SimMarket(
        section="m",
        clock=SimulatedClock(datetime(2025, 7, 14, 16, 0, tzinfo=UTC)),
        recording=recording,
        instruments={},
    )
    bars = early.history(BTC, Interval("4h"))
    last = int(np.searchsorted(bars.open_time, to_ms(datetime(2025, 7, 14, 16, tzinfo=UTC))))
    expected = float(np.sum(bars.close[last - 6 : last] * bars.volume[last - 6 : last]))
    volume = (await early.quotes([BTC]))[BTC].day_volume_usd
    assert float(volume) == pytest.approx(expected, abs=0.02)


async def test_open_interest_is_told_only_if_configured(market, recording, clock):
    assert (await market.quotes([BTC]))[BTC].open_interest is None
    told = SimMarket(
        section="m",
        clock=clock,
        recording=recording,
        instruments=instruments_for(recording.symbols, {}),
        open_interest_usd=Decimal(50_000_000),
    )
    # 50000000 / 118868 = 420.634653...
    assert (await told.quotes([BTC]))[BTC].open_interest == Decimal("420.63465")


async def test_bar_that_closes_after_now_is_not_shown_even_if_asked_for(market, clock):
    far = NOON + timedelta(days=3)
    await clock.sleep_until(NOON + timedelta(minutes=1))
    assert (await market.candles(BTC, Interval("3m"), far, 5)).last_close_time == NOON
    assert (await market.candles(BTC, Interval("4h"), far, 5)).last_close_time == NOON
    await clock.sleep_until(NOON + timedelta(hours=3, minutes=59))
    assert (await market.candles(BTC, Interval("4h"), far, 5)).last_close_time == NOON


async def test_candles_before_the_recording_are_none_and_few_are_fewer(market):
    start = datetime(2025, 7, 14, 13, 0, tzinfo=UTC)
    for end, expected in ((start, 0), (start + timedelta(minutes=7), 2)):
        assert len(await market.candles(BTC, Interval("3m"), end, 100)) == expected
    assert len(await market.candles(BTC, Interval("3m"), NOON, 0)) == 0


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(minutes=st.integers(0, 11 * 24 * 60), length=st.sampled_from(["3m", "4h"]))
async def test_what_comes_later_cannot_be_seen(recording, minutes, length):
    """Changing every bar that closes after now changes no answer."""
    now = datetime(2025, 7, 14, 13, 3, tzinfo=UTC) + timedelta(minutes=minutes)
    answers = []
    for factor in (1.0, 3.0):
        bars = {
            BTC: {
                Interval(name): _changed_after(recording.series(BTC, Interval(name)), now, factor)
                for name in ("3m", "4h")
            }
        }
        market = SimMarket(
            section="m",
            clock=SimulatedClock(now),
            recording=Recording(bars, {}),
            instruments=instruments_for([BTC], {}),
        )
        candles = await market.candles(BTC, Interval(length), now + timedelta(days=1), 50)
        answers.append((await market.quotes([BTC]), candles))
    assert answers[0] == answers[1]


def _changed_after(series, now, factor):
    bars = series.candles
    scale = np.where(bars.open_time + series.length_ms > to_ms(now), factor, 1.0)
    return BarSeries(
        Candles(
            interval=bars.interval,
            open_time=bars.open_time,
            open=bars.open * scale,
            high=bars.high * scale,
            low=bars.low * scale,
            close=bars.close * scale,
            volume=bars.volume * scale,
        )
    )


async def test_end_of_the_recording_is_an_error_of_its_own(market, clock):
    end = market.recorded().end
    await clock.sleep_until(end)
    assert (await market.quotes([BTC]))[BTC].time == end
    await clock.sleep_until(end + timedelta(milliseconds=1))
    with pytest.raises(EndOfDataError, match="ends at 2025-07-26T04:00:00"):
        await market.quotes([BTC])
    with pytest.raises(EndOfDataError):
        await market.candles(BTC, Interval("3m"), clock.now(), 5)
    assert len(await market.candles(BTC, Interval("3m"), end, 5)) == 5


async def test_before_the_recording_the_error_says_where_to_start(recording):
    early = SimMarket(
        section="m",
        clock=SimulatedClock(datetime(2025, 7, 1, tzinfo=UTC)),
        recording=recording,
        instruments={},
    )
    with pytest.raises(DataError, match="begins at 2025-07-14T13:03") as raised:
        await early.quotes([BTC])
    assert "Clock.Start" in raised.value.hints[0]


async def test_unknown_symbol_and_interval_are_answered_with_what_there_is(market):
    with pytest.raises(DataError, match='no symbol "PEPE"') as raised:
        await market.candles(Symbol("PEPE"), Interval("3m"), NOON, 5)
    assert raised.value.hints == ("it has BNB, BTC, DOGE, ETH, SOL, XRP",)
    with pytest.raises(DataError, match="no 5m candles of BTC") as raised:
        await market.candles(BTC, Interval("5m"), NOON, 5)
    assert raised.value.hints == ("it has 3m, 4h",)
    assert await market.quotes([Symbol("PEPE")]) == {}


async def test_trading_rules_are_the_venues(market):
    rules = await market.instruments()
    table = {
        symbol: (i.size_decimals, i.price_decimals, i.max_leverage, i.tiers[1].max_leverage)
        for symbol, i in rules.items()
    }
    assert table == {
        "BTC": (5, 1, 40, 20),
        "ETH": (4, 2, 25, 15),
        "SOL": (2, 4, 20, 10),
        "BNB": (3, 3, 10, 5),
        "DOGE": (0, 6, 10, 5),
        "XRP": (0, 6, 20, 10),
    }
    assert rules[SOL].leverage_cap(Decimal(69_999_999)) == 20
    assert rules[SOL].leverage_cap(Decimal(70_000_000)) == 10
