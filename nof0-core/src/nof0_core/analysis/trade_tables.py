"""The four analytics tables that follow from closed trades alone.

Each function takes `TradeArrays` (`TradeColumns.arrays`) and returns one table with exactly the
keys of the public arena's API. Amounts in USD, holding periods in minutes, percentages x100. All
standard deviations are sample ones (n - 1), and 0 with fewer than 2 trades.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np
import numpy.typing as npt

from nof0_core.analysis.statistic import deviation, mean, median, total
from nof0_core.domain.candles import FloatArray

Table = dict[str, float]


@attrs.frozen(kw_only=True, eq=False)
class TradeArrays:
    """The columns of n trades, each of shape (n,), in the order of the trades.

    The last three hold the known values only and may be shorter.
    """

    net: FloatArray
    gross: FloatArray
    fees: FloatArray
    notional: FloatArray
    holding_mins: FloatArray
    is_long: npt.NDArray[np.bool_]
    portfolio_pct: FloatArray
    stop_distance_pct: FloatArray
    target_distance_pct: FloatArray


def fee_pnl_moves(trades: TradeArrays) -> Table:
    """Build `fee_pnl_moves_breakdown_table`: profit, fees and extremes.

    `biggest_net_loss` is at most 0 and `biggest_net_gain` at least 0. `std_taker_fee` is the
    deviation of the fees per trade; the arena's own figure follows no definition that was found.
    """
    net = total(trades.net)
    fees = total(trades.fees)
    return {
        "overall_pnl_with_fees": net,
        "overall_pnl_without_fees": total(trades.gross),
        "total_fees_paid": fees,
        "total_fees_as_pct_of_pnl": 100 * fees / net if net > 0 else 0.0,
        "avg_taker_fee": mean(trades.fees),
        "std_taker_fee": deviation(trades.fees),
        "avg_net_pnl": mean(trades.net),
        "std_net_pnl": deviation(trades.net),
        "avg_gross_pnl": mean(trades.gross),
        "std_gross_pnl": deviation(trades.gross),
        "biggest_net_gain": float(trades.net.max(initial=0.0)),
        "biggest_net_loss": float(trades.net.min(initial=0.0)),
    }


def winners_losers(trades: TradeArrays) -> Table:
    """Build `winners_losers_breakdown_table`; a winner has a net profit above 0."""
    won = trades.net > 0
    table = {"win_rate": 100 * mean(won)}
    for name, chosen in (("winners", won), ("losers", ~won)):
        table |= _group(trades, name, chosen)
    return table


def longs_shorts(trades: TradeArrays) -> Table:
    """Build `longs_shorts_breakdown_table`; the ratio is longs / (longs + shorts)."""
    longs = trades.is_long
    table = {
        "num_long_trades": int(longs.sum()),
        "num_short_trades": int((~longs).sum()),
        "long_short_trades_ratio": mean(longs),
    }
    for name, chosen in (("longs", longs), ("shorts", ~longs)):
        table |= _group(trades, name, chosen)
    return table


def overall_trades(trades: TradeArrays, *, asked_leverage: Sequence[float] | FloatArray) -> Table:
    """Build `overall_trades_overview_table`.

    `asked_leverage` is what the model asked for in its entries. Averages of percentages are over
    the trades for which they are known.
    """
    return {
        "total_trades": int(trades.net.size),
        "avg_holding_period_mins": mean(trades.holding_mins),
        "median_holding_period_mins": median(trades.holding_mins),
        "std_holding_period_mins": deviation(trades.holding_mins),
        "avg_size_of_trade_notional": mean(trades.notional),
        "median_size_of_trade_notional": median(trades.notional),
        "std_size_of_trade_notional": deviation(trades.notional),
        "avg_size_of_trade_portfolio_pct": mean(trades.portfolio_pct),
        "std_size_of_trade_portfolio_pct": deviation(trades.portfolio_pct),
        "avg_convo_leverage": mean(asked_leverage),
        "median_convo_leverage": median(asked_leverage),
        "avg_stop_loss_distance_pct": mean(trades.stop_distance_pct),
        "avg_take_profit_distance_pct": mean(trades.target_distance_pct),
    }


def _group(trades: TradeArrays, name: str, chosen: npt.NDArray[np.bool_]) -> Table:
    """Describe one half of the trades: net profit, notional and holding period."""
    columns = (
        ("net_pnl", trades.net),
        ("notional", trades.notional),
        ("holding_period", trades.holding_mins),
    )
    table: Table = {}
    for column, values in columns:
        table[f"avg_{name}_{column}"] = mean(values[chosen])
        table[f"std_{name}_{column}"] = deviation(values[chosen])
    return table
