"""Coins with isolated margin belong to one trader of an exchange account."""

from __future__ import annotations

import pytest

from nof0_core.domain.position import MarginMode


def entries(bench, first="", second=""):
    """Write two traders, `first` and `second` are further lines of theirs."""
    bench.write(
        "etc/manager.yaml",
        f"""\
manager:
  total_equity_usd: 10000
traders:
  - id: one{first}
    model: dummy
    allocation_pct: 50
  - id: two{second}
    model: dummy
    allocation_pct: 50
""",
    )


def key(text):
    return f"\n    {text}"


ISOLATED = key("margin_mode: isolated")


def test_margin_is_cross_unless_a_trader_says_otherwise(bench):
    assert bench.load().traders[0].limits.margin_mode is MarginMode.CROSS
    bench.replace("etc/manager.yaml", "id: one", f"id: one{ISOLATED}")
    assert bench.load().traders[0].limits.margin_mode is MarginMode.ISOLATED


def test_another_word_is_refused(bench):
    bench.replace("etc/manager.yaml", "id: one", f"id: one{key('margin_mode: portfolio')}")
    assert 'traders.0.margin_mode: must be one of cross, isolated, got "portfolio"' in (
        bench.problems()
    )


@pytest.mark.parametrize(
    ("first", "second", "place"),
    [
        pytest.param(ISOLATED, "", "5: traders.0.margin_mode", id="isolated-beside-cross"),
        pytest.param("", ISOLATED, "9: traders.1.margin_mode", id="cross-beside-isolated"),
        pytest.param(ISOLATED, ISOLATED, "10: traders.1.margin_mode", id="both"),
    ],
)
def test_a_shared_coin_is_refused_once_where_isolated_is_written(bench, first, second, place):
    eth = key("symbols: [BTC, ETH]")
    entries(bench, first + eth, second + key("symbols: [ETH, SOL]"))
    problems = bench.problems()
    assert f"etc/manager.yaml:{place}: isolated margin is one trader's own, but" in problems
    assert "trade ETH on paper too" in problems
    assert problems.count("isolated margin is") == 1
    assert "an exchange section each" in problems


def test_different_coins_may_be_backed_differently(bench):
    entries(bench, ISOLATED + key("symbols: [BTC]"), key("symbols: [ETH]"))
    assert len(bench.load().traders) == 2


def test_the_same_coin_on_another_account_is_no_conflict(bench):
    bench.replace(
        "etc/exchange.yaml", "providers:", "default: paper\nproviders:\n  other: {type: sim}"
    )
    entries(bench, ISOLATED, key("exchange_provider: other"))
    assert len(bench.load().traders) == 2
