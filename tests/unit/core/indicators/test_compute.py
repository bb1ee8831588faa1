from __future__ import annotations

import random

import numpy as np
import pytest

from nof0_core.config.model import IndicatorConfig
from nof0_core.domain.candles import Candles, Interval
from nof0_core.indicators.compute import compute

SET = [
    IndicatorConfig(name="ema20", function="EMA", parameters={"timeperiod": 20}),
    IndicatorConfig(name="macd", function="MACD"),
    IndicatorConfig(name="rsi7", function="RSI", parameters={"timeperiod": 7}),
    IndicatorConfig(name="rsi14", function="RSI", parameters={"timeperiod": 14}),
    IndicatorConfig(name="atr14", function="ATR", parameters={"timeperiod": 14}),
    IndicatorConfig(name="bb", function="BBANDS"),
    IndicatorConfig(name="obv", function="OBV"),
    IndicatorConfig(name="doji", function="CDLDOJI"),
    IndicatorConfig(name="rvol", function="RVOL"),
    IndicatorConfig(name="acos", function="ACOS"),
]


def market(bars, seed=1):
    rng = random.Random(seed)
    close = 100 + np.cumsum([rng.gauss(0, 1) for _ in range(bars)])
    return Candles(
        interval=Interval("3m"),
        open_time=np.arange(bars) * 180_000,
        open=close - 0.1,
        high=close + 1,
        low=close - 1,
        close=close,
        volume=[rng.randint(0, 3) for _ in range(bars)],
    )


def test_arrays_are_aligned_read_only_float64_and_never_infinite():
    bars = market(300)
    result = compute(SET, bars)
    assert list(result)[:5] == ["ema20", "macd", "macd_signal", "macd_hist", "rsi7"]
    for name, values in result.items():
        assert values.shape == (300,), name
        assert values.dtype == np.float64
        assert not values.flags.writeable
        assert not np.isinf(values).any()


@pytest.mark.parametrize(
    ("name", "first"), [("ema20", 19), ("macd_hist", 33), ("rsi7", 7), ("atr14", 14), ("doji", 10)]
)
def test_values_before_the_first_valid_bar_are_nan(name, first):
    values = compute(SET, market(100))[name]
    assert np.isnan(values[:first]).all()
    assert np.isfinite(values[first:]).all()


def test_ema_starts_with_the_plain_mean_and_follows_the_textbook():
    bars = market(60)
    values = compute(SET[:1], bars)["ema20"]
    expected = bars.close[:20].mean()
    assert values[19] == pytest.approx(expected)
    for i in range(20, 60):
        expected += (bars.close[i] - expected) * 2 / 21
        assert values[i] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("length", [0, 1, 5, 19, 20])
def test_too_few_bars_give_nan_instead_of_an_error(length):
    result = compute(SET, market(20)[:length])
    assert all(values.shape == (length,) for values in result.values())
    assert np.isnan(result["macd"]).all()


def test_changing_later_bars_changes_no_earlier_value():
    whole = market(400)
    for cut in (120, 250, 399):
        other = market(400, seed=2)
        mixed = Candles(
            interval=whole.interval,
            open_time=whole.open_time,
            **{
                field: np.concatenate((getattr(whole, field)[:cut], getattr(other, field)[cut:]))
                for field in ("open", "high", "low", "close", "volume")
            },
        )
        before, after = compute(SET, whole), compute(SET, mixed)
        for name, values in before.items():
            assert np.array_equal(values[:cut], after[name][:cut], equal_nan=True), name


def test_a_strided_column_gives_the_same_as_a_contiguous_one():
    bars = market(200)
    table = np.ascontiguousarray(np.stack([bars.open, bars.high, bars.low, bars.close], axis=1))
    strided = Candles(
        interval=bars.interval,
        open_time=bars.open_time,
        open=table[:, 0],
        high=table[:, 1],
        low=table[:, 2],
        close=table[:, 3],
        volume=bars.volume,
    )
    for name, values in compute(SET, bars).items():
        assert np.array_equal(values, compute(SET, strided)[name], equal_nan=True)
