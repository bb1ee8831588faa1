"""How numbers, times and names are written in the API's files.

Money leaves the exact world here: JSON has only floats, and the API's readers draw charts with
them. Nothing is ever read back from these files into a ledger.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from nof0_core.domain.position import ExitPlan
from nof0_core.domain.trade import ClosedTrade
from nof0_core.ids import derived_uuid

Json = dict[str, Any]

_ENCODER = msgspec.json.Encoder()


def encode(value: object) -> bytes:
    """Write JSON, compact, in the order of the keys; NaN and infinity become null."""
    return _ENCODER.encode(value)


def number(value: Decimal) -> float:
    """Write an amount as the nearest float."""
    return float(value)


def number_or_null(value: Decimal | None) -> float | None:
    """Write an amount that may be unknown."""
    return None if value is None else float(value)


def fraction(confidence: float) -> float:
    """Write a confidence of 0–100 as 0–1."""
    return confidence / 100


def seconds(moment: datetime) -> float:
    """Write a time as seconds since 1970 UTC."""
    return moment.timestamp()


def human_time(moment: datetime) -> str:
    """Write a time as `YYYY-MM-DD HH:MM:SS.ffffff`, UTC."""
    return f"{moment:%Y-%m-%d %H:%M:%S.%f}"


def exit_plan(plan: ExitPlan) -> Json:
    """Write when a trader means to get out; null where it has no such exit."""
    return {
        "profit_target": number_or_null(plan.take_profit),
        "stop_loss": number_or_null(plan.stop_loss),
        "invalidation_condition": plan.invalidation_condition,
    }


def trade_doc_id(trade: ClosedTrade) -> str:
    """Derive the `id` of a trade, `<model>_<uuid>`; the same trade always gets the same one."""
    parts = (
        "trade",
        trade.trader,
        trade.symbol,
        trade.entry.trade_id,
        trade.exit.trade_id,
        trade.entry.time.isoformat(),
        trade.exit.time.isoformat(),
    )
    return f"{trade.trader}_{derived_uuid(*parts)}"
