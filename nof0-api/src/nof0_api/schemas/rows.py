"""The rows of the answers. Times are seconds since 1970 UTC unless a name says otherwise."""

from __future__ import annotations

from typing import Literal

from msgspec import UNSET, Struct, UnsetType

Side = Literal["long", "short"]
ExitWord = Literal["close", "stop", "target", "unprotected", "liquidation", "flatten", "manual"]


class ExitPlan(Struct, kw_only=True):
    """When a position is to be left; null where there is no such exit."""

    profit_target: float | None
    stop_loss: float | None
    invalidation_condition: str


class Position(Struct, kw_only=True):
    """One open position. USD and coins; `quantity` is negative when short.

    `confidence` is 0 to 1. `tp_oid` and `sl_oid` are -1 where there is no such order. `closed_pnl`
    is what was realised so far after fees and funding. A venue's id that is no number below 2^53 is
    told by the first 52 bits of its SHA-256, and as it is under `*_ref`.
    """

    entry_oid: int
    risk_usd: float
    confidence: float
    index_col: None
    exit_plan: ExitPlan
    entry_time: float
    symbol: str
    entry_price: float
    tp_oid: int
    margin: float
    wait_for_fill: bool
    sl_oid: int
    oid: int
    current_price: float
    closed_pnl: float
    liquidation_price: float | None
    commission: float
    leverage: float
    slippage: float
    quantity: float
    unrealized_pnl: float
    entry_oid_ref: str | UnsetType = UNSET
    tp_oid_ref: str | UnsetType = UNSET
    sl_oid_ref: str | UnsetType = UNSET
    oid_ref: str | UnsetType = UNSET


class AccountTotal(Struct, kw_only=True):
    """One account in one hour since it began; `*_pct` in percent, `sharpe_ratio` per day.

    `cum_pnl_pct` is profit on the initial equity, `return_pct` time-weighted.
    """

    id: str
    model_id: str
    timestamp: float
    dollar_equity: float
    realized_pnl: float
    total_unrealized_pnl: float
    cum_pnl_pct: float
    sharpe_ratio: float
    since_inception_hourly_marker: int
    since_inception_minute_marker: int
    margin_used_pct: float
    return_pct: float
    positions: dict[str, Position]


class HeldPositions(Struct, kw_only=True):
    """What one model holds, by symbol."""

    model_id: str
    positions: dict[str, Position]


class Price(Struct, kw_only=True):
    """The newest price of a coin, USD; `timestamp` in milliseconds."""

    symbol: str
    price: float
    timestamp: int


class LeaderboardRow(Struct, kw_only=True):
    """How one model did. `*_ci` are 95 % bootstrap intervals, null while there is too little.

    `cycles` are those in which the model was asked, `usable_answers` those of them whose answer
    could be used. `unranked_reason` says which quality gates it misses, null for who is ranked;
    those who are not come last. `status` is the word of the status, `color` (`#rrggbb`) null where
    none is configured. `is_settled` is
    null while nobody reckons whether the difference to the next row is more than chance.
    """

    id: str
    num_trades: int
    sharpe: float
    win_dollars: float
    num_losses: int
    lose_dollars: float
    return_pct: float
    equity: float
    num_wins: int
    return_pct_ci: list[float] | None
    sharpe_ci: list[float] | None
    is_baseline: bool
    beats_baseline_p: float | None
    name: str
    color: str | None
    status: str
    usable_answers: int
    cycles: int
    unranked_reason: str | None
    is_settled: bool | None


class SinceInceptionValue(Struct, kw_only=True):
    """What an account began with."""

    id: str
    model_id: str
    nav_since_inception: float
    inception_date: float
    num_invocations: int


class Liquidation(Struct, kw_only=True):
    """Why the venue closed a position."""

    reason: str


class Trade(Struct, kw_only=True):
    """One closed trade. USD and coins; `quantity` is signed, `*_sz` are not.

    `*_human_time` is `YYYY-MM-DD HH:MM:SS.ffffff`, UTC. `realized_net_pnl` is after fees and
    funding. `exit_reason` is what the journal says closed it, `manual` for no order of nof0's;
    exports of an earlier version and recordings of other arenas do not have it. A venue's id that
    is no number below 2^53 is told by the first 52 bits of its SHA-256, and as it is under `*_ref`.
    """

    id: str
    model_id: str
    symbol: str
    side: Side
    trade_type: Side
    trade_id: str
    quantity: float
    leverage: float
    confidence: float
    exit_plan: ExitPlan
    entry_price: float
    entry_time: float
    entry_human_time: str
    entry_sz: float
    entry_tid: int
    entry_oid: int
    entry_crossed: bool
    entry_liquidation: Liquidation | None
    entry_commission_dollars: float
    entry_closed_pnl: float
    exit_price: float
    exit_time: float
    exit_human_time: str
    exit_sz: float
    exit_tid: int
    exit_oid: int
    exit_crossed: bool
    exit_liquidation: Liquidation | None
    exit_commission_dollars: float
    exit_closed_pnl: float
    realized_gross_pnl: float
    realized_net_pnl: float
    total_commission_dollars: float
    exit_reason: ExitWord | UnsetType = UNSET
    entry_tid_ref: str | UnsetType = UNSET
    entry_oid_ref: str | UnsetType = UNSET
    exit_tid_ref: str | UnsetType = UNSET
    exit_oid_ref: str | UnsetType = UNSET


class ChatMessage(Struct, kw_only=True):
    """One message to or from a model."""

    role: str
    content: str
    timestamp: float


class Signal(Struct, kw_only=True):
    """What a model decided about one coin; null where it gave no number."""

    signal: str
    leverage: float | None
    profit_target: float | None
    stop_loss: float | None
    risk_usd: float | None
    invalidation_condition: str
    confidence: float | None
    quantity: float | None


class Reason(Struct, kw_only=True):
    """What a check of the risk gate said: a short stable word, and a sentence with numbers."""

    code: str
    message: str


class Verdict(Struct, kw_only=True):
    """What became of one decision.

    `size_usd` and `leverage` are those approved, null for all but approved entries. `reasons` says
    why it was refused, or what was cut.
    """

    symbol: str
    signal: str
    is_approved: bool
    size_usd: float | None
    leverage: float | None
    reasons: list[Reason]


class Conversation(Struct, kw_only=True):
    """One decision cycle of a model.

    `status` is how it ended: `ok`, else the word of what failed; empty where an earlier version
    wrote it.
    """

    model_id: str
    messages: list[ChatMessage]
    timestamp: float
    inserted_at: float
    cot_trace_summary: str
    summary: str
    user_prompt: str
    cot_trace: str
    llm_response: dict[str, Signal]
    verdicts: list[Verdict] = []
    status: str = ""


class CandleSeries(Struct, kw_only=True):
    """Closed bars of one coin, oldest first; `market` is the section they come from.

    A bar is a list of open time (s), open, high, low, close, volume in coins and, where the
    exporter keeps them, an object of indicators by name. Bars that nobody was shown are missing.
    """

    market: str
    symbol: str
    interval: str
    bars: list[list[float | dict[str, float]]]
