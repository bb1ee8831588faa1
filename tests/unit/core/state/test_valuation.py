from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nof0_core.domain.instrument import Instrument, MarginTier
from nof0_core.domain.margin import initial_margin, maintenance
from nof0_core.errors import DataError

D = Decimal

VECTORS = Path(__file__).parents[3] / "data/hyperliquid/liquidation_vectors.csv"


def vectors():
    with VECTORS.open(encoding="utf-8") as file:
        return [
            pytest.param(row, id=f"{i}-{row['coin']}") for i, row in enumerate(csv.DictReader(file))
        ]


@pytest.mark.parametrize("row", vectors())
def test_liquidation_price_of_a_single_position_is_the_venues(script, row):
    """An account that holds nothing else is what the venue calls an isolated position."""
    size = D(row["size"]) * (1 if row["side"] == "long" else -1)
    coin = Instrument(
        symbol=row["coin"], size_decimals=5, price_decimals=6, max_leverage=int(row["max_leverage"])
    )
    script.transfer("ann", row["isolated_margin_usd"])
    script.trade("ann", row["coin"], size, row["entry_px"], leverage=int(row["leverage"]))
    for factor in ("1", "1.05"):
        mark = D(row["entry_px"]) * D(factor)
        [holding] = script.ledger.account(
            "paper", "ann", {row["coin"]: mark}, script.now, {row["coin"]: coin}
        ).holdings
        expected = float(row["venue_liquidation_px"])
        assert float(holding.liquidation_price) == pytest.approx(expected, rel=3.5e-5)


def test_account_without_positions_needs_no_prices(script):
    script.transfer("ann", "100")
    state = script.ledger.account("paper", "ann", {}, script.now, {})
    assert (state.equity, state.available, state.holdings) == (D(100), D(100), ())


def test_account_nothing_was_booked_to_is_empty(script):
    state = script.ledger.account("paper", "nobody", {}, script.now, {})
    assert (state.trader, state.equity, state.deposited) == ("nobody", 0, 0)
    assert script.ledger.traders("paper") == ()


@pytest.mark.parametrize(("marks", "known"), [({}, True), ({"BTC": D(100000)}, False)])
def test_an_account_says_which_held_coins_have_no_price_or_rules(script, instruments, marks, known):
    script.transfer("ann", "20000")
    script.trade("ann", "BTC", "0.1", "100000", leverage=5)
    rules = instruments if known else {}
    state = script.ledger.account("paper", "ann", marks, script.now, rules)
    assert state.unpriced == ("BTC",)
    assert state.equity == D(20000), "at its entry price it has earned nothing"
    assert state.margin_used == D(2000)
    with pytest.raises(DataError, match=r"no (mark|instrument) for BTC.*ann"):
        script.ledger.pools("paper", "ann", marks, rules)


def test_a_mark_older_than_the_last_answer_counts_but_is_named(script, instruments):
    script.transfer("ann", "20000")
    script.trade("ann", "BTC", "0.1", "100000")
    state = script.ledger.account(
        "paper", "ann", {"BTC": D(110000)}, script.now, instruments, {"BTC"}
    )
    assert (state.unpriced, state.equity) == (("BTC",), D(21000))


def test_margin_is_notional_at_mark_by_leverage(script):
    script.transfer("ann", "10000")
    script.trade("ann", "BTC", "0.1", "100000", leverage=3)
    script.trade("ann", "ETH", "-2", "3000", leverage=4)
    state = script.account("ann", BTC="110000", ETH="3100")
    btc, eth = state.holdings
    assert btc.margin == D("3666.666667")  # 11000 / 3, rounded up
    assert eth.margin == D(1550)  # 6200 / 4
    assert state.margin_used == D("5216.666667")
    assert state.unrealized_pnl == D(800)  # 1000 - 200
    assert state.available == D(10800) - state.margin_used


def test_other_positions_count_with_their_maintenance_margin(script):
    script.transfer("ann", "2000")
    script.trade("ann", "BTC", "0.1", "100000", leverage=10)
    script.trade("ann", "ETH", "-2", "3000", leverage=10)
    btc, eth = script.account("ann", BTC="100000", ETH="3000").holdings
    # Equity of 2000 less maintenance of 10000/80 and 6000/50 leaves 1755.
    assert btc.liquidation_price == D("82227.8481012658")  # 100000 - 1755/0.1/(1 - 1/80)
    assert eth.liquidation_price == D("3860.2941176471")  # 3000 + 1755/2/(1 + 1/50)


def test_position_no_price_can_liquidate_has_no_liquidation_price(script):
    script.transfer("ann", "20000")
    script.trade("ann", "BTC", "0.1", "100000")
    [holding] = script.account("ann", BTC="100000").holdings
    assert holding.liquidation_price is None


sizes = st.integers(-300_000, 300_000).filter(bool).map(lambda n: D(n).scaleb(-5))
marks = st.integers(1_000_000, 2_000_000).map(lambda n: D(n).scaleb(-1))


@settings(max_examples=100, deadline=None)
@given(size=sizes, entry=marks, mark=marks, other=sizes, cash=st.integers(1, 200_000))
def test_at_its_liquidation_price_equity_is_the_maintenance_margin(
    story, instruments, size, entry, mark, other, cash
):
    script = story()
    script.transfer("ann", cash)
    script.trade("ann", "BTC", size, entry)
    script.trade("ann", "ETH", other, "3000")
    now = script.account("ann", BTC=mark, ETH="3100").holdings[0]
    assume(now.liquidation_price is not None)
    there = script.account("ann", BTC=now.liquidation_price, ETH="3100")
    needed = sum(maintenance(instruments[h.symbol], h.notional).margin for h in there.holdings)
    assert abs(there.equity - needed) < D("1E-6")


def test_each_tiers_rate_applies_to_the_part_above_its_bound():
    coin = Instrument(
        symbol="X",
        size_decimals=0,
        price_decimals=6,
        max_leverage=10,
        tiers=(
            MarginTier(lower_bound=D(0), max_leverage=10),
            MarginTier(lower_bound=D(1_000), max_leverage=5),
            MarginTier(lower_bound=D(3_000), max_leverage=2),
        ),
    )
    assert maintenance(coin, D(999)).margin == D("49.95")  # 999 * 5 %
    assert maintenance(coin, D(2_000)).margin == D(150)  # 50 + 1000 * 10 %
    top = maintenance(coin, D(4_000))
    assert top.margin == D(500)  # 50 + 2000 * 10 % + 1000 * 25 %
    assert top.rate == D("0.25")


def test_initial_margin_is_rounded_against_the_trader():
    assert initial_margin(D(100), 3) == D("33.333334")
    assert initial_margin(D(100), 4) == D(25)


def test_the_callers_decimal_context_does_not_matter(script, instruments, coarse):
    script.transfer("ann", "10123.456789")
    script.trade("ann", "BTC", "0.12345", "98765.432109", "5.123456", leverage=7)
    script.trade("ann", "ETH", "-2.3456", "3000.123456", "3.123457", leverage=3)
    marks = {"BTC": D("99999.123456"), "ETH": D("2999.987654")}

    def seen():
        account = script.ledger.account("paper", "ann", marks, script.now, instruments)
        lost = script.ledger.brakes.day_loss_pct("ann", account)
        return account, script.ledger.pools("paper", "ann", marks, instruments), lost

    expected = seen()
    with coarse():
        found = seen()
    assert found == expected
