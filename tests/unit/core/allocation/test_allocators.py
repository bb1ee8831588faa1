from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nof0_core.manager.allocation import ALLOCATORS
from nof0_core.manager.allocation.performance import PerformanceBased, PerformanceConfig

D = Decimal


def build(kind, **settings_):
    [found] = [k for k in ALLOCATORS if k.type == kind]
    return found.build(found.config(**settings_))


def swing(mean, size=0.01, hours=48):
    """Returns that alternate around a mean."""
    return [mean + (size if hour % 2 else -size) for hour in range(hours)]


def test_strategies_of_the_configuration_exist():
    assert [kind.type for kind in ALLOCATORS] == ["fixed", "equal", "performance_based"]


def test_fixed_keeps_what_is_configured(make_request):
    request = make_request({"a": "40", "b": "12.5"}, available="90")
    assert build("fixed").allocate(request) == {"a": D(40), "b": D("12.5")}


def test_equal_hands_out_no_more_than_was_configured(make_request):
    request = make_request({"a": "40", "b": "20", "c": "10"}, available="90")
    assert build("equal").allocate(request) == {
        "a": D("23.333334"),
        "b": D("23.333333"),
        "c": D("23.333333"),
    }


@pytest.mark.parametrize("kind", ["equal", "performance_based"])
def test_trader_configured_with_nothing_gets_nothing(make_request, kind):
    request = make_request({"a": "40", "b": "0"}, {"a": swing(0), "b": swing(0.01)})
    assert build(kind).allocate(request) == {"a": D(40), "b": D(0)}


@pytest.mark.parametrize("kind", ["equal", "performance_based"])
def test_no_more_is_handed_out_than_is_available(make_request, kind):
    request = make_request({"a": "60", "b": "60"}, available="90")
    assert build(kind).allocate(request) == {"a": D(45), "b": D(45)}


def test_without_results_performance_gives_what_is_configured(make_request):
    request = make_request({"a": "30", "b": "20", "c": "30"})
    got = build("performance_based").allocate(request)
    assert got == {"a": D(30), "b": D(20), "c": D(30)}


def test_formula_of_performance(make_request, make_curve):
    """Weights 20·e^s and 20 where s = Sharpe · n / (n + prior)."""
    returns = swing(0.001, hours=50)
    allocator = PerformanceBased(PerformanceConfig(prior_hours=150.0, sensitivity=2.0))
    # Sample deviation of ±0.01: 0.01 * sqrt(50/49). Daily: times sqrt(24). Shrunk: 50/200.
    sharpe = 0.001 / (0.01 * (50 / 49) ** 0.5) * 24**0.5
    assert allocator.score(make_curve(returns)) == pytest.approx(sharpe / 4, rel=1e-6)
    got = allocator.allocate(make_request({"a": "20", "b": "20"}, {"a": returns, "b": []}))
    factor = 2.718281828459045 ** (2 * sharpe / 4)
    # With two traders the cap of 40 % would leave something over, so it is 50 %: nobody moves.
    assert got == {"a": D(20), "b": D(20)}
    wide = PerformanceBased(
        PerformanceConfig(prior_hours=150.0, sensitivity=2.0, cap_pct=D(100), floor_pct=D(0))
    )
    got = wide.allocate(make_request({"a": "20", "b": "20"}, {"a": returns, "b": []}))
    assert float(got["a"]) == pytest.approx(40 * factor / (factor + 1), rel=1e-6)
    assert got["a"] + got["b"] == 40


def test_few_results_move_less_than_many(make_request):
    def first(hours):
        request = make_request(
            {"a": "20", "b": "20", "c": "20", "d": "20"},
            {"a": swing(0.002, hours=hours), "b": swing(0, hours=hours)},
        )
        return build("performance_based").allocate(request)["a"]

    assert 20 < first(4) < first(24) < first(120)


def test_results_older_than_the_lookback_do_not_count(make_request):
    late_loss = swing(0.01, hours=100) + swing(-0.001, hours=24)
    request = make_request({"a": "30", "b": "30", "c": "30"}, {"a": late_loss, "b": [], "c": []})
    assert build("performance_based").allocate(request)["a"] > 30
    recent = build("performance_based", lookback=timedelta(hours=24))
    assert recent.allocate(request)["a"] < 30


