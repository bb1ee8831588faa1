"""`since-inception-values.json`: what every account started with."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from nof0_core.documents.wire import Json, number, seconds
from nof0_core.ids import derived_uuid


def since_inception_row(model: str, capital: Decimal, start: datetime, invocations: int) -> Json:
    """Write one account: its initial capital in USD and how often its model was asked."""
    return {
        "id": derived_uuid("since-inception", model),
        "model_id": model,
        "nav_since_inception": number(capital),
        "inception_date": seconds(start),
        "num_invocations": invocations,
    }
