"""What templates see of a trader's limits, and of what trading costs."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import attrs

from nof0_core.domain.limits import RiskLimits
from nof0_core.money import BPS, HUNDRED, decimal, plain
from nof0_core.prompts.figures import short
from nof0_core.prompts.view import View

_LIMITS = tuple(field.name for field in attrs.fields(RiskLimits) if field.name != "max_data_age")


class LimitViews:
    """Makes the views of limits; those of a trader serve until it has others."""

    def __init__(self) -> None:
        """Start empty."""
        self._kept: tuple[RiskLimits, View, View] | None = None

    def of(self, limits: RiskLimits) -> tuple[View, View]:
        """Return the views `limits` and `costs`."""
        if self._kept is None or self._kept[0] is not limits:
            self._kept = limits, _limits(limits), _costs(limits)
        return self._kept[1:]


def _limits(limits: RiskLimits) -> View:
    values: dict[str, Any] = {name: getattr(limits, name) for name in _LIMITS}
    values["min_confidence"] = short(limits.min_confidence)
    values["majors"] = tuple(sorted(limits.majors))
    return View("limits", **values, max_data_age_seconds=int(limits.max_data_age.total_seconds()))


def _costs(limits: RiskLimits) -> View:
    fee = limits.taker_fee_bps
    expected = min(limits.expected_slippage_bps, limits.slippage_bps)
    return View(
        "costs",
        fee_pct=_percent(fee),
        expected_slippage_pct=_percent(expected),
        max_slippage_pct=_percent(limits.slippage_bps),
        round_trip_pct=_percent(2 * (fee + expected)),
    )


def _percent(bps: Decimal) -> Decimal:
    return decimal(plain(HUNDRED * bps / BPS))
