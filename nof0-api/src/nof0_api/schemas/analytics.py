"""The six tables of analytics. All numbers; zero where there is nothing to count."""

from __future__ import annotations

from msgspec import Struct


class FeesAndMoves(Struct, kw_only=True):
    """Fees and profit of closed trades, USD."""

    avg_gross_pnl: float
    avg_net_pnl: float
    avg_taker_fee: float
    biggest_net_gain: float
    biggest_net_loss: float
    overall_pnl_with_fees: float
    overall_pnl_without_fees: float
    std_gross_pnl: float
    std_net_pnl: float
    std_taker_fee: float
    total_fees_as_pct_of_pnl: float
    total_fees_paid: float


class WinnersAndLosers(Struct, kw_only=True):
    """Winning against losing trades: USD, minutes, percent."""

    avg_losers_holding_period: float
    avg_losers_net_pnl: float
    avg_losers_notional: float
    avg_winners_holding_period: float
    avg_winners_net_pnl: float
    avg_winners_notional: float
    std_losers_holding_period: float
    std_losers_net_pnl: float
    std_losers_notional: float
    std_winners_holding_period: float
    std_winners_net_pnl: float
    std_winners_notional: float
    win_rate: float


class Signals(Struct, kw_only=True):
    """What was signalled, and minutes spent long, short and flat."""

    avg_confidence: float
    avg_confidence_close: float
    avg_confidence_hold: float
    avg_confidence_long: float
    avg_confidence_short: float
    avg_leverage: float
    avg_leverage_long: float
    avg_leverage_short: float
    close_signal_pct: float
    hold_signal_pct: float
    long_short_ratio: float
    long_signal_pct: float
    median_confidence: float
    median_leverage: float
    mins_flat_combined: float
    mins_long_combined: float
    mins_short_combined: float
    num_close_signals: int
    num_hold_signals: int
    num_long_signals: int
    num_short_signals: int
    pct_mins_flat_combined: float
    pct_mins_long_combined: float
    pct_mins_short_combined: float
    short_signal_pct: float
    std_confidence: float
    std_confidence_close: float
    std_confidence_hold: float
    std_confidence_long: float
    std_confidence_short: float
    std_leverage: float
    std_leverage_long: float
    std_leverage_short: float
    total_signals: int


class Invocations(Struct, kw_only=True):
    """How often the model was asked, and the minutes between."""

    avg_invocation_break_mins: float
    max_invocation_break_mins: float
    min_invocation_break_mins: float
    num_invocations: int
    std_invocation_break_mins: float


class LongsAndShorts(Struct, kw_only=True):
    """Long against short trades: USD and minutes."""

    avg_longs_holding_period: float
    avg_longs_net_pnl: float
    avg_longs_notional: float
    avg_shorts_holding_period: float
    avg_shorts_net_pnl: float
    avg_shorts_notional: float
    long_short_trades_ratio: float
    num_long_trades: int
    num_short_trades: int
    std_longs_holding_period: float
    std_longs_net_pnl: float
    std_longs_notional: float
    std_shorts_holding_period: float
    std_shorts_net_pnl: float
    std_shorts_notional: float


class TradesOverview(Struct, kw_only=True):
    """All closed trades: USD, minutes, percent, leverage."""

    avg_convo_leverage: float
    avg_holding_period_mins: float
    avg_size_of_trade_notional: float
    avg_size_of_trade_portfolio_pct: float
    avg_stop_loss_distance_pct: float
    avg_take_profit_distance_pct: float
    median_convo_leverage: float
    median_holding_period_mins: float
    median_size_of_trade_notional: float
    std_holding_period_mins: float
    std_size_of_trade_notional: float
    std_size_of_trade_portfolio_pct: float
    total_trades: int


class Analytics(Struct, kw_only=True):
    """The analytics of one model; times in seconds, null before the first trade or cycle."""

    id: str
    model_id: str
    updated_at: float
    last_trade_exit_time: float | None
    last_trade_doc_id: str | None
    last_convo_timestamp: float | None
    last_convo_doc_id: str | None
    fee_pnl_moves_breakdown_table: FeesAndMoves
    winners_losers_breakdown_table: WinnersAndLosers
    signals_breakdown_table: Signals
    invocation_breakdown_table: Invocations
    longs_shorts_breakdown_table: LongsAndShorts
    overall_trades_overview_table: TradesOverview
