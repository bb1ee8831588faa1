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


TRADERS = """\
manager: {total_equity_usd: 10000}
traders:
  - {id: one, model: dummy, allocation_pct: 40}
  - id: two
    model: dummy
    allocation_pct: 40
    indicators: [%s]
"""


def test_a_trader_may_have_indicators_of_its_own(bench):
    bench.write("etc/manager.yaml", TRADERS % "ema9, {name: slow, function: sma, timeperiod: 100}")
    config = bench.load()
    one, two = config.traders
    assert one.indicators is None
    assert [(i.name, i.function, i.parameters) for i in two.indicators] == [
        ("ema9", "EMA", {"timeperiod": 9}),
        ("slow", "SMA", {"timeperiod": 100}),
    ]
    assert config.indicators_of(one) == config.indicators != config.indicators_of(two)


def test_a_trader_may_see_no_indicators_at_all(bench):
    bench.write("etc/manager.yaml", TRADERS % "")
    assert bench.load().traders[1].indicators == ()


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("emma20", 'indicators.0: unknown indicator function "EMMA", did you mean'),
        ("ema20, {function: EMA, timeperiod: fast}", "indicators.1.timeperiod: expected a number"),
        ("{function: EMA, timeperiods: 3}", 'indicators.0: unknown parameter "timeperiods"'),
        ("ema20, ema20", "indicators: EMA and EMA both give"),
        ("{function: SMA, timeperiod: 9000}", "indicators.0: SMA needs 8999 bars"),
    ],
)
def test_what_is_wrong_with_a_traders_indicators_is_named_with_its_place(bench, written, said):
    bench.write("etc/manager.yaml", TRADERS % written)
    assert f"etc/manager.yaml:7: traders.1.{said}" in bench.problems()
