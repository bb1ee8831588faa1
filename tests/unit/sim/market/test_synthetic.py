"""Made-up markets: reproducible, and consistent across intervals."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from nof0_core.clock import SimulatedClock
from nof0_core.domain.candles import Candles, Interval, interval_ms, to_ms
from nof0_core.errors import DataError
from nof0_core.ids import Symbol
from nof0_core.recordings.recording import aggregate
from nof0_core.testing.environment import env as make_env
from nof0_provider_sim import plugin
from nof0_provider_sim.config import InstrumentRules, SimMarketConfig
from nof0_provider_sim.market.rules import instruments_for
from nof0_provider_sim.market.synthetic import synthesize

START = datetime(2025, 3, 1, tzinfo=UTC)
ETH = Symbol("ETH")


def _made(seed=1, symbols=("BTC", "ETH"), **config):
    config = {"start": START, "end": START + timedelta(days=2)} | config
    settings = SimMarketConfig(source="synthetic", symbols=symbols, **config)
    return synthesize(settings, instruments_for(symbols, {}), seed)


def test_same_seed_same_prices_and_other_seed_other_prices():
    minute = Interval("1m")
    first = _made().series(ETH, minute).candles
    assert first == _made().series(ETH, minute).candles
    assert first != _made(seed=2).series(ETH, minute).candles


def test_prices_of_a_coin_do_not_depend_on_the_others():
    alone = _made(symbols=("ETH",)).series(ETH, Interval("1m")).candles
    assert alone == _made().series(ETH, Interval("1m")).candles


@pytest.mark.parametrize("length", ["3m", "1h", "4h"])
def test_longer_bars_are_the_finest_ones_merged(length):
    made = _made()
    fine, coarse = made.series(ETH, Interval("1m")).candles, made.series(ETH, Interval(length))
    per_bar = interval_ms(length) // 60_000
    assert len(coarse.candles) == 2 * 1440 // per_bar
    for number in (0, 1, len(coarse.candles) - 1):
        part = fine[number * per_bar : (number + 1) * per_bar]
        bar = coarse.candles[number : number + 1]
        assert bar.open_time[0] == part.open_time[0]
        assert (bar.open[0], bar.close[0]) == (part.open[0], part.close[-1])
        assert (bar.high[0], bar.low[0]) == (part.high.max(), part.low.min())
        assert bar.volume[0] == pytest.approx(part.volume.sum())


def test_bars_are_consistent_and_on_the_tick():
    for symbol in ("BTC", "ETH"):
        bars = _made(volatility=3.0).series(Symbol(symbol), Interval("1m")).candles
        assert (bars.low <= np.minimum(bars.open, bars.close)).all()
        assert (bars.high >= np.maximum(bars.open, bars.close)).all()
        assert (bars.open[1:] == bars.close[:-1]).all()
        assert (bars.low > 0).all()
        assert (bars.volume > 0).all()
        instrument = instruments_for([Symbol(symbol)], {})[symbol]
        for price in bars.high[::97]:
            assert instrument.is_valid_price(Decimal(repr(float(price))))


def test_volatility_is_that_of_a_year_and_drift_moves_the_price():
    year = {"end": START + timedelta(days=200), "interval": "1h"}
    bars = _made(volatility=0.5, **year).series(ETH, Interval("1h")).candles
    moves = np.diff(np.log(bars.close))
    assert moves.std() * np.sqrt(365 * 24) == pytest.approx(0.5, rel=0.05)
    flat = _made(volatility=0.0, drift=1.0, **year).series(ETH, Interval("1h")).candles
    assert np.log(flat.close[-1] / 3000) == pytest.approx(200 / 365, abs=0.001)


def test_first_price_is_where_it_starts():
    bars = _made(first_price={"ETH": 1234.5}).series(ETH, Interval("1m")).candles
    assert bars.open[0] == 1234.5


def test_aggregation_leaves_out_bars_that_are_not_whole():
    minute = 60_000 * np.arange(7) + to_ms(START) + 120_000
    ones = np.ones(7)
    bars = Candles(
        interval=Interval("1m"),
        open_time=minute,
        open=ones,
        high=ones,
        low=ones,
        close=ones,
        volume=ones,
    )
    merged = aggregate(bars, Interval("3m"))
    assert list(merged.open_time) == [to_ms(START) + 180_000, to_ms(START) + 360_000]
    assert list(merged.volume) == [3.0, 3.0]
    assert len(aggregate(bars, Interval("1h"))) == 0


def test_interval_that_is_no_multiple_is_refused():
    with pytest.raises(DataError, match="no 5m candles of ETH"):
        _made(interval="3m").series(ETH, Interval("5m"))
    with pytest.raises(DataError, match="not a bar interval"):
        _made().series(ETH, Interval("3x"))


BAD_PERIODS = [
    pytest.param({"end": START}, "of 0 1m bars", id="empty"),
    pytest.param({"end": START + timedelta(days=9999)}, "cannot be made", id="too-long"),
    pytest.param({"start": START + timedelta(seconds=7)}, "not a multiple of 60 s", id="odd-start"),
]


@pytest.mark.parametrize(("config", "message"), BAD_PERIODS)
def test_period_that_cannot_be_made_is_refused(config, message):
    with pytest.raises(DataError, match=message):
        _made(**config)


@pytest.mark.anyio
async def test_without_a_seed_the_seed_of_the_run_decides():
    async def first_bars(seed):
        config = SimMarketConfig(source="synthetic", symbols=("ETH",), start=START)
        async with (
            make_env(seed=seed, clock=SimulatedClock(START)) as env,
            plugin.open_market(config, env) as market,
        ):
            return market.history(ETH, Interval("1m"))[:5]

    assert await first_bars(1) == await first_bars(1)
    assert await first_bars(1) != await first_bars(2)


def test_any_coin_can_be_made_up_with_rules_of_its_own():
    rules = {"HYPE": InstrumentRules(size_decimals=2, max_leverage=10)}
    instruments = instruments_for([Symbol("HYPE")], rules)
    config = SimMarketConfig(source="synthetic", symbols=("HYPE",), start=START)
    made = synthesize(config, instruments, random.Random(1).getrandbits(64))
    assert made.series(Symbol("HYPE"), Interval("1m")).candles.open[0] == 100
    assert instruments["HYPE"].price_decimals == 4
