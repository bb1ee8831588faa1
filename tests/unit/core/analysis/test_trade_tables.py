"""The arena's own analytics, recomputed from the arena's own trades."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest

from nof0_core.analysis.trade_columns import TradeColumns
from nof0_core.analysis.trade_row import TradeRow, trade_row
from nof0_core.analysis.trade_tables import (
    fee_pnl_moves,
    longs_shorts,
    overall_trades,
    winners_losers,
)
from nof0_core.domain.position import ExitPlan

ARENA = Path(__file__).parents[3] / "data" / "arena"
COMPLETE = ("gpt-5", "claude-sonnet-4-5")
UNEXPLAINED = {
    "std_taker_fee",  # follows no definition that was found
    "avg_convo_leverage",  # comes from conversations, which were not recorded
    "median_convo_leverage",
}
TABLES = {
    "fee_pnl_moves_breakdown_table": fee_pnl_moves,
    "winners_losers_breakdown_table": winners_losers,
    "longs_shorts_breakdown_table": longs_shorts,
    "overall_trades_overview_table": lambda arrays: overall_trades(arrays, asked_leverage=()),
}


def recorded_rows(model):
    trades = json.loads((ARENA / "trades.json").read_text())["trades"]
    return [
        TradeRow(
            doc_id=trade["id"],
            symbol=trade["symbol"],
            quantity=trade["quantity"],
            entry_price=trade["entry_price"],
            entry_time=trade["entry_time"],
            exit_time=trade["exit_time"],
            gross_pnl=trade["realized_gross_pnl"],
            net_pnl=trade["realized_net_pnl"],
            fees=trade["total_commission_dollars"],
        )
        for trade in trades
        if trade["model_id"] == model
    ]


def recorded_analytics(model):
    rows = json.loads((ARENA / "analytics.json").read_text())["analytics"]
    return next(row for row in rows if row["id"] == model)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("model", COMPLETE)
def test_recorded_analytics_follow_from_recorded_trades(model, table):
    wanted = recorded_analytics(model)[table]
    found = TABLES[table](TradeColumns(recorded_rows(model)).arrays())
    assert set(found) == set(wanted)
    for key in set(wanted) - UNEXPLAINED:
        assert found[key] == pytest.approx(wanted[key], rel=1e-12, abs=1e-9), key


@pytest.mark.parametrize("model", COMPLETE)
def test_newest_trade_is_the_last_to_exit(model):
    wanted = recorded_analytics(model)
    last = TradeColumns(recorded_rows(model)).last
    assert last == (wanted["last_trade_exit_time"], wanted["last_trade_doc_id"])


@pytest.mark.parametrize("table", TABLES)
def test_a_trader_without_trades_has_zeros_under_every_key(table):
    found = TABLES[table](TradeColumns().arrays())
    assert set(found) == set(recorded_analytics("gpt-5")[table])
    assert set(found.values()) == {0}


def test_extremes_keep_their_meaning_when_every_trade_won(trade):
    rows = [trade_row(trade(net), doc_id="x", equity=None) for net in ("3", "8")]
    table = fee_pnl_moves(TradeColumns(rows).arrays())
    assert (table["biggest_net_gain"], table["biggest_net_loss"]) == (8, 0)
    assert table["total_fees_as_pct_of_pnl"] == pytest.approx(100 * 2 / 11)


def test_size_is_told_in_percent_of_the_equity_at_entry_where_it_is_known(trade):
    plan = ExitPlan(stop_loss=Decimal(98), take_profit=Decimal(105))
    rows = [
        trade_row(trade(quantity="-20", plan=plan), doc_id="a", equity=Decimal(8_000)),
        trade_row(trade(quantity="5"), doc_id="b", equity=None),
    ]
    table = overall_trades(TradeColumns(rows).arrays(), asked_leverage=[5, 10, 30])
    assert table["avg_size_of_trade_portfolio_pct"] == 25
    assert table["avg_stop_loss_distance_pct"] == 2
    assert table["avg_take_profit_distance_pct"] == 5
    assert (table["avg_convo_leverage"], table["median_convo_leverage"]) == (15, 10)
