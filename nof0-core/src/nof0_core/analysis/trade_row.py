"""A closed trade as the statistics see it: plain floats, whatever it came from."""

from __future__ import annotations

from decimal import Decimal

import attrs

from nof0_core.domain.trade import ClosedTrade


@attrs.frozen(kw_only=True)
class TradeRow:
    """One closed trade.

    Times are seconds since 1970 UTC, money in USD, `quantity` signed in coins, `net_pnl` after
    `fees` (entry and exit) and funding. The percentages are None where they are not known:
    `portfolio_pct` is the notional in percent of the equity at entry, the distances are those of
    stop and target from the entry price.
    """

    doc_id: str
    symbol: str
    quantity: float
    entry_price: float
    entry_time: float
    exit_time: float
    gross_pnl: float
    net_pnl: float
    fees: float
    portfolio_pct: float | None = None
    stop_distance_pct: float | None = None
    target_distance_pct: float | None = None

    @property
    def notional(self) -> float:
        """Return the absolute value at entry, in USD."""
        return self.entry_price * abs(self.quantity)


def trade_row(trade: ClosedTrade, *, doc_id: str, equity: Decimal | None) -> TradeRow:
    """Turn a trade of the ledger into a row; `equity` is the trader's at entry, None if unknown."""
    entry = trade.entry.price
    notional = entry * abs(trade.quantity)
    return TradeRow(
        doc_id=doc_id,
        symbol=trade.symbol,
        quantity=float(trade.quantity),
        entry_price=float(entry),
        entry_time=trade.entry.time.timestamp(),
        exit_time=trade.exit.time.timestamp(),
        gross_pnl=float(trade.gross_pnl),
        net_pnl=float(trade.net_pnl),
        fees=float(trade.fees),
        portfolio_pct=float(100 * notional / equity) if equity and equity > 0 else None,
        stop_distance_pct=_distance_pct(entry, trade.exit_plan.stop_loss),
        target_distance_pct=_distance_pct(entry, trade.exit_plan.take_profit),
    )


def _distance_pct(entry: Decimal, exit_price: Decimal | None) -> float | None:
    return None if exit_price is None or not entry else float(100 * abs(exit_price - entry) / entry)
