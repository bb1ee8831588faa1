"""What traders paid in fees, from the documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def fees_paid(
    analytics: Sequence[Mapping[str, Any]],
    trades: Sequence[Mapping[str, Any]],
    positions: Sequence[Mapping[str, Any]],
) -> dict[str, float]:
    """Add up the fees of closed trades and those of open positions, by model, in USD.

    A position that was closed in part has some of its fees in closed trades already.
    """
    fees = {
        row["id"]: float(row["fee_pnl_moves_breakdown_table"]["total_fees_paid"])
        for row in analytics
    }
    for row in positions:
        for position in row["positions"].values():
            booked = sum(
                trade["total_commission_dollars"]
                for trade in trades
                if trade["model_id"] == row["model_id"]
                and trade["entry_oid"] == position["entry_oid"]
                and trade["symbol"] == position["symbol"]
            )
            fees[row["model_id"]] = fees.get(row["model_id"], 0.0) + position["commission"] - booked
    return fees
