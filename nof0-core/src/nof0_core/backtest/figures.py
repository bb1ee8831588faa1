"""Figures of a finished run, all of them by `nof0_core.analysis`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import attrs

from nof0_core.analysis.drawdowns import worst_drawdowns
from nof0_core.analysis.exposure import Stay, exposure
from nof0_core.analysis.leaderboard import Leaderboard
from nof0_core.analysis.performance import max_drawdown_pct, win_rate
from nof0_core.analysis.returns import hourly_returns
from nof0_core.analysis.rolling import rolling_sharpe, rolling_window
from nof0_core.backtest.one_run import Lived
from nof0_core.backtest.result import TraderResult
from nof0_core.backtest.window import Window
from nof0_core.config.model import Config
from nof0_core.domain.trade import ClosedTrade
from nof0_core.domain.view import EquityPoint, TraderView
from nof0_core.money import exactly, plain

Row = dict[str, Any]
_INSTANT = timedelta(microseconds=1)


@exactly
def trader_results(config: Config, window: Window, lived: Lived) -> tuple[TraderResult, ...]:
    """Return the results of all traders, in the order of the ranking."""
    views = {one.trader: one for one in lived.view.traders}
    coins = {one.id: len(one.symbols) for one in config.traders}
    made = []
    for row in Leaderboard().rows(lived.view):
        view = views[row.trader]
        curve = _curve(view)
        long_pct, short_pct = _exposure(view, coins[row.trader], window)
        made.append(
            TraderResult(
                trader=row.trader,
                name=view.name,
                model=view.model,
                is_baseline=view.is_baseline,
                capital=view.initial_capital,
                account=view.account,
                figures=row,
                max_drawdown_pct=max_drawdown_pct(curve),
                exposure_pct=long_pct + short_pct,
                long_pct=long_pct,
                short_pct=short_pct,
                inference_usd=lived.log.inference_usd.get(row.trader, Decimal(0)),
                curve=tuple(curve),
                trades=tuple(view.trades),
            )
        )
    return tuple(made)


def trader_row(one: TraderResult, start: datetime) -> Row:
    """Return what the report says of a trader; amounts are texts, exact to the last digit.

    `start` is when the window began. What a trader was worth at first is `capital`; `deposited` has
    what was moved in and out since, too.
    """
    figures, account = one.figures, one.account
    return {
        "id": one.trader,
        "name": one.name,
        "model": one.model,
        "is_baseline": one.is_baseline,
        "capital": plain(one.capital),
        "deposited": plain(account.deposited),
        "equity": plain(account.equity),
        "return_pct": figures.return_pct,
        "return_pct_ci": figures.return_pct_ci,
        "sharpe_daily": figures.sharpe,
        "sharpe_daily_ci": figures.sharpe_ci,
        "max_drawdown_pct": one.max_drawdown_pct,
        "drawdowns": [_drawdown(each) for each in worst_drawdowns(one.curve, start)],
        "beats_baseline_p": figures.beats_baseline_p,
        "unranked_reason": figures.unranked_reason,
        "exposure_pct": one.exposure_pct,
        "long_pct": one.long_pct,
        "short_pct": one.short_pct,
        "cycles": figures.cycles,
        "usable_answers": figures.usable_answers,
        "realized_pnl": plain(account.realized_pnl),
        "unrealized_pnl": plain(account.unrealized_pnl),
        "fees": plain(account.fees),
        "funding": plain(account.funding),
        "inference_usd": plain(one.inference_usd),
        "trades": _group(one.trades),
        "best_trade": _trade(max(one.trades, key=_net, default=None)),
        "worst_trade": _trade(min(one.trades, key=_net, default=None)),
        "by_coin": _groups(one.trades, lambda trade: str(trade.symbol)),
        "by_side": _groups(one.trades, lambda trade: "long" if trade.is_long else "short"),
        "by_exit_reason": _groups(one.trades, lambda trade: str(trade.reason)),
        "by_month": _periods(one.curve, "%Y-%m"),
        "by_day": _periods(one.curve, "%Y-%m-%d"),
        "rolling_sharpe": _rolling(one.curve),
        "open_positions": [
            {
                "coin": each.symbol,
                "quantity": plain(each.quantity),
                "entry_price": plain(each.entry_price),
            }
            for each in account.holdings
        ],
        "curve": [
            [point.time.isoformat(), plain(point.equity), float(point.index)] for point in one.curve
        ],
    }


def _curve(view: TraderView) -> list[EquityPoint]:
    """Return the hourly curve with the account at the end behind it."""
    last = EquityPoint.of(view.account)
    hours = [point for point in view.equity_curve if point.time < last.time]
    return [*hours, last]


def _exposure(view: TraderView, coins: int, window: Window) -> tuple[float, float]:
    end = view.account.time.timestamp()
    stays = [
        Stay(
            symbol=trade.symbol,
            is_long=trade.is_long,
            start=trade.entry.time.timestamp(),
            end=trade.exit.time.timestamp(),
        )
        for trade in view.trades
    ]
    stays += [
        Stay(symbol=h.symbol, is_long=h.is_long, start=h.opened_at.timestamp(), end=end)
        for h in view.account.holdings
    ]
    found = exposure(stays, coins=coins, start=window.start.timestamp(), end=end)
    return found.pct(found.long_mins), found.pct(found.short_mins)


def _net(trade: ClosedTrade) -> Decimal:
    return trade.net_pnl


def _drawdown(one: Any) -> Row:
    found: Row = attrs.asdict(one)
    return {k: v.isoformat() if hasattr(v, "isoformat") else v for k, v in found.items()}


def _trade(trade: ClosedTrade | None) -> Row | None:
    if trade is None:
        return None
    return {
        "coin": trade.symbol,
        "side": "long" if trade.is_long else "short",
        "entry_time": trade.entry.time.isoformat(),
        "exit_time": trade.exit.time.isoformat(),
        "net_pnl": plain(trade.net_pnl),
        "reason": str(trade.reason),
    }


@exactly
def _group(trades: Iterable[ClosedTrade]) -> Row:
    found = list(trades)
    won = sum((one.net_pnl for one in found if one.net_pnl > 0), Decimal(0))
    lost = sum((one.net_pnl for one in found if one.net_pnl <= 0), Decimal(0))
    return {
        "count": len(found),
        "win_rate_pct": win_rate(found),
        "gross_pnl": plain(sum((one.gross_pnl for one in found), Decimal(0))),
        "fees": plain(sum((one.fees for one in found), Decimal(0))),
        "funding": plain(sum((one.funding for one in found), Decimal(0))),
        "net_pnl": plain(won + lost),
        "profit_factor": float(won / -lost) if lost else None,
    }


def _groups(trades: Iterable[ClosedTrade], key: Callable[[ClosedTrade], str]) -> dict[str, Row]:
    parts: dict[str, list[ClosedTrade]] = {}
    for trade in trades:
        parts.setdefault(key(trade), []).append(trade)
    return {name: _group(parts[name]) for name in sorted(parts)}


@exactly
def _periods(curve: Iterable[EquityPoint], form: str) -> dict[str, float]:
    """Return the time-weighted return of each period in percent, by `2025-07` or `2025-07-23`.

    A period has its end: what an account is worth at midnight belongs to the day that is over.
    """
    lasts: dict[str, Decimal] = {}
    before = Decimal(1)
    for point in curve:
        lasts[(point.time - _INSTANT).strftime(form)] = point.index
    found = {}
    for period, index in lasts.items():
        found[period] = 100 * float(index / before - 1) if before else 0.0
        before = index
    return found


def _rolling(curve: Iterable[EquityPoint]) -> Row:
    """Return the Sharpe ratio of the window before each full hour, and how long that is."""
    hours = [point for point in curve if not (point.time.minute or point.time.second)]
    returns = hourly_returns(hours)
    window = rolling_window(len(returns))
    values = rolling_sharpe(returns, window) if window else ()
    ends = hours[window : window + len(values)]
    return {
        "hours": window,
        "points": [
            [end.time.isoformat(), round(float(value), 6)]
            for end, value in zip(ends, values, strict=True)
        ],
    }
