"""Golden examples; the arithmetic stands beside each number."""

from __future__ import annotations

from decimal import Decimal

import pytest

from nof0_core.domain.position import ExitPlan, ProtectionMode
from nof0_core.ids import RESERVE, UNASSIGNED
from nof0_core.ledger import Totals

D = Decimal


def test_long_opened_and_closed(script):
    script.transfer("ann", "1000")
    opened = script.now
    entry = script.trade(
        "ann",
        "BTC",
        "0.01",
        "118000.5",
        "0.531002",
        leverage=5,
        confidence=80.0,
        plan=ExitPlan(stop_loss=D(117000)),
    )
    held = script.account("ann", BTC="118500")
    assert held.cash == D("999.468998")  # 1000 - 0.531002
    assert held.unrealized_pnl == D("4.995")  # 0.01 * (118500 - 118000.5)
    assert held.equity == D("1004.463998")
    assert held.margin_used == D("237")  # 0.01 * 118500 / 5
    assert held.holdings[0].entry_price == D("118000.5")

    script.fund("ann", "BTC", "-0.014800")
    script.trade("ann", "BTC", "-0.01", "119000", "0.5355", purpose="close")
    [trade] = script.ledger.trades("ann")
    assert trade.gross_pnl == D("9.995")  # 0.01 * (119000 - 118000.5)
    assert trade.funding == D("-0.0148")
    assert trade.net_pnl == D("8.913698")  # 9.995 - 0.531002 - 0.5355 - 0.0148
    assert (trade.entry.price, trade.exit.price) == (D("118000.5"), D("119000"))
    assert (trade.entry.fee, trade.exit.fee) == (D("0.531002"), D("0.5355"))
    assert trade.entry.time > opened
    assert (trade.leverage, trade.confidence, trade.reason) == (5, 80.0, "close")
    assert trade.exit_plan == ExitPlan(stop_loss=D(117000))
    assert script.ledger.order(entry).filled == D("0.01")

    after = script.account("ann")
    assert after.holdings == ()
    assert after.equity == after.cash == D("1008.913698")
    assert after.net_realized_pnl == trade.net_pnl
    assert script.ledger.totals("paper") == Totals(raw_usd=D("1008.913698"), quantities={})


def test_short_gains_when_the_price_falls(script):
    script.transfer("ann", "500")
    script.trade("ann", "DOGE", "-1000", "0.25", "0.1125")
    held = script.account("ann", DOGE="0.24")
    assert held.unrealized_pnl == D("10")  # -1000*0.24 - (-250)
    assert held.holdings[0].quantity == D(-1000)
    # Raw cash of the venue: 500 + 250 got for the coins - fee.
    assert script.ledger.totals("paper").raw_usd == D("749.8875")
    script.trade("ann", "DOGE", "1000", "0.26", "0.117", purpose="stop")
    [trade] = script.ledger.trades("ann")
    assert trade.quantity == D(-1000)
    assert trade.gross_pnl == D("-10")  # -1000*0.26 + 250
    assert trade.reason == "stop"
    assert not trade.is_long


def test_fills_of_one_order_average_and_keep_the_first_fills_time(script):
    client_id = script.intend("ann", "ETH", "3", leverage=10)
    first = script.now
    script.fill("ann", "ETH", "1", "3700", "1", client_id, trade_id=7)
    script.fill("ann", "ETH", "2", "3706", "2", client_id, trade_id=8)
    position = script.ledger.position("ann", "ETH")
    assert position.entry_price == D(3704)  # (3700 + 2*3706) / 3
    assert position.cost == D(11112)
    assert position.opened_at == first
    assert position.entry_trade_id == "7"
    assert position.entry_fees == D(3)
    assert script.ledger.order(client_id).filled == D(3)


