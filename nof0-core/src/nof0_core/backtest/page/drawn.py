"""What the charts of the page are drawn from: few enough points to be sent, none more than seen."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from nof0_core.backtest.price_bars import PriceBars
from nof0_core.domain.trade import ClosedTrade

Report = Mapping[str, Any]
Series = list[float | None]

_POINTS, _IN_ALL = 800, 60_000
"""So many points at most of one line, and of all lines of a chart together."""
TRADES = 6000
"""So many trades are marked, the newest."""
_DIGITS = 6


def drawn(
    start: str,
    traders: Sequence[Report],
    bars: Sequence[PriceBars],
    trades: Iterable[tuple[int, str, ClosedTrade]],
) -> dict[str, Any]:
    """Return what the page's script draws.

    Args:
        start: of the window; there every dollar is one.
        traders: as the report has them.
        bars: of all coins.
        trades: those that closed, each with the number of its trader and its market section.
    """
    at = {(one.section, one.symbol): number for number, one in enumerate(bars)}
    known = [
        _mark(number, at[market, trade.symbol], trade)
        for number, market, trade in trades
        if (market, trade.symbol) in at
    ]
    known.sort(key=lambda mark: (mark[4], mark[0]))
    return {
        **_lines(_seconds(start), traders),
        "coins": [_coin(one) for one in bars],
        "trades": known[-TRADES:],
        "trades_left_out": max(0, len(known) - TRADES),
    }


def as_text(data: Mapping[str, Any]) -> str:
    """Write it so that it can stand in a page: nothing in it ends the element."""
    text = json.dumps(data, separators=(",", ":"), ensure_ascii=False, sort_keys=True)
    return text.replace("<", "\\u003c")


def _lines(start: int, traders: Sequence[Report]) -> dict[str, Any]:
    moments = sorted({_seconds(point[0]) for one in traders for point in one["curve"]})
    if moments:
        moments = sorted({start, *moments})
    most = max(2, min(_POINTS, _IN_ALL // max(1, len(traders))))
    step = -(-len(moments) // most)
    # The last point is always there.
    shown = moments[::-1][::step][::-1] if moments else []
    return {"time": shown, "traders": [_trader(start, one, shown) for one in traders]}


def _trader(start: int, one: Report, shown: Sequence[int]) -> dict[str, Any]:
    curve = one["curve"]
    times = [start, *(_seconds(point[0]) for point in curve)]
    indices = [1.0, *(float(point[2]) for point in curve)]
    peak, below = 1.0, []
    for index in indices:
        peak = max(peak, index)
        below.append(100 * (index / peak - 1))
    rolling = one["rolling_sharpe"]["points"]
    return {
        "name": one["name"],
        "is_baseline": one["is_baseline"],
        "index": _on(shown, times, indices),
        "fall": _on(shown, times, below),
        "sharpe": _on(
            shown, [_seconds(time) for time, _ in rolling], [value for _, value in rolling]
        ),
    }


def _on(shown: Sequence[int], times: Sequence[int], values: Sequence[float]) -> Series:
    found = dict(zip(times, values, strict=True))
    return [_short(found.get(moment)) for moment in shown]


def _coin(one: PriceBars) -> dict[str, Any]:
    return {
        "market": one.section,
        "coin": one.symbol,
        "time": [int(stamp) // 1000 for stamp in one.time],
        **{
            name: [_short(float(value)) for value in getattr(one, name)]
            for name in ("high", "low", "close")
        },
    }


def _mark(trader: int, coin: int, trade: ClosedTrade) -> list[Any]:
    return [
        trader,
        coin,
        int(trade.entry.time.timestamp()),
        _short(float(trade.entry.price)),
        int(trade.exit.time.timestamp()),
        _short(float(trade.exit.price)),
        1 if trade.is_long else 0,
        round(float(trade.net_pnl), 2),
        str(trade.reason),
    ]


def _short(value: float | None) -> float | None:
    return None if value is None else float(f"{value:.{_DIGITS}g}")


def _seconds(time: str) -> int:
    return int(datetime.fromisoformat(time).timestamp())
