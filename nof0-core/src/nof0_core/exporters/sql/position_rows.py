"""Rows of positions, each from flat to flat, made of the trades that close parts of it."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import msgspec

from nof0_core.domain.trade import ClosedTrade
from nof0_core.exporters.sql.rows import Rows
from nof0_core.ids import TraderId
from nof0_core.ledger.position import Position
from nof0_core.money import EXACT, ZERO


class Stay(msgspec.Struct):
    """A position so far: its largest size, and the sums of what was closed of it."""

    trade_id: str
    provider_id: str
    side: str
    size: Decimal
    entry_price: Decimal
    opened_at: datetime
    closed: Decimal = ZERO
    entered_usd: Decimal = ZERO
    left_usd: Decimal = ZERO
    gross: Decimal = ZERO
    fees: Decimal = ZERO
    funding: Decimal = ZERO
    reason: str = ""


def trade_id_of(trader: str, symbol: str, entry_trade_id: str) -> str:
    """Return what names a position: its trader, its coin, and the fill that opened it."""
    return f"{trader}/{symbol}/{entry_trade_id}"


class PositionRows:
    """Remembers the positions that are open, by trader's trade id."""

    def __init__(self) -> None:
        self.open: dict[str, Stay] = {}

    def book(
        self,
        trader: TraderId,
        before: Position | None,
        after: Position | None,
        closed: ClosedTrade | None,
        time: datetime,
        rows: Rows,
    ) -> None:
        """Write what a fill has made of a position.

        Args:
            trader: whose it is.
            before: the position before the fill, None for none.
            after: the position after it, None for none; another one where the fill turned it.
            closed: the part of `before` that the fill closed.
            time: of the fill.
            rows: where rows go.
        """
        if before is not None and closed is not None:
            stay = self._of(before)
            _close(stay, closed)
            is_over = after is None or after.entry_trade_id != before.entry_trade_id
            if is_over:
                del self.open[stay.trade_id]
            self._put(trader, before.symbol, stay, None if is_over else after, time, rows)
        if after is not None and (closed is None or after.entry_trade_id != _id_of(before)):
            self._put(trader, after.symbol, self._of(after), after, time, rows)

    def _of(self, position: Position) -> Stay:
        key = trade_id_of(position.trader, position.symbol, position.entry_trade_id)
        stay = self.open.get(key)
        if stay is None:
            stay = self.open[key] = Stay(
                trade_id=key,
                provider_id=position.venue_account,
                side="long" if position.is_long else "short",
                size=ZERO,
                entry_price=position.entry_price,
                opened_at=position.opened_at,
            )
        whole = EXACT.add(abs(position.quantity), ZERO)
        stay.size = max(stay.size, whole)
        return stay

    def _put(
        self,
        trader: TraderId,
        symbol: str,
        stay: Stay,
        now: Position | None,
        time: datetime,
        rows: Rows,
    ) -> None:
        """Write a position; `now` is what is left of it, None where it is over."""
        if now is not None:
            stay.size = max(stay.size, abs(now.quantity))
            stay.entry_price = now.entry_price
        elif stay.closed:
            stay.entry_price = EXACT.divide(stay.entered_usd, stay.closed)
        fees = EXACT.add(stay.fees, now.entry_fees) if now is not None else stay.fees
        funding = EXACT.add(stay.funding, now.open_funding) if now is not None else stay.funding
        net = EXACT.add(EXACT.subtract(stay.gross, stay.fees), stay.funding)
        rows.put(
            "trader_positions",
            trade_id=stay.trade_id,
            trader_id=trader,
            provider_id=stay.provider_id,
            symbol=symbol,
            side=stay.side,
            size=stay.size,
            entry_price=stay.entry_price,
            exit_price=EXACT.divide(stay.left_usd, stay.closed) if stay.closed else None,
            pnl=net if now is None else None,
            gross_pnl=stay.gross if now is None or stay.closed else None,
            fees=fees,
            funding=funding,
            exit_reason=stay.reason or None,
            opened_at=stay.opened_at,
            closed_at=time if now is None else None,
        )


def _close(stay: Stay, trade: ClosedTrade) -> None:
    size = abs(trade.quantity)
    stay.closed = EXACT.add(stay.closed, size)
    stay.entered_usd = EXACT.add(stay.entered_usd, EXACT.multiply(size, trade.entry.price))
    stay.left_usd = EXACT.add(stay.left_usd, EXACT.multiply(size, trade.exit.price))
    stay.gross = EXACT.add(stay.gross, trade.gross_pnl)
    stay.fees = EXACT.add(stay.fees, trade.fees)
    stay.funding = EXACT.add(stay.funding, trade.funding)
    stay.reason = trade.reason.value


def _id_of(position: Position | None) -> str | None:
    return None if position is None else position.entry_trade_id
