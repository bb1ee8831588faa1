"""Histories of traders as columns of floats, each entry of which is looked at once."""

from __future__ import annotations

from array import array

import numpy as np

from nof0_core.analysis.returns import period_return
from nof0_core.domain.candles import FloatArray
from nof0_core.domain.view import EquityPoint, TraderView
from nof0_core.ids import TraderId


class HourColumns:
    """The hourly returns of one curve, and when each of those hours ended (seconds UTC).

    Hours without a return, after a ruin, are left out.
    """

    def __init__(self) -> None:
        self._forget()

    def _forget(self) -> None:
        self._returns, self._ends = array("d"), array("d")
        self._points = 0
        self._last: EquityPoint | None = None

    def take(self, view: TraderView) -> None:
        """Take in the points that are new; a curve that is another one begins anew."""
        curve = view.equity_curve
        seen = self._points
        if seen and (len(curve) < seen or curve[seen - 1] != self._last):
            self._forget()
        for place in range(self._points, len(curve)):
            point = curve[place]
            value = period_return(self._last, point) if self._last is not None else None
            if value is not None:
                self._returns.append(value)
                self._ends.append(point.time.timestamp())
            self._last = point
        self._points = len(curve)

    @property
    def returns(self) -> FloatArray:
        """Return the returns as fractions, shape (n,), oldest first."""
        return np.array(self._returns, dtype=np.float64)

    @property
    def ends(self) -> FloatArray:
        """Return when the hours of `returns` ended, shape (n,)."""
        return np.array(self._ends, dtype=np.float64)


class Columns:
    """The columns of all traders of the pictures that were looked at."""

    def __init__(self) -> None:
        self._net: dict[TraderId, array[float]] = {}
        self._hours: dict[TraderId, HourColumns] = {}

    def net(self, view: TraderView) -> FloatArray:
        """Return the net profit of each closed trade in USD, shape (n,), in their order."""
        kept = self._net.get(view.trader)
        if kept is None or len(kept) > len(view.trades):
            kept = self._net[view.trader] = array("d")
        kept.extend(float(view.trades[at].net_pnl) for at in range(len(kept), len(view.trades)))
        return np.array(kept, dtype=np.float64)

    def hours(self, view: TraderView) -> HourColumns:
        """Return the hourly returns of a trader."""
        kept = self._hours.setdefault(view.trader, HourColumns())
        kept.take(view)
        return kept