def test_moving_capital_is_no_performance(make_request, make_curve):
    flat = make_curve([0.0] * 48)
    given_money = tuple(
        attrs.evolve(p, equity=p.equity + 500, deposited=p.deposited + 500) if i > 24 else p
        for i, p in enumerate(flat)
    )
    assert PerformanceBased(PerformanceConfig()).score(given_money) == 0


def test_sensitivity_zero_ignores_results(make_request):
    request = make_request({"a": "30", "b": "30", "c": "30"}, {"a": swing(0.01), "b": swing(-0.01)})
    got = build("performance_based", sensitivity=0.0).allocate(request)
    assert got == {"a": D(30), "b": D(30), "c": D(30)}


def test_freak_result_stays_within_the_cap(make_request):
    """Returns that hardly vary make a Sharpe ratio of millions."""
    steady = [0.01 + (1e-9 if hour % 2 else 0.0) for hour in range(100)]
    configured = dict.fromkeys("abc", "30")
    got = build("performance_based", sensitivity=10.0).allocate(
        make_request(configured, {"a": steady, "b": swing(-0.01)})
    )
    # Cap of a: 40 % of 90. Floor of b: 5 % of 90. What is left is beyond c's cap and goes back.
    assert got == {"a": D(36), "b": D(18), "c": D(36)}


def test_floor_above_cap_is_refused():
    with pytest.raises(ValueError, match="floor_pct 50 is above cap_pct 40"):
        PerformanceConfig(floor_pct=D(50), cap_pct=D(40))


means = st.floats(-0.02, 0.02, allow_nan=False)
hours = st.integers(0, 60)


@settings(max_examples=80, deadline=None)
@given(
    results=st.lists(st.tuples(means, hours), min_size=1, max_size=6),
    sensitivity=st.sampled_from([0.5, 1.0, 10.0]),
    reserve=st.integers(0, 50),
)
def test_shares_by_performance_are_exact_and_ordered_by_score(
    make_request, make_curve, results, sensitivity, reserve
):
    traders = {f"t{i}": swing(mean, hours=n) for i, (mean, n) in enumerate(results)}
    available = D(100 - reserve)
    each = (available / len(traders)).quantize(D("0.01"), "ROUND_DOWN")
    allocator = PerformanceBased(PerformanceConfig(sensitivity=sensitivity))
    got = allocator.allocate(
        make_request(dict.fromkeys(traders, each), traders, available=available)
    )
    assert sum(got.values()) == each * len(traders)
    assert all(share >= 0 for share in got.values())
    scores = {t: allocator.score(make_curve(steps)) for t, steps in traders.items()}
    for a in traders:
        for b in traders:
            if scores[a] > scores[b] + 1e-6:
                assert got[a] >= got[b]


@settings(max_examples=50, deadline=None)
@given(mean=means, better=st.floats(0.0001, 0.02), others=st.lists(means, min_size=1, max_size=4))
def test_better_sharpe_never_gets_less(make_request, mean, better, others):
    rest = {f"o{i}": swing(m) for i, m in enumerate(others)}
    configured = dict.fromkeys(["a", *rest], "15")
    allocator = build("performance_based")
    before = allocator.allocate(make_request(configured, {"a": swing(mean), **rest}))["a"]
    after = allocator.allocate(make_request(configured, {"a": swing(mean + better), **rest}))["a"]
    assert after >= before - D("1E-6") * len(configured)


@pytest.mark.parametrize("kind", ["fixed", "equal", "performance_based"])
def test_the_callers_decimal_context_does_not_matter(make_request, coarse, kind):
    pct = {"a": "33.3333333333333", "b": "22.2222222222222", "c": "11.1111111111111"}
    curves = {name: swing(mean) for name, mean in (("a", 0.001), ("b", 0.0), ("c", -0.001))}
    request = make_request(pct, curves, available="98.7654321987654")
    expected = build(kind).allocate(request)
    with coarse():
        found = build(kind).allocate(request)
    assert found == expected
