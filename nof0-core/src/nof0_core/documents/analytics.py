"""`analytics.json` and `analytics-<model>.json`: how every trader trades."""

from __future__ import annotations

from datetime import datetime

from nof0_core.analysis.exposure import Stay, exposure, stays
from nof0_core.analysis.signal_tables import SignalLog
from nof0_core.analysis.trade_row import TradeRow, trade_row
from nof0_core.analysis.trade_tables import (
    TradeArrays,
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
    """Builds the rows; trades are converted once, tables again only when there is news."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._trades: dict[TraderId, list[TradeRow]] = {}
        self._rows: dict[TraderId, tuple[object, bytes]] = {}

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
        rows = self._trade_rows(view)
        arrays = TradeArrays.of(rows)
        last = max(rows, key=lambda row: row.exit_time, default=None)
        spoke = log.newest
        held = _held(view, now)
        coins = log.symbols | {row.symbol for row in rows} | {stay.symbol for stay in held}
        exposed = exposure(
            [*stays(rows), *held],
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
            "last_trade_exit_time": last.exit_time if last else None,
            "invocation_breakdown_table": log.invocation_table(),
            "longs_shorts_breakdown_table": longs_shorts(arrays),
            "last_convo_doc_id": None if spoke is None else f"{view.trader}_{spoke}",
            "last_convo_timestamp": spoke,
            "overall_trades_overview_table": overall_trades(
                arrays, asked_leverage=log.asked_leverage
            ),
            "last_trade_doc_id": last.doc_id if last else None,
        }

    def _trade_rows(self, view: TraderView) -> list[TradeRow]:
        """Convert the trades that closed since the last time."""
        rows = self._trades.setdefault(view.trader, [])
        for trade in view.trades[len(rows) :]:
            equity = self._history.equity_at(trade.trader, trade.entry.trade_id)
            rows.append(trade_row(trade, doc_id=trade_doc_id(trade), equity=equity))
        return rows


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
