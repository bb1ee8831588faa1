"""`positions.json`: what every trader holds."""

from __future__ import annotations

from collections.abc import Iterable

from nof0_core.documents.venue_ids import venue_id
from nof0_core.documents.wire import Json, exit_plan, fraction, number, number_or_null, seconds
from nof0_core.domain.position import Holding
from nof0_core.domain.view import View


def positions(view: View) -> list[Json]:
    """Build the rows in configuration order; a trader without positions has an empty mapping."""
    return [
        {"model_id": trader.trader, "positions": held(trader.account.holdings)}
        for trader in view.traders
    ]


def held(holdings: Iterable[Holding]) -> Json:
    """Write positions by symbol."""
    return {holding.symbol: position(holding) for holding in holdings}


def position(holding: Holding) -> Json:
    """Write one position with its 21 keys, and `*_oid_ref` for ids that are no integers.

    USD and coins; `quantity` negative when short. `closed_pnl` is what the position has realised so
    far after fees and funding: minus the entry fee while it is fresh. `slippage` and
    `wait_for_fill` are constant as in the arena: prices are those of fills, and only filled orders
    make positions.
    """
    return {
        **venue_id("entry_oid", holding.entry_order_id),
        "risk_usd": number(holding.risk_usd),
        "confidence": fraction(holding.confidence),
        "index_col": None,
        "exit_plan": exit_plan(holding.exit_plan),
        "entry_time": seconds(holding.opened_at),
        "symbol": holding.symbol,
        "entry_price": number(holding.entry_price),
        **venue_id("tp_oid", holding.take_profit_order_id),
        "margin": number(holding.margin),
        "wait_for_fill": False,
        **venue_id("sl_oid", holding.stop_order_id),
        **venue_id("oid", holding.entry_order_id),
        "current_price": number(holding.mark),
        "closed_pnl": number(holding.realized_pnl - holding.fees + holding.funding),
        "liquidation_price": number_or_null(holding.liquidation_price),
        "commission": number(holding.fees),
        "leverage": holding.leverage,
        "slippage": 0,
        "quantity": number(holding.quantity),
        "unrealized_pnl": number(holding.unrealized_pnl),
    }
