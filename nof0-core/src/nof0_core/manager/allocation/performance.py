"""More capital for those who earned more for the risk they took."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from decimal import Decimal

import attrs

from nof0_core.config.fields import opt
from nof0_core.domain.view import EquityPoint
from nof0_core.ids import TraderId
from nof0_core.manager.allocation.shares import bounded_shares, handed_out
from nof0_core.money import EXACT, ZERO, decimal, exactly
from nof0_core.protocols import AllocationRequest

STEEPEST = 100.0
"""Largest exponent of a weight, so that a freak Sharpe ratio cannot overflow anything."""


@attrs.frozen(kw_only=True)
class PerformanceConfig:
    """How strongly results move capital, and how far."""

    floor_pct: Decimal = opt(
        default=Decimal(5),
        help="smallest share of a trader, of what is handed out in all",
        unit="%",
        ge=0,
        le=100,
    )
    cap_pct: Decimal = opt(
        default=Decimal(40),
        help="largest share of a trader, of what is handed out in all",
        unit="%",
        gt=0,
        le=100,
    )
    lookback: timedelta = opt(
        default=timedelta(days=7),
        help="how much of the equity curve counts",
        gt=timedelta(0),
    )
    sensitivity: float = opt(
        default=1.0,
        help="a daily Sharpe ratio better by 1/sensitivity is worth e times the capital; "
        "0: results do not matter",
        ge=0,
        le=10,
    )
    prior_hours: float = opt(
        default=150.0,
        help="hours of results that count as much as the assumption that nobody is better",
        unit="h",
        ge=0,
    )

    def __attrs_post_init__(self) -> None:
        """Refuse bounds that leave nothing between them."""
        if self.floor_pct > self.cap_pct:
            message = f"floor_pct {self.floor_pct} is above cap_pct {self.cap_pct}"
            raise ValueError(message)


@attrs.frozen
class PerformanceBased:
    """Weighs the configured shares by Sharpe ratio.

    weight = `allocation_pct` x exp(`sensitivity` x score), and
    score = daily Sharpe ratio of the hourly returns in `lookback` x n / (n + `prior_hours`)

    with n the number of those returns. The second factor is the usual shrinkage of a noisy mean
    toward 0: the error of a daily Sharpe ratio from n hours has variance 24/n, so `prior_hours` =
    24 / (variance of true daily Sharpe ratios between traders), 150 for a spread of 0.4. A trader
    without results has score 0. Shares are in proportion to weights between floor and cap and sum
    to what the configuration hands out; a better Sharpe ratio never gets less.
    """

    config: PerformanceConfig

    @exactly
    def allocate(self, request: AllocationRequest) -> Mapping[TraderId, Decimal]:
        """Return shares by performance; a trader with an `allocation_pct` of 0 gets nothing."""
        curves = {view.trader: view.equity_curve for view in request.traders}
        weights = {
            trader: EXACT.multiply(pct, self._factor(curves.get(trader, ())))
            for trader, pct in request.configured.items()
            if pct > 0
        }
        shares = bounded_shares(
            weights,
            handed_out(request),
            floor_pct=self.config.floor_pct,
            cap_pct=self.config.cap_pct,
        )
        return {trader: shares.get(trader, ZERO) for trader in request.configured}

    def score(self, curve: Sequence[EquityPoint]) -> float:
        """Return the Sharpe ratio of the newest part of an hourly curve, shrunk toward 0."""
        from nof0_core.analysis.returns import daily_sharpe, hourly_returns

        if not curve:
            return 0.0
        oldest = curve[-1].time - self.config.lookback
        returns = hourly_returns([point for point in curve if point.time >= oldest])
        count = len(returns)
        return daily_sharpe(returns) * count / (count + self.config.prior_hours) if count else 0.0

    def _factor(self, curve: Sequence[EquityPoint]) -> Decimal:
        exponent = self.config.sensitivity * self.score(curve)
        exponent = max(-STEEPEST, min(STEEPEST, exponent))
        # Decimal's exponential gives the same digits on every machine; libm's need not.
        return decimal(round(exponent, 9)).exp(EXACT)
