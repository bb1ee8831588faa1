"""How well an account did: Sharpe ratio, drawdown, win rate.

The functions take whole histories. `PerformanceTracker` gives the same numbers, bit for bit, while
histories grow: each entry is looked at once, when it is added.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

import msgspec

from nof0_core.analysis.returns import Spread, daily_sharpe, hourly_returns, period_return
from nof0_core.domain.account import AccountState
from nof0_core.domain.context import Performance
from nof0_core.domain.trade import ClosedTrade
from nof0_core.domain.view import EquityPoint
from nof0_core.money import EXACT, ONE


def sharpe_ratio(points: Sequence[EquityPoint], *, risk_free: float = 0.0) -> float:
    """Compute the Sharpe ratio of an hourly equity curve on a daily scale.

    (mean - risk_free) / sample standard deviation of time-weighted hourly returns, x √24. 0 with
    fewer than 2 returns. `risk_free` is a fraction per hour.
    """
    return daily_sharpe(hourly_returns(points), risk_free=risk_free)


def max_drawdown_pct(points: Sequence[EquityPoint]) -> float:
    """Find the largest loss from a peak, in percent of the peak, positive.

    Measured on what one dollar would have become, so moving capital is no loss. The dollar starts
    when the first capital came in: a curve that has lost at its first point begins with a
    drawdown.
    """
    slide = _Slide()
    for point in points:
        slide.add(point)
    return slide.worst_pct


def win_rate(trades: Iterable[ClosedTrade]) -> float:
    """Return the percentage of trades with a net profit above 0, 0 without trades."""
    won = [trade.net_pnl > 0 for trade in trades]
    return 100 * sum(won) / len(won) if won else 0.0


def performance(
    trades: Sequence[ClosedTrade],
    curve: Sequence[EquityPoint],
    account: AccountState | None,
    cycles: int,
) -> Performance:
    """Sum up a trader's record.

    Args:
        trades: closed trades, in any order.
        curve: hourly equity, oldest first.
        account: the account now; its equity counts for the drawdown and its profit, open
            positions included, is `total_pnl`. None: `total_pnl` is that of the closed trades.
        cycles: number of decision cycles so far.
    """
    tracker = PerformanceTracker()
    for point in curve:
        tracker.add_point(point)
    for trade in trades:
        tracker.book(trade)
    return tracker.performance(account, cycles)


class _Slide:
    """Growth of one dollar and the largest fall from its peak."""

    def __init__(self) -> None:
        self.peak = ONE
        self.worst_pct = 0.0
        self.last: EquityPoint | None = None

    def add(self, point: EquityPoint) -> None:
        self.peak = max(self.peak, point.index)
        self.worst_pct = max(self.worst_pct, self.fall_pct(point.index))
        self.last = point

    def fall_pct(self, index: Decimal) -> float:
        return 100 * (1 - float(EXACT.divide(index, self.peak)))


class KeptPerformance(msgspec.Struct):
    """A `PerformanceTracker`, written down."""

    returns: tuple[int, float, float]
    peak: Decimal
    worst_pct: float
    last: EquityPoint | None
    trades: int
    wins: int
    net: Decimal


class PerformanceTracker:
    """Keeps the running sums of one account."""

    def __init__(self) -> None:
        self._returns = Spread()
        self._slide = _Slide()
        self._trades = 0
        self._wins = 0
        self._net = Decimal(0)

    @property
    def sharpe_ratio(self) -> float:
        """Return the daily Sharpe ratio of the hours marked so far."""
        return self._returns.sharpe()

    def keep(self) -> KeptPerformance:
        """Return all of it in what can be written down."""
        return KeptPerformance(
            returns=self._returns.keep(),
            peak=self._slide.peak,
            worst_pct=self._slide.worst_pct,
            last=self._slide.last,
            trades=self._trades,
            wins=self._wins,
            net=self._net,
        )

    @classmethod
    def of(cls, kept: KeptPerformance) -> PerformanceTracker:
        """Return what `keep` was asked of."""
        made = cls()
        made._returns = Spread.of(kept.returns)
        made._slide.peak, made._slide.worst_pct = kept.peak, kept.worst_pct
        made._slide.last = kept.last
        made._trades, made._wins, made._net = kept.trades, kept.wins, kept.net
        return made

    def add_point(self, point: EquityPoint) -> None:
        """Take in the equity at one more full hour."""
        last = self._slide.last
        if last is not None and (value := period_return(last, point)) is not None:
            self._returns.add(value)
        self._slide.add(point)

    def add_still(self, point: EquityPoint, count: int) -> None:
        """Take in so many more full hours at which equity was what it was, `point` the last."""
        if point.index:
            self._returns.add_zeros(count)
        self._slide.last = point

    def begin_again(self, curve: Iterable[EquityPoint]) -> None:
        """Take in a whole curve in the place of the points so far; trades stay."""
        self._returns, self._slide = Spread(), _Slide()
        for point in curve:
            self.add_point(point)

    def book(self, trade: ClosedTrade) -> None:
        """Take in one more closed trade."""
        self._trades += 1
        self._wins += trade.net_pnl > 0
        self._net = EXACT.add(self._net, trade.net_pnl)

    def performance(self, account: AccountState | None, cycles: int) -> Performance:
        """Return what `performance` returns for all that was taken in."""
        return Performance(
            sharpe_ratio=self.sharpe_ratio,
            win_rate=100 * self._wins / self._trades if self._trades else 0.0,
            max_drawdown_pct=self._drawdown(account),
            total_pnl=account.net_realized_pnl + account.unrealized_pnl if account else self._net,
            trades=self._trades,
            cycles=cycles,
        )

    def _drawdown(self, account: AccountState | None) -> float:
        """Return the worst drawdown with the account as it is now, without keeping that."""
        slide = self._slide
        if account is None:
            return slide.worst_pct
        return max(slide.worst_pct, slide.fall_pct(account.index))
