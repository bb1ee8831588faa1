"""Isolated positions stand on their own margin, in the virtual account as at the venue."""

from __future__ import annotations

import csv
from decimal import Decimal as D
from pathlib import Path

import pytest

from nof0_core.domain.instrument import Instrument
from nof0_core.domain.position import MarginMode

ISOLATED = {"margin_mode": MarginMode.ISOLATED}
VECTORS = Path(__file__).parents[3] / "data/hyperliquid/liquidation_vectors.csv"


def vectors():
    with VECTORS.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [pytest.param(row, id=f"{i}-{row['coin']}") for i, row in enumerate(rows)]


@pytest.mark.parametrize("row", vectors())
def test_liquidation_price_is_the_venues_whatever_else_the_account_has(script, row):
    """The opening fee is what makes notional / leverage the margin the venue had recorded."""
    size = D(row["size"]) * (1 if row["side"] == "long" else -1)
    coin = Instrument(
        symbol=row["coin"], size_decimals=5, price_decimals=6, max_leverage=int(row["max_leverage"])
    )
    script.transfer("ann", "1000000")
    notional = D(row["size"]) * D(row["entry_px"])
    fee = (notional / int(row["leverage"])).quantize(D("1E-6"), "ROUND_UP") - D(
        row["isolated_margin_usd"]
    )
    script.trade(
        "ann", row["coin"], size, row["entry_px"], fee, leverage=int(row["leverage"]), **ISOLATED
    )
    mark = D(row["entry_px"]) * D("1.05")
    [holding] = script.ledger.account(
        "paper", "ann", {row["coin"]: mark}, script.now, {row["coin"]: coin}
    ).holdings
    expected = float(row["venue_liquidation_px"])
    assert float(holding.liquidation_price) == pytest.approx(expected, rel=3.5e-5)


def test_margin_is_that_at_entry_less_the_fee_with_profit_and_funding(script):
    script.transfer("ann", "5000")
    script.trade("ann", "ETH", "1", "2500", "1", leverage=10, **ISOLATED)
    script.fund("ann", "ETH", "-0.5")
    state = script.account("ann", ETH="2480")
    [holding] = state.holdings
    assert holding.margin_mode is MarginMode.ISOLATED
    assert holding.margin == D("228.5")  # 250 - 1 - 0.5 - 20
    assert state.margin_used == D("228.5")
    # Its loss is its own: what is free did not change by it.
    assert state.available == D(5000) - 250


def test_a_reduction_gives_margin_back_in_proportion(script):
    script.transfer("ann", "5000")
    script.trade("ann", "ETH", "1", "2500", "1", leverage=10, **ISOLATED)
    script.trade("ann", "ETH", "-0.5", "2500", "0.5", purpose="close")
    [holding] = script.account("ann", ETH="2500").holdings
    assert holding.margin == D("124.5")


def test_a_loss_beyond_its_margin_leaves_nothing_of_it(script):
    script.transfer("ann", "5000")
    script.trade("ann", "ETH", "1", "2500", leverage=10, **ISOLATED)
    state = script.account("ann", ETH="2000")
    assert (state.equity, state.margin_used) == (D(4500), D(0))


def test_cross_and_isolated_positions_do_not_back_each_other(script, instruments):
    script.transfer("ann", "1000")
    script.trade("ann", "BTC", "0.02", "100000", leverage=10)
    script.trade("ann", "ETH", "2", "2500", leverage=10, **ISOLATED)
    marks = {"BTC": D(100000), "ETH": D(2300)}
    isolated, cross = script.ledger.pools("paper", "ann", marks, instruments)
    # 500 of margin lost 400; 5 ETH x 2300 / 50 is needed.
    assert (isolated.equity, isolated.needed) == (D(100), D(92))
    # 1000 - 500 back the cross position; the loss on ETH is none of its business.
    assert (cross.equity, cross.needed) == (D(500), D(25))
    btc, eth = script.account("ann", BTC="100000", ETH="2300").holdings
    # The spare 8 USD are worth 8 / 2 / 0.98 on ETH, the spare 475 are 475 / 0.02 / 0.9875 on BTC.
    assert eth.liquidation_price == D("2295.9183673469")
    assert btc.liquidation_price == D("75949.3670886076")


def test_a_forced_reduction_leaves_all_its_margin_in_the_rest(script, instruments):
    """The venue frees nothing when it closes a part: what is left keeps everything."""
    script.transfer("ann", "30000")
    script.trade("ann", "ETH", "2000", "100", "90", leverage=10, **ISOLATED)
    script.fund("ann", "ETH", "-10")
    # 20000 - 90 - 10 at the entry; a fifth goes at 91.83 for a fee of 16.
    script.fill("ann", "ETH", "-400", "91.83", "16", is_liquidation=True)
    [pool] = script.ledger.pools("paper", "ann", {"ETH": D("91.83")}, instruments)
    # 19900 - 2000 x 8.17 - 16; needed are 1600 x 91.83 / 50.
    assert (pool.equity, pool.needed) == (D(3544), D("2938.56"))
    state = script.account("ann", ETH="91.83")
    assert state.available == D(10_000)
    # Spare are 605.44: 91.83 - 605.44 / 1600 / 0.98.
    assert state.holdings[0].liquidation_price == D("91.4438775510")

    # What the trader sells itself gives its part back: a quarter of 3544 with the profit on it.
    script.trade("ann", "ETH", "-400", "95", "17", purpose="close")
    [holding] = script.account("ann", ETH="95").holdings
    # (3544 + 1600 x 3.17) x 3/4
    assert holding.margin == D(6462)
    # Adding brings its own: 120 x 95 / 10 - 5.
    script.trade("ann", "ETH", "120", "95", "5", leverage=10, **ISOLATED)
    assert script.account("ann", ETH="95").holdings[0].margin == D(7597)
