"""A small event engine in plain Python and floats: what nof0's speed is held against.

Bars come as events; a broker fills what rests in them, then the strategy hears the bar and orders
at its close. Indicators are fed bar by bar. One coin, fees and funding, no ledger, gate or journal.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

HOUR = 3_600_000


@dataclass(slots=True)
class Bar:
    """One minute; `closed` is when it did, in milliseconds."""

    number: int
    closed: int
    open: float
    high: float
    low: float
    close: float


@dataclass(slots=True)
class Order:
    """A size to buy (positive) or to sell: at the close, or where a price is reached."""

    size: float
    trigger: float | None = None
    is_stop: bool = False


@dataclass(slots=True)
class Fill:
    """One execution."""

    bar: int
    size: float
    price: float


class Average:
    """Exponential average that begins with a plain one; None before."""

    __slots__ = ("_seed", "_span", "now")

    def __init__(self, span: int) -> None:
        self._span, self._seed = span, []
        self.now: float | None = None

    def add(self, value: float) -> None:
        """Take in one close."""
        if self.now is None:
            self._seed.append(value)
            if len(self._seed) == self._span:
                self.now = sum(self._seed) / self._span
            return
        self.now += (value - self.now) * 2 / (self._span + 1)


class Strength:
    """Wilder's RSI; None before there is one."""

    __slots__ = ("_count", "_down", "_last", "_span", "_up", "now")

    def __init__(self, span: int) -> None:
        self._span, self._count = span, 0
        self._last: float | None = None
        self._up = self._down = 0.0
        self.now: float | None = None

    def add(self, value: float) -> None:
        """Take in one close."""
        last, self._last = self._last, value
        if last is None:
            return
        up, down = max(value - last, 0.0), max(last - value, 0.0)
        self._count += 1
        span = self._span
        if self._count <= span:
            self._up, self._down = self._up + up / span, self._down + down / span
        else:
            self._up = (self._up * (span - 1) + up) / span
            self._down = (self._down * (span - 1) + down) / span
        if self._count >= span:
            total = self._up + self._down
            self.now = 100 * self._up / total if total else 0.0


@dataclass(slots=True)
class Broker:
    """Holds cash and a position, and fills orders."""

    cash: float
    fee: float
    rate: float
    size: float = 0.0
    entry: float = 0.0
    resting: list[Order] = field(default_factory=list)
    queue: deque[Order] = field(default_factory=deque)
    fills: list[Fill] = field(default_factory=list)

    def equity(self, price: float) -> float:
        """Return what the account is worth."""
        return self.cash + self.size * (price - self.entry)

    def before(self, bar: Bar) -> None:
        """Fill what rests and is reached in a bar, stops first; settle funding."""
        for order in self.resting:
            if self._is_reached(order, bar):
                # Stops fill no better than the open behind them, targets no worse.
                better = min if (order.size < 0) == order.is_stop else max
                self._fill(bar, order.size, better(order.trigger, bar.open))
                self.resting.clear()
                break
        if self.size and bar.closed % HOUR == 0:
            self.cash -= self.size * bar.close * self.rate

    def after(self, bar: Bar) -> None:
        """Fill what was ordered at the close."""
        while self.queue:
            self._fill(bar, self.queue.popleft().size, bar.close)

    @staticmethod
    def _is_reached(order: Order, bar: Bar) -> bool:
        falls = (order.size < 0) == order.is_stop
        return bar.low <= order.trigger if falls else bar.high >= order.trigger

    def _fill(self, bar: Bar, size: float, price: float) -> None:
        self.cash -= abs(size) * price * self.fee
        if self.size:
            self.cash += self.size * (price - self.entry)
            self.size = 0.0
            self.resting.clear()
        else:
            self.size, self.entry = size, price
        self.fills.append(Fill(bar.number, size, price))


class Cross:
    """The rules of `tests/plain_cross.py`, bar by bar."""

    def __init__(self, broker: Broker, *, fresh: int, stop: float, reward: float, pct: float):
        self.broker, self.stop, self.reward, self.pct = broker, stop, reward, pct
        self.fast, self.slow, self.rsi = Average(20), Average(50), Strength(14)
        self.gaps: deque[float] = deque(maxlen=fresh)

    def on_bar(self, bar: Bar, *, may_trade: bool) -> None:
        """Take in a bar, and order at its close."""
        close = bar.close
        self.fast.add(close)
        self.slow.add(close)
        self.rsi.add(close)
        if self.slow.now is None:
            return
        gap = self.fast.now - self.slow.now
        is_fresh = any(each * gap <= 0 for each in self.gaps)
        self.gaps.append(gap)
        if not may_trade:
            return
        side, broker = (gap > 0) - (gap < 0), self.broker
        if broker.size:
            if (side > 0) != (broker.size > 0):
                broker.queue.append(Order(-broker.size))
        elif is_fresh and (50 < self.rsi.now < 70 if side > 0 else 30 < self.rsi.now < 50):
            size, away = side * broker.cash * self.pct / close, close * self.stop
            broker.queue.append(Order(size))
            stop, target = round(close - side * away), round(close + side * away * self.reward)
            broker.resting = [Order(-size, stop, is_stop=True), Order(-size, target)]


def run(
    columns: tuple[list[int], list[int], list[int], list[int], list[int]],
    first: int,
    make: Callable[[], tuple[Broker, Cross]],
) -> list[Fill]:
    """Play all bars (open time, open, high, low, close), trading from the bar `first` on."""
    broker, strategy = make()
    for number, (time, opened, high, low, close) in enumerate(zip(*columns, strict=True)):
        bar = Bar(number, time + 60_000, opened, high, low, close)
        broker.before(bar)
        strategy.on_bar(bar, may_trade=number >= first)
        broker.after(bar)
    return broker.fills