def test_partial_close_shares_cost_fees_and_funding_and_the_last_part_takes_the_rest(script):
    script.trade("ann", "ETH", "3", "3333.33", "1.000000")
    script.fill("ann", "ETH", "4", "3333.34", "0.000001")
    script.fund("ann", "ETH", "-0.01")
    for price in ("3400", "3400", "3400"):
        script.trade("ann", "ETH", "-2", price, "0.5", purpose="close")
    script.trade("ann", "ETH", "-1", "3400", "0.25", purpose="close")
    trades = script.ledger.trades("ann")
    # Cost 3*3333.33 + 4*3333.34 = 23333.35; two sevenths: 6666.671428571428571429 (18 decimals).
    assert trades[0].gross_pnl == D("6800") - D("6666.671428571428571429")
    assert trades[0].entry.fee == D("0.285715")  # 2/7 of 1.000001 = 0.28571457
    assert trades[0].funding == D("-0.002857")  # 2/7 of -0.01 = -0.00285714
    assert sum(t.gross_pnl for t in trades) == D("466.65")  # 7*3400 - 23333.35
    assert sum(t.entry.fee for t in trades) == D("1.000001")
    assert sum(t.funding for t in trades) == D("-0.01")
    assert {t.entry.price for t in trades} == {D("3333.3357142857")}  # 23333.35 / 7
    assert script.ledger.position("ann", "ETH") is None


def test_single_price_position_keeps_its_exact_price_through_reductions(script):
    script.trade("ann", "BTC", "0.00039", "63287.1")
    script.trade("ann", "BTC", "-0.00017", "63300", purpose="close")
    script.trade("ann", "BTC", "-0.00011", "63300", purpose="close")
    assert script.ledger.position("ann", "BTC").entry_price == D("63287.1")
    assert script.ledger.position("ann", "BTC").cost == D("6.961581")  # 0.00011 * 63287.1


def test_flip_closes_first_and_opens_the_rest_with_its_share_of_the_fee(script):
    script.fill("ann", "BTC", "0.1", "100000", "4.5")
    flip = script.intend("ann", "BTC", "-0.3", leverage=3, confidence=60.0)
    script.fill("ann", "BTC", "-0.3", "101000", "13.635", flip)
    [trade] = script.ledger.trades("ann")
    assert trade.quantity == D("0.1")
    assert trade.gross_pnl == D(100)
    assert trade.exit.fee == D("4.545")  # a third of 13.635
    assert trade.reason == "close"
    position = script.ledger.position("ann", "BTC")
    assert position.quantity == D("-0.2")
    assert position.cost == D(-20200)
    assert position.entry_fees == position.fees == D("9.09")
    assert (position.leverage, position.confidence, position.opened_by) == (3, 60.0, flip)
    assert position.realized_pnl == 0


def test_what_a_closing_order_opened_beyond_zero_has_no_leverage_and_no_plan(script):
    script.trade("ann", "BTC", "0.1", "100000", leverage=10, plan=ExitPlan(stop_loss=D(1)))
    script.trade("ann", "BTC", "-0.15", "100000", purpose="close")
    position = script.ledger.position("ann", "BTC")
    assert position.quantity == D("-0.05")
    assert (position.leverage, position.plan, position.opened_by) == (1, ExitPlan(), None)


def test_holding_tells_what_its_position_has_earned_and_cost_so_far(script):
    script.trade("ann", "ETH", "2", "3700", "3.33")
    script.fund("ann", "ETH", "0.05")
    script.trade("ann", "ETH", "-1", "3750", "1.6875", purpose="close")
    [holding] = script.account("ann", ETH="3800").holdings
    assert holding.fees == D("5.0175")
    assert holding.funding == D("0.05")
    assert holding.realized_pnl == D(50)
    assert holding.unrealized_pnl == D(100)


