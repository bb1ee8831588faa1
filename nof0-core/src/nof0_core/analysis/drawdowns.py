"""The falls of an account from its peaks, one by one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import attrs

from nof0_core.domain.view import EquityPoint
from nof0_core.money import EXACT, ONE


@attrs.frozen(kw_only=True)
class Drawdown:
    """One fall from a peak, in percent of it, positive.

    `start` is when the peak was, `low` when the account was deepest below it, `end` when it was
    back (None: it is not). Capital that moved is no loss; see `max_drawdown_pct`.
    """

    pct: float
    start: datetime
    low: datetime
    end: datetime | None


def worst_drawdowns(
    points: Iterable[EquityPoint], since: datetime, count: int = 5
) -> list[Drawdown]:
    """Find the deepest falls of an equity curve, deepest first.

    Args:
        points: oldest first.
        since: when the first capital came in; the dollar starts there.
        count: how many at most.
    """
    found: list[Drawdown] = []
    falling: Drawdown | None = None
    peak, peaked = ONE, since
    for point in points:
        if point.index >= peak:
            if falling is not None:
                found.append(attrs.evolve(falling, end=point.time))
            peak, peaked, falling = point.index, point.time, None
            continue
        pct = 100 * (1 - float(EXACT.divide(point.index, peak)))
        if falling is None or pct > falling.pct:
            falling = Drawdown(pct=pct, start=peaked, low=point.time, end=None)
    if falling is not None:
        found.append(falling)
    return sorted(found, key=lambda one: (-one.pct, one.start))[:count]
