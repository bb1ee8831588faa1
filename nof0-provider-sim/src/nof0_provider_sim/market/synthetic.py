"""Made-up markets: geometric Brownian motion from a seed."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import numpy as np

from nof0_core.domain.candles import (
    Candles,
    FloatArray,
    Interval,
    TimeArray,
    from_ms,
    interval_ms,
    to_ms,
)
from nof0_core.domain.instrument import Instrument
from nof0_core.errors import DataError
from nof0_core.ids import Symbol
from nof0_core.recordings.recording import Recording
from nof0_core.recordings.series import BarSeries, RateSeries
from nof0_provider_sim.config import SimMarketConfig

DEFAULT_SYMBOLS = ("BTC", "ETH", "SOL", "BNB", "DOGE", "XRP")
_FIRST_PRICES = {
    "BTC": 100_000.0,
    "ETH": 3000.0,
    "SOL": 150.0,
    "BNB": 700.0,
    "DOGE": 0.2,
    "XRP": 2.5,
}
_START = datetime(2025, 1, 1, tzinfo=UTC)
_LENGTH = timedelta(days=30)
_YEAR_MS = 365 * 86_400_000
_STEPS = 4
"""Steps of the random walk inside one bar; gives bars a high and a low of their own."""
_TURNOVER_PER_HOUR = 60e6
"""Median traded USD of an hour, so that liquidity rules see a liquid market."""
_QUIET_RATE = 0.0000125
"""Hourly funding of a market without premium (Hyperliquid, "Funding")."""
_MOST_BARS = 2_000_000


def synthesize(
    config: SimMarketConfig, instruments: Mapping[Symbol, Instrument], seed: int
) -> Recording:
    """Make gapless bars for all instruments; each symbol's prices depend on seed and name alone.

    Longer bars are merged from the finest ones, so all intervals tell the same story. The same
    arguments give the same prices.

    Raises:
        DataError: if start, end and interval do not fit together.
    """
    interval = Interval(config.interval or "1m")
    length = interval_ms(interval)
    start, end = _period(config, length)
    count = (end - start) // length
    if not 0 < count <= _MOST_BARS:
        msg = f"a synthetic market of {count} {interval} bars cannot be made"
        raise DataError(
            msg,
            hints=(f"choose start, end and interval for 1 to {_MOST_BARS:,} bars",),
        )
    open_time = start + length * np.arange(count, dtype=np.int64)
    hours = np.arange(start // 3_600_000, end // 3_600_000 + 1, dtype=np.int64) * 3_600_000
    rates = np.full(len(hours), _QUIET_RATE)
    bars = {}
    for symbol, instrument in instruments.items():
        rng = random.Random(f"{seed}:{symbol}")
        prices = config.first_price or {}
        first = prices.get(symbol, _FIRST_PRICES.get(symbol, 100.0))
        path = _walk(config, rng, count, length / _YEAR_MS / _STEPS, first, instrument)
        turnover = _TURNOVER_PER_HOUR * length / 3_600_000 * np.exp(0.5 * _normal(rng, count))
        series = _bars(interval, open_time, path, turnover, instrument)
        bars[symbol] = {interval: BarSeries(series)}
    return Recording(bars, {symbol: RateSeries(hours, rates) for symbol in bars}, derives=True)


def _period(config: SimMarketConfig, length: int) -> tuple[int, int]:
    first = _utc(config.start or _START)
    last = _utc(config.end) if config.end else first + _LENGTH
    start, end = to_ms(first), to_ms(last)
    if start % length or end % length:
        off = first if start % length else last
        msg = f"{off.isoformat()} is not a multiple of {length // 1000} s"
        raise DataError(
            msg,
            hints=(f"take {from_ms(to_ms(off) // length * length).isoformat()} instead",),
        )
    return start, end


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _walk(
    config: SimMarketConfig,
    rng: random.Random,
    count: int,
    years: float,
    first: float,
    instrument: Instrument,
) -> FloatArray:
    """Return shape (count, steps + 1): each bar's open and the prices after each of its steps."""
    sigma = 0.8 if config.volatility is None else config.volatility
    drift = (config.drift or 0.0) * years
    moves = drift + sigma * np.sqrt(years) * _normal(rng, count * _STEPS)
    prices = _on_tick(first * np.exp(np.concatenate(([0.0], np.cumsum(moves)))), instrument)
    after = prices[1:].reshape(count, _STEPS)
    opens = prices[:-1:_STEPS].reshape(count, 1)
    return np.hstack([opens, after])


def _normal(rng: random.Random, count: int) -> FloatArray:
    """Draw shape (count,) from the standard normal distribution (Box and Muller 1958)."""
    bits = np.frombuffer(rng.randbytes(16 * count), dtype="<u8").reshape(2, count)
    # 53 random bits make a float in [0, 1); 1 - u keeps the logarithm finite.
    radius, angle = (bits >> np.uint64(11)) * 2.0**-53
    normal: FloatArray = np.sqrt(-2.0 * np.log(1.0 - radius)) * np.cos(2.0 * np.pi * angle)
    return normal


def _on_tick(prices: FloatArray, instrument: Instrument) -> FloatArray:
    lowest = 10.0**-instrument.price_decimals
    safe = np.maximum(prices, lowest)
    decimals = instrument.price_figures - 1 - np.floor(np.log10(safe))
    scale = 10.0 ** np.clip(decimals, 0, instrument.price_decimals)
    rounded: FloatArray = np.maximum(np.round(safe * scale) / scale, lowest)
    return rounded


def _bars(
    interval: Interval,
    open_time: TimeArray,
    path: FloatArray,
    turnover: FloatArray,
    instrument: Instrument,
) -> Candles:
    close = path[:, -1]
    return Candles(
        interval=interval,
        open_time=open_time,
        open=path[:, 0],
        high=path.max(axis=1),
        low=path.min(axis=1),
        close=close,
        volume=np.round(turnover / close, instrument.size_decimals),
    )
