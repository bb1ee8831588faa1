from __future__ import annotations

import attrs
import numpy as np
import pytest

from nof0_core.config.model import IndicatorConfig
from nof0_core.indicators import catalog, causality, recipe


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
