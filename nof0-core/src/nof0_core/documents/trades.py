"""`trades.json`: the newest closed trades of every trader."""

from __future__ import annotations

from collections import deque

from nof0_core.documents.venue_ids import venue_id
from nof0_core.documents.wire import (
    Json,
    encode,
    exit_plan,
    fraction,
    human_time,
    number,
    seconds,
    trade_doc_id,
)
from nof0_core.domain.trade import ClosedTrade, TradeLeg
from nof0_core.domain.view import View
from nof0_core.ids import TraderId

PER_TRADER = 100


class TradeFile:
    """The rows as they are written, at most 100 per trader; only new trades cost anything."""

    def __init__(self) -> None:
        self._rows: dict[TraderId, deque[bytes]] = {}
        self._seen: dict[TraderId, int] = {}

    @property
    def revision(self) -> int:
        """Return a number that grows with every trade."""
        return sum(self._seen.values())

    def update(self, view: View) -> None:
        """Take over trades that closed since the last view."""
        for trader in view.traders:
            rows = self._rows.setdefault(trader.trader, deque(maxlen=PER_TRADER))
            seen = self._seen.get(trader.trader, 0)
            for trade in trader.trades[max(seen, len(trader.trades) - PER_TRADER) :]:
                rows.appendleft(encode(trade_row(trade)))
            self._seen[trader.trader] = len(trader.trades)

    def rows(self, view: View) -> list[bytes]:
        """Return the rows: traders in configuration order, within each the newest exit first."""
        return [row for trader in view.traders for row in self._rows.get(trader.trader, ())]


def trade_row(trade: ClosedTrade) -> Json:
    """Write one trade with its 33 keys.

    `entry_closed_pnl` is minus the entry fee, `exit_closed_pnl` the gross profit minus the exit
    fee; `realized_net_pnl` is their sum plus funding.
    """
    side = "long" if trade.is_long else "short"
    entry, leave = seconds(trade.entry.time), seconds(trade.exit.time)
    return {
        "id": trade_doc_id(trade),
        "model_id": trade.trader,
        "symbol": trade.symbol,
        "side": side,
        "trade_type": side,
        "trade_id": f"{entry}_{trade.symbol}_{leave}_{trade.trader}",
        "quantity": number(trade.quantity),
        "leverage": trade.leverage,
        "confidence": fraction(trade.confidence),
        "exit_plan": exit_plan(trade.exit_plan),
        **_leg(trade, trade.entry, "entry"),
        "entry_closed_pnl": number(-trade.entry.fee),
        **_leg(trade, trade.exit, "exit"),
        "exit_closed_pnl": number(trade.gross_pnl - trade.exit.fee),
        "realized_gross_pnl": number(trade.gross_pnl),
        "realized_net_pnl": number(trade.net_pnl),
        "total_commission_dollars": number(trade.fees),
    }


def _leg(trade: ClosedTrade, leg: TradeLeg, name: str) -> Json:
    return {
        f"{name}_price": number(leg.price),
        f"{name}_time": seconds(leg.time),
        f"{name}_human_time": human_time(leg.time),
        f"{name}_sz": number(abs(trade.quantity)),
        **venue_id(f"{name}_tid", leg.trade_id),
        **venue_id(f"{name}_oid", leg.venue_order_id),
        f"{name}_crossed": leg.is_taker,
        f"{name}_liquidation": {"reason": trade.reason} if leg.is_liquidation else None,
        f"{name}_commission_dollars": number(leg.fee),
    }