@pytest.mark.parametrize(
    ("purpose", "more", "reason"),
    [
        pytest.param("close", {}, "close", id="close"),
        pytest.param("stop", {}, "stop", id="stop"),
        pytest.param("target", {}, "target", id="target"),
        pytest.param("flatten", {}, "flatten", id="flatten"),
        pytest.param("open", {}, "close", id="an opposite entry"),
        pytest.param("stop", {"is_liquidation": True}, "liquidation", id="liquidation comes first"),
        pytest.param(None, {}, "manual", id="nobody's order"),
    ],
)
def test_reason_of_a_trade_is_what_its_order_was_for(script, purpose, more, reason):
    script.trade("ann", "BTC", "0.1", "100000")
    client_id = script.intend("ann", "BTC", "-0.1", purpose=purpose) if purpose else None
    script.fill("ann", "BTC", "-0.1", "99000", client_id=client_id, **more)
    [trade] = script.ledger.trades("ann")
    assert trade.reason == reason
    assert trade.exit.is_liquidation == (reason == "liquidation")


def test_order_of_another_trader_says_nothing_about_a_fill(script):
    """A fill that was booked to somebody else keeps to the account it was booked to."""
    script.trade("ann", "BTC", "0.1", "100000")
    foreign = script.intend("bob", "BTC", "-0.1", purpose="stop")
    script.fill("ann", "BTC", "-0.1", "99000", client_id=foreign)
    assert script.ledger.trades("ann")[0].reason == "manual"
    assert script.ledger.order(foreign).filled == 0


def test_opposite_positions_of_two_traders_net_at_the_venue_only(script):
    script.trade("ann", "BTC", "0.1", "100000", leverage=3)
    script.trade("bob", "BTC", "-0.1", "100500", leverage=7)
    assert script.ledger.totals("paper").quantities == {}
    assert script.ledger.quantities("paper", "BTC") == {"ann": D("0.1"), "bob": D("-0.1")}
    assert script.ledger.leverages("paper", "BTC") == (3, 7)
    assert script.account("ann", BTC="101000").unrealized_pnl == D(100)
    assert script.account("bob", BTC="101000").unrealized_pnl == D(-50)


def test_manual_trade_belongs_to_the_unassigned_account(script):
    script.fill(UNASSIGNED, "BTC", "0.1", "100000", "4.5")
    assert script.account(UNASSIGNED, BTC="100100").equity == D("5.5")
    assert script.ledger.traders("paper") == (UNASSIGNED,)
    assert [p.trader for p in script.ledger.positions("paper")] == [UNASSIGNED]


def test_transfer_is_capital_and_never_profit(script):
    script.transfer("ann", "1000")
    script.transfer("ann", "250.5", "rebalance")
    script.transfer(RESERVE, "-250.5", "rebalance")
    state = script.account("ann")
    assert (state.deposited, state.equity) == (D("1250.5"), D("1250.5"))
    assert state.return_pct == 0
    assert script.ledger.totals("paper").raw_usd == D(1000)


def test_exit_plan_replaces_the_one_the_position_was_opened_with(script):
    script.trade("ann", "BTC", "0.1", "100000", plan=ExitPlan(stop_loss=D(95000)))
    script.plan("ann", "BTC", ProtectionMode.ENGINE, stop_loss=D(97000))
    position = script.ledger.position("ann", "BTC")
    assert position.plan == ExitPlan(stop_loss=D(97000))
    assert position.protection is ProtectionMode.ENGINE
    script.plan("ann", "ETH", ProtectionMode.ENGINE, stop_loss=D(1))
    assert script.ledger.position("ann", "ETH") is None


def test_funding_settled_before_a_position_was_opened_is_not_part_of_its_result(script):
    """A settlement may be read late, after the coin was sold and bought again."""
    settled = script.now
    script.trade("ann", "BTC", "0.1", "100000")
    script.fund("ann", "BTC", "-1.5", time=settled)
    assert script.ledger.position("ann", "BTC").funding == 0
    assert script.account("ann", BTC="100000").funding == D("-1.5")
