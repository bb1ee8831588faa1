"""market.yaml: intervals and indicators."""

from __future__ import annotations

import pytest


def with_market(bench, text):
    bench.write("etc/market.yaml", "providers: {recorded: {type: sim}}\n" + text)


@pytest.mark.parametrize(
    ("written", "function", "parameters"),
    [
        ("ema20", "EMA", {"timeperiod": 20}),
        ("macd", "MACD", {}),
        ("obv", "OBV", {}),
        ("t3", "T3", {}),
        ("{name: slow, function: sma, timeperiod: 100}", "SMA", {"timeperiod": 100}),
        (
            "{name: b, function: BBANDS, timeperiod: 20, nbdevup: 2.5}",
            "BBANDS",
            {"timeperiod": 20, "nbdevup": 2.5},
        ),
    ],
)
def test_indicators_by_short_name_or_in_full(bench, written, function, parameters):
    with_market(bench, f"indicators: [{written}]\n")
    [indicator] = bench.load().indicators
    assert (indicator.function, indicator.parameters) == (function, parameters)
    assert all(type(a) is type(parameters[n]) for n, a in indicator.parameters.items())


def test_an_indicator_in_full_is_named_after_function_and_period(bench):
    with_market(bench, "indicators: [{function: ema, timeperiod: 9}]\n")
    assert bench.load().indicators[0].name == "ema9"


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("emma20", "indicators.0: "),
        ("{function: EMA, timeperiod: fast}", "indicators.0.timeperiod: expected a number"),
        ("{name: x}", "indicators.0.function: required key is missing"),
        ("[ema20]", "indicators.0: expected a name such as ema20, or a mapping, got a list"),
        ("ema20, ema20", "indicators: EMA and EMA both give"),
        ("{function: EMA, timeperiods: 3}", "indicators.0: "),
    ],
)
def test_a_wrong_indicator_is_named_with_its_place(bench, written, place):
    with_market(bench, f"indicators: [{written}]\n")
    assert f"etc/market.yaml:2: {place}" in bench.problems()


def test_no_indicators_at_all_is_a_choice(bench):
    with_market(bench, "indicators: []\n")
    assert bench.load().indicators == ()


def test_intervals_come_out_shortest_first(bench):
    with_market(bench, "intervals: [4h, 3m, 1d]\n")
    assert bench.load().intervals == ("3m", "4h", "1d")


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ("[3x]", 'intervals.0: not a bar interval: "3x"'),
        ("[]", "intervals: must name at least one interval"),
        ("[60m, 1h]", "intervals.1: 1h is as long as 60m"),
        ("3m", 'intervals: expected a list, got "3m" (a string)'),
    ],
)
def test_wrong_intervals(bench, written, problem):
    with_market(bench, f"intervals: {written}\n")
    assert problem in bench.problems()
