"""What a sweep keeps of one trader's backtest."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np

from nof0_core.analysis.returns import NO_SPREAD, hourly_returns
from nof0_core.backtest.result import TraderResult
from nof0_core.domain.candles import FloatArray
from nof0_core.money import exactly, plain

AMOUNTS = ("capital", "equity", "realized_pnl", "fees", "funding", "inference_usd")
"""Exact decimals as text, in USD."""
NUMBERS = (
    "return_pct",
    "net_return_pct",
    "sharpe_daily",
    "max_drawdown_pct",
    "exposure_pct",
    "trades",
    "win_rate_pct",
    "decided_cycles",
    "usable_answers",
    "hours",
    "sharpe_hourly",
    "skewness",
    "kurtosis",
    "autocorrelation",
)
"""Percentages x100; the last five describe the hourly returns, as significance needs them."""


@exactly
def trader_figures(one: TraderResult) -> dict[str, Any]:
    """Return them in what JSON has.

    `net_return_pct` is the return less what models cost, in percent of the capital. `kurtosis` is 3
    for a normal distribution.
    """
    figures, account = one.figures, one.account
    cost = 100 * one.inference_usd / one.capital if one.capital else Decimal(0)
    return {
        "trader": str(one.trader),
        "name": one.name,
        "model": one.model,
        "is_baseline": one.is_baseline,
        "capital": plain(one.capital),
        "equity": plain(account.equity),
        "realized_pnl": plain(account.realized_pnl),
        "fees": plain(account.fees),
        "funding": plain(account.funding),
        "inference_usd": plain(one.inference_usd),
        "return_pct": figures.return_pct,
        "net_return_pct": figures.return_pct - float(cost),
        "sharpe_daily": figures.sharpe,
        "max_drawdown_pct": one.max_drawdown_pct,
        "exposure_pct": one.exposure_pct,
        "trades": len(one.trades),
        "win_rate_pct": figures.win_rate if one.trades else None,
        "decided_cycles": figures.cycles,
        "usable_answers": figures.usable_answers,
        **_shape(hourly_returns(_full_hours(one))),
    }


def _full_hours(one: TraderResult) -> list[Any]:
    return [point for point in one.curve if not (point.time.minute or point.time.second)]


def _shape(returns: FloatArray) -> dict[str, Any]:
    """Return count, Sharpe ratio, third and fourth moment and first autocorrelation."""
    found: dict[str, Any] = dict.fromkeys(NUMBERS[-5:])
    found["hours"] = len(returns)
    spread = float(np.std(returns, ddof=1)) if len(returns) > 1 else 0.0
    if spread <= NO_SPREAD:
        return found
    away = returns - returns.mean()
    scale = float(np.mean(away**2))
    return found | {
        "sharpe_hourly": float(returns.mean()) / spread,
        "skewness": float(np.mean(away**3)) / scale**1.5,
        "kurtosis": float(np.mean(away**4)) / scale**2,
        "autocorrelation": float(np.mean(away[1:] * away[:-1])) / scale,
    }
