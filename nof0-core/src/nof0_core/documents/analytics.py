"""`analytics.json` and `analytics-<model>.json`: how every trader trades."""

from __future__ import annotations

from datetime import datetime

from nof0_core.analysis.exposure import Stay, exposure
from nof0_core.analysis.signal_tables import SignalLog
from nof0_core.analysis.trade_columns import KeptTrades, TradeColumns
from nof0_core.analysis.trade_row import trade_row
from nof0_core.analysis.trade_tables import (
    fee_pnl_moves,
    longs_shorts,
    overall_trades,
    winners_losers,
)
from nof0_core.documents.history import History
from nof0_core.documents.wire import Json, encode, seconds, trade_doc_id
from nof0_core.domain.view import TraderView
from nof0_core.ids import TraderId


class Analytics:
    """Builds the rows; trades are converted once, tables again only when there is news.

    It remembers of each closed trade what the tables need of it, so that the history need not keep
    for ever what equity there was at its entry.
    """

    def __init__(self, history: History) -> None:
        self._history = history
        self._trades: dict[TraderId, TradeColumns] = {}
        self._rows: dict[TraderId, tuple[object, bytes]] = {}

    def keep(self) -> dict[TraderId, KeptTrades]:
        """Return the trades it remembers in what can be written down."""
        return {trader: trades.keep() for trader, trades in self._trades.items()}

    def take(self, kept: dict[TraderId, KeptTrades]) -> None:
        """Take over what `keep` has returned, into a new one.

        Raises:
            ValueError: it is something else.
        """
        self._trades = {trader: TradeColumns.of(trades) for trader, trades in kept.items()}

    def row(self, view: TraderView, now: datetime, *, force: bool = False) -> bytes:
        """Write the row of one trader.

        It is `updated_at` the time of the view in which something new was found: a cycle, a closed
        trade, another position; with `force` at `now`, news or none.
        """
        log = self._history.signal_log(view.trader)
        held = tuple((holding.symbol, holding.quantity) for holding in view.account.holdings)
        key = (log.invocations, len(view.trades), held)
        known = self._rows.get(view.trader)
        if known is None or known[0] != key or force:
            known = (key, encode(self._build(view, log, now)))
            self._rows[view.trader] = known
        return known[1]

    def _build(self, view: TraderView, log: SignalLog, now: datetime) -> Json:
        trades = self._trades_of(view)
        arrays = trades.arrays()
        last_exit, last_doc_id = trades.last or (None, None)
        spoke = log.newest
        held = _held(view, now)
        coins = log.symbols | trades.symbols | {stay.symbol for stay in held}
        exposed = exposure(
            [*trades.stays(), *held],
            coins=len(coins),
            start=seconds(view.started_at),
            end=seconds(now),
        )
        return {
            "id": view.trader,
            "model_id": view.trader,
            "updated_at": seconds(now),
            "fee_pnl_moves_breakdown_table": fee_pnl_moves(arrays),
            "winners_losers_breakdown_table": winners_losers(arrays),
            "signals_breakdown_table": log.signals(exposed),
            "last_trade_exit_time": last_exit,
            "invocation_breakdown_table": log.invocation_table(),
            "longs_shorts_breakdown_table": longs_shorts(arrays),
            "last_convo_doc_id": None if spoke is None else f"{view.trader}_{spoke}",
            "last_convo_timestamp": spoke,
            "overall_trades_overview_table": overall_trades(
                arrays, asked_leverage=log.asked_leverage
            ),
            "last_trade_doc_id": last_doc_id,
        }

    def _trades_of(self, view: TraderView) -> TradeColumns:
        """Convert the trades that closed since the last time."""
        trades = self._trades.get(view.trader) or TradeColumns()
        for trade in view.trades[len(trades) :]:
            self._trades[view.trader] = trades
            equity = self._history.equity_at(trade.trader, trade.entry.trade_id)
            trades.add(trade_row(trade, doc_id=trade_doc_id(trade), equity=equity))
        entries = {holding.entry_order_id for holding in view.account.holdings}
        self._history.forget_entries(view.trader, but=entries)
        return trades


def _held(view: TraderView, now: datetime) -> list[Stay]:
    return [
        Stay(
            symbol=holding.symbol,
            is_long=holding.is_long,
            start=seconds(holding.opened_at),
            end=seconds(now),
        )
        for holding in view.account.holdings
    ]
