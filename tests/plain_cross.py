"""Task "cross" reckoned plainly: one loop over bars, one position, nothing of nof0 in it.

Averages of 20 and 50 closes cross, RSI of 14 agrees; the stop is 2 % away, the target 4 %. Once the
averages stand the other way round the position is closed, and a bar later the next may be opened;
where it turns round, at once.
Whatever fills does so at the close of its bar; a stop or target at its price, or at the open behind
it, stops first. Takers pay a fee, positions funding at full hours. Prices are whole dollars.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import ROUND_DOWN, Decimal
from itertools import pairwise

FEE_BPS = Decimal("4.5")
RATE = Decimal("0.0000125")
SIZE_PCT = Decimal(30)
STOP_PCT = Decimal(2)
REWARD = 2
FRESH = 2
HOUR = 3_600_000
_LOT, _USD, _CENT = Decimal("0.00001"), Decimal("0.000001"), Decimal("0.01")


@dataclass(frozen=True)
class Bars:
    """Minutes in whole dollars; `time` is when each opens, in milliseconds."""

    time: list[int]
    open: list[int]
    high: list[int]
    low: list[int]
    close: list[int]


@dataclass
class Trade:
    """One position from its entry to its exit; times are closes of bars, in milliseconds."""

    entered: int
    size: Decimal
    entry: Decimal
    entry_fee: Decimal
    stop: Decimal
    target: Decimal
    funding: Decimal = Decimal(0)
    left: int = 0
    exit: Decimal = Decimal(0)
    exit_fee: Decimal = Decimal(0)
    reason: str = ""


def made_up(count: int, *, seed: int, start: int, step: float = 12.0) -> Bars:
    """Make a random walk between 10,000 and 99,999 dollars."""
    rng, price = random.Random(seed), 30_000
    bars = Bars([], [], [], [], [])
    for number in range(count):
        path = [price]
        for _ in range(4):
            path.append(min(99_000, max(11_000, path[-1] + round(rng.gauss(0, step)))))
        for name, value in zip(
            ("time", "open", "high", "low", "close"),
            (start + number * 60_000, price, max(path), min(path), path[-1]),
            strict=True,
        ):
            getattr(bars, name).append(value)
        price = path[-1]
    return bars


def average(values: list[int], span: int) -> list[float]:
    """Return the exponential average, which begins with a plain one; NaN before."""
    found = [float("nan")] * len(values)
    now = sum(values[:span]) / span
    found[span - 1] = now
    for at in range(span, len(values)):
        now += (values[at] - now) * 2 / (span + 1)
        found[at] = now
    return found


def strength(values: list[int], span: int) -> list[float]:
    """Return Wilder's RSI; NaN before there is one."""
    found = [float("nan")] * len(values)
    moves = [after - before for before, after in pairwise(values)]
    up = sum(max(move, 0) for move in moves[:span]) / span
    down = sum(max(-move, 0) for move in moves[:span]) / span
    for at in range(span, len(values)):
        if at > span:
            up = (up * (span - 1) + max(moves[at - 1], 0)) / span
            down = (down * (span - 1) + max(-moves[at - 1], 0)) / span
        found[at] = 100 * up / (up + down) if up + down else 0.0
    return found


def signals(bars: Bars) -> tuple[list[int], list[int]]:
    """Return for each bar which side the averages are on, and which side may be entered."""
    fast, slow = average(bars.close, 20), average(bars.close, 50)
    rsi = strength(bars.close, 14)
    gap = [a - b for a, b in zip(fast, slow, strict=True)]
    sides, entries = [], []
    for at, now in enumerate(gap):
        side = (now > 0) - (now < 0)
        before = gap[max(0, at - FRESH) : at]
        is_fresh = any(each * now <= 0 for each in before)
        agrees = 50 < rsi[at] < 70 if side > 0 else 30 < rsi[at] < 50
        sides.append(side)
        entries.append(side if is_fresh and agrees else 0)
    return sides, entries


def run(
    bars: Bars, first: int, cash: Decimal, *, turns: bool = False
) -> tuple[list[Trade], Trade | None, Decimal]:
    """Trade from the bar `first` on; return closed trades, the open one and the cash.

    Where it `turns`, the other side is sized by what the account is worth right before.
    """
    sides, entries = signals(bars)
    trades: list[Trade] = []
    held: Trade | None = None
    for at in range(first, len(bars.time)):
        closed, price = bars.time[at] + 60_000, Decimal(bars.close[at])
        if held is not None and (hit := _reached(held, bars, at)):
            cash += _leave(held, closed, *hit)
            trades.append(held)
            held = None
        if held is not None and closed % HOUR == 0:
            paid = (-held.size * price * RATE).quantize(_USD, ROUND_DOWN)
            held.funding += paid
            cash += paid
        worth, may_enter = cash, held is None
        if held is not None and (sides[at] > 0) != (held.size > 0):
            worth = cash + held.size * (price - held.entry)
            cash += _leave(held, closed, price, "close")
            trades.append(held)
            held, may_enter = None, turns
        if may_enter and entries[at]:
            held = _enter(entries[at], closed, price, worth)
            cash -= held.entry_fee
    return trades, held, cash


def _enter(side: int, time: int, price: Decimal, cash: Decimal) -> Trade:
    worth = (cash * SIZE_PCT / 100).quantize(_CENT)
    size = (worth / price).quantize(_LOT, ROUND_DOWN)
    away = price * STOP_PCT / 100
    return Trade(
        entered=time,
        size=side * size,
        entry=price,
        entry_fee=_fee(price, size),
        stop=(price - side * away).quantize(Decimal(1)),
        target=(price + side * away * REWARD).quantize(Decimal(1)),
    )


def _reached(held: Trade, bars: Bars, at: int) -> tuple[Decimal, str] | None:
    opened, low, high = bars.open[at], bars.low[at], bars.high[at]
    if held.size > 0:
        if low <= held.stop:
            return min(held.stop, Decimal(opened)), "stop"
        return (max(held.target, Decimal(opened)), "target") if high >= held.target else None
    if high >= held.stop:
        return max(held.stop, Decimal(opened)), "stop"
    return (min(held.target, Decimal(opened)), "target") if low <= held.target else None


def _leave(held: Trade, time: int, price: Decimal, reason: str) -> Decimal:
    """Close a trade and return what it adds to the cash."""
    held.left, held.exit, held.reason = time, price, reason
    held.exit_fee = _fee(price, abs(held.size))
    return held.size * (price - held.entry) - held.exit_fee


def _fee(price: Decimal, size: Decimal) -> Decimal:
    return (price * size * FEE_BPS / 10_000).quantize(_USD, ROUND_DOWN)
