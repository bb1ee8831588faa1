from __future__ import annotations

import random

import attrs
import numpy as np
import pytest

from nof0_core.config.model import IndicatorConfig
from nof0_core.domain.candles import Candles, Interval
from nof0_core.indicators import catalog, causality, recipe
from nof0_core.indicators.computed import Computed

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


def indicator(function="EMA", name="x", **parameters):
    return IndicatorConfig(name=name, function=function, parameters=parameters)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        pytest.param(indicator("EMAA"), 'did you mean "EMA"?', id="misspelled function"),
        pytest.param(indicator("ema"), 'did you mean "EMA"?', id="small letters"),
        pytest.param(indicator("QQQQQQ"), "TA-Lib names, in capitals", id="nothing near"),
        pytest.param(indicator(timeperiodd=3), 'did you mean "timeperiod"?', id="near parameter"),
        pytest.param(indicator("OBV", zz=1), "(OBV takes none)", id="parameter of none"),
        pytest.param(indicator(timeperiod=2.5), "must be a whole number", id="fraction"),
        pytest.param(indicator(timeperiod=0), "does not accept timeperiod=0", id="out of range"),
        pytest.param(indicator("MAVP"), "reads periods", id="input that bars lack"),
        pytest.param(indicator("MAXINDEX"), "use MAX", id="positions in an array"),
        pytest.param(indicator("SMA", timeperiod=9000), "at most 5000", id="endless warm-up"),
        pytest.param(indicator(name="Fast EMA"), '"Fast EMA" cannot be', id="name"),
    ],
)
def test_a_wrong_indicator_is_explained(wrong, said):
    assert said in catalog.check(wrong)


def test_every_other_function_of_the_library_can_be_used():
    refused = {f for f in recipe.functions() if catalog.check(indicator(f))}
    assert refused == {"MAVP", "MAXINDEX", "MININDEX", "MINMAXINDEX"}


@pytest.mark.parametrize(
    ("function", "names"),
    [
        ("EMA", ("x",)),
        ("MACD", ("x", "x_signal", "x_hist")),
        ("MACDEXT", ("x", "x_signal", "x_hist")),
        ("BBANDS", ("x_upper", "x_middle", "x_lower")),
        ("STOCH", ("x_slowk", "x_slowd")),
        ("AROON", ("x_down", "x_up")),
        ("SUPERTREND", ("x", "x_trend")),
        ("MAMA", ("x", "x_fama")),
    ],
)
def test_outputs_are_named_by_the_documented_rule(function, names):
    assert catalog.output_names(indicator(function)) == names


def test_no_function_gives_two_outputs_of_one_name():
    for function in recipe.functions():
        suffixes = recipe.suffixes_of(function)
        assert len(set(suffixes)) == len(suffixes), function


def test_two_indicators_with_one_result_name_are_told_apart():
    clash = [indicator("MACD", "m"), indicator("EMA", "m_signal")]
    assert '"m_signal"' in catalog.check_names(clash)
    assert "taken by the bars" in catalog.check_names([indicator("EMA", "close")])
    assert catalog.check_names([indicator("MACD", "m"), indicator("EMA", "signal")]) is None


def test_lookback_is_that_of_the_slowest():
    configs = [indicator("MACD"), indicator("EMA", timeperiod=50), indicator("RSI", timeperiod=7)]
    assert catalog.lookback(configs) == 49
    assert catalog.lookback([]) == 0


def test_parameters_of_one_indicator_do_not_leak_into_another():
    catalog.recipe_of(indicator("EMA", timeperiod=77))
    assert catalog.recipe_of(indicator("EMA")).lookback == 29


def test_a_function_that_peeks_one_bar_ahead_is_caught():
    honest = catalog.recipe_of(indicator("EMA", timeperiod=5))
    peeking = attrs.evolve(honest, call=lambda close, **_: np.append(close[1:], close[-1]))
    assert causality.sees_the_future(peeking)
    assert not causality.sees_the_future(honest)


def test_a_function_that_normalises_by_the_whole_series_is_caught():
    honest = catalog.recipe_of(indicator("EMA", timeperiod=5))
    peeking = attrs.evolve(honest, call=lambda close, **_: (close - close.mean()) / close.std())
    assert causality.sees_the_future(peeking)


def test_arrays_are_aligned_read_only_float64_and_never_infinite():
    bars = market(300)
    result = Computed(bars).of(SET)
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
    values = Computed(market(100)).of(SET)[name]
    assert np.isnan(values[:first]).all()
    assert np.isfinite(values[first:]).all()


def test_ema_starts_with_the_plain_mean_and_follows_the_textbook():
    bars = market(60)
    values = Computed(bars).of(SET[:1])["ema20"]
    expected = bars.close[:20].mean()
    assert values[19] == pytest.approx(expected)
    for i in range(20, 60):
        expected += (bars.close[i] - expected) * 2 / 21
        assert values[i] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("length", [0, 1, 5, 19, 20])
def test_too_few_bars_give_nan_instead_of_an_error(length):
    result = Computed(market(20)[:length]).of(SET)
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
        before, after = Computed(whole).of(SET), Computed(mixed).of(SET)
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
    for name, values in Computed(bars).of(SET).items():
        assert np.array_equal(values, Computed(strided).of(SET)[name], equal_nan=True)
