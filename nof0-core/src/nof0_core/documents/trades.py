"""`trades.json`: the newest closed trades of every trader."""

from __future__ import annotations

from collections import deque

from nof0_core.documents.pieces import Part, Piece, Sheet
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

PIECE_TRADES = 4
"""Trades of a trader that make a piece; its newest stay in the main file."""
KEPT = 1
"""The least that the main file has of a trader, once there are so many."""


class TradeFile:
    """The rows as they are written, at most 100 per trader; only new trades cost anything.

    Where pieces end depends on the number of a trade among its trader's.
    """

    def __init__(self) -> None:
        self._newest: dict[TraderId, list[bytes]] = {}
        self._pieces: dict[TraderId, deque[Piece]] = {}
        self._seen: dict[TraderId, int] = {}

    def update(self, view: View) -> None:
        """Take over trades that closed since the last view."""
        for trader in view.traders:
            newest = self._newest.setdefault(trader.trader, [])
            pieces = self._pieces.setdefault(trader.trader, deque())
            seen = self._seen.get(trader.trader, 0)
            first = (len(trader.trades) - PER_TRADER) // PIECE_TRADES * PIECE_TRADES
            if first > seen:
                newest.clear()
                pieces.clear()
            for trade in trader.trades[max(seen, first) :]:
                newest.insert(0, encode(trade_row(trade)))
                if len(newest) == PIECE_TRADES + KEPT:
                    pieces.appendleft(Piece.of("trades", "trades", newest[KEPT:]))
                    del newest[KEPT:]
            while len(newest) + PIECE_TRADES * (len(pieces) - 1) >= PER_TRADER:
                pieces.pop()
            self._seen[trader.trader] = len(trader.trades)

    def sheet(self, view: View) -> Sheet:
        """Return what is to be written: traders in configuration order, newest exit first."""
        rows: list[bytes] = []
        layout: list[Part] = []
        pieces: list[Piece] = []
        for trader in view.traders:
            newest = self._newest.get(trader.trader, [])
            rows += newest
            if newest:
                layout.append(Part(len(newest)))
            room = PER_TRADER - len(newest)
            for piece in self._pieces.get(trader.trader, ()):
                layout.append(piece.part(rows=min(room, PIECE_TRADES)))
                pieces.append(piece)
                room -= PIECE_TRADES
        if not pieces:
            return Sheet(rows=rows)
        names = [piece.name for piece in pieces]
        return Sheet(rows=rows, layout=layout, pieces=pieces, names=names)


def trade_row(trade: ClosedTrade) -> Json:
    """Write one trade with the 33 keys of the arena, and what closed it.

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
        "exit_reason": trade.reason.value,
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
