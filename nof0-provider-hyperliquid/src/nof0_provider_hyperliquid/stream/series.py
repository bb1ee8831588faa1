"""The bars of one coin and interval, as far as they are proven."""

from __future__ import annotations

from collections.abc import Sequence

import attrs
import numpy as np

from nof0_core.domain.candles import Candles, Interval
from nof0_provider_hyperliquid.stream.messages import Bar

LAST_SECONDS = 10_000
"""Milliseconds: what was heard of a bar before its last seconds need not be all of it."""
SPARE = 64
"""Bars kept beyond what anybody asked for."""
LONGEST_GAP = 1_000
"""Bars: what is further behind is asked for as if nothing were known."""


@attrs.frozen
class Gap:
    """Bars that are not proven: open times in ms of the first and the last."""

    first: int
    last: int


class BarSeries:
    """Knows for each open time the bar, or that the venue has none, or nothing.

    A bar of the stream is proven by the next one, if both came in one unbroken subscription, more
    than a snapshot was heard of it, and something in its last seconds: each message has the whole
    bar so far, so what counts is the last. A bar of REST is proven by a later one in the same
    answer. What is proven is no longer so when the stream says otherwise: then REST decides.

    A stream that leaves out the last message of a bar cannot be told from a quiet market: `unseen`
    are bars that the stream alone has said, to be compared with REST.

    Memory is bounded by the longest request. Times in ms UTC; knows no clock.
    """

    def __init__(self, interval: Interval, length: int) -> None:
        """Begin with nothing known; `length` is that of the interval in ms."""
        self.interval = interval
        self.length = length
        self._proven: dict[int, Bar | None] = {}
        self._keep = 0
        self._has_all = False
        """Whether the venue has nothing older than what is proven."""
        self._open: Bar | None = None
        self._heard = 0
        self._is_whole = False
        self._unseen: set[int] = set()

    def __len__(self) -> int:
        """Return how many open times are known."""
        return len(self._proven)

    def interrupted(self) -> None:
        """Take note that messages may have been missed: the open bar may lack its last ones."""
        self._open = None

    def take(self, bar: Bar, now: int) -> bool:
        """Take what the stream says of a bar; return whether that proves the one before.

        Messages of an older state, such as a snapshot that is repeated, change nothing.
        """
        if bar.open_time % self.length:
            return False
        self._doubt(bar)
        before = self._open
        if before is not None and bar.open_time < before.open_time:
            return False
        if before is not None and bar.open_time == before.open_time:
            if bar.volume >= before.volume:
                self._is_whole = self._is_whole or bar != before
                self._open, self._heard = bar, now
            return False
        is_proven = before is not None and self._settle(before)
        self._open, self._heard, self._is_whole = bar, now, before is not None
        return is_proven

    def is_coming(self, open_time: int) -> bool:
        """Tell whether the next message of a later bar would prove this one."""
        bar = self._open
        return bar is not None and bar.open_time == open_time and self._could_settle(bar)

    def repair(self, gap: Gap, found: Sequence[Bar]) -> Sequence[Bar]:
        """Take what REST says of a gap, an unfinished bar at its end included.

        Returns:
            Bars that were proven and turn out to be others.
        """
        newest = max((bar.open_time for bar in found), default=0)
        bars = {bar.open_time: bar for bar in found}
        wrong: list[Bar] = []
        for open_time in range(gap.first, min(gap.last + 1, newest), self.length):
            now, before = bars.get(open_time), self._proven.get(open_time)
            if before is not None and before != now:
                wrong.append(before)
            self._proven[open_time] = now
            self._unseen.discard(open_time)
        self._forget()
        return wrong

    def unseen(self, most: int) -> Gap | None:
        """Return a stretch with bars that only the stream has said, once there are `most`."""
        if len(self._unseen) < most:
            return None
        return Gap(min(self._unseen), max(self._unseen))

    def begin(self, bars: Candles, end: int, limit: int) -> None:
        """Take the newest `limit` bars of REST that closed by `end`; fewer if it has no more."""
        if not len(bars) or (bars.open_time % self.length).any():
            return
        rows = zip(
            bars.open_time.tolist(),
            bars.open.tolist(),
            bars.high.tolist(),
            bars.low.tolist(),
            bars.close.tolist(),
            bars.volume.tolist(),
            strict=True,
        )
        known = {row[0]: Bar(*row) for row in rows}
        first, last = int(bars.open_time[0]), int(bars.open_time[-1])
        if (last - first) // self.length > limit + LONGEST_GAP:
            return
        self._keep = max(self._keep, limit + SPARE)
        self._has_all = len(bars) < limit and last == self._last_closed(end)
        self._proven = {t: bar for t, bar in self._proven.items() if t > last}
        span = range(first, last + 1, self.length)
        self._proven.update({open_time: known.get(open_time) for open_time in span})
        self._unseen &= self._proven.keys() - set(span)
        if self._open is not None:
            self._doubt(self._open)

    def newest(self, end: int, limit: int) -> Candles | Gap | None:
        """Return the newest `limit` bars that closed by `end`, oldest first.

        Returns:
            What has to be asked for first, or None where REST has to be asked for all.
        """
        last = self._last_closed(end)
        oldest = min(self._proven, default=None)
        if oldest is None or last < oldest or limit < 1:
            return None
        bars: list[Bar] = []
        unknown: list[int] = []
        for open_time in range(last, oldest - 1, -self.length):
            if open_time not in self._proven:
                unknown.append(open_time)
            elif (bar := self._proven[open_time]) is not None:
                bars.append(bar)
            if len(bars) + len(unknown) == limit or len(unknown) > LONGEST_GAP:
                break
        else:
            if not self._has_all:
                return None
        if len(unknown) > LONGEST_GAP:
            return None
        if unknown:
            return Gap(unknown[-1], unknown[0])
        return self._candles(bars[::-1])

    def _last_closed(self, end: int) -> int:
        """Return the open time of the last bar that closes by `end`."""
        return end // self.length * self.length - self.length

    def _settle(self, bar: Bar) -> bool:
        """Take the open bar for proven now that a later one has come, if nothing denies it."""
        if bar.open_time in self._proven or not self._could_settle(bar):
            return False
        self._proven[bar.open_time] = bar
        self._unseen.add(bar.open_time)
        self._forget()
        return True

    def _could_settle(self, bar: Bar) -> bool:
        in_last_seconds = self._heard >= bar.open_time + self.length - LAST_SECONDS
        return self._is_whole and in_last_seconds

    def _doubt(self, bar: Bar) -> None:
        """Forget what is proven where the stream has more of the same bar, or something else."""
        if bar.open_time not in self._proven:
            return
        known = self._proven[bar.open_time]
        if known is None or (bar != known and bar.volume >= known.volume):
            del self._proven[bar.open_time]
            self._unseen.discard(bar.open_time)

    def _forget(self) -> None:
        if len(self._proven) > self._keep:
            for open_time in sorted(self._proven)[: -self._keep or None]:
                del self._proven[open_time]
                self._unseen.discard(open_time)
            self._has_all = False

    def _candles(self, bars: Sequence[Bar]) -> Candles:
        columns = np.array([attrs.astuple(bar)[1:] for bar in bars], dtype=np.float64).reshape(
            -1, 5
        )
        return Candles(
            interval=self.interval,
            open_time=np.array([bar.open_time for bar in bars], dtype=np.int64),
            open=columns[:, 0].copy(),
            high=columns[:, 1].copy(),
            low=columns[:, 2].copy(),
            close=columns[:, 3].copy(),
            volume=columns[:, 4].copy(),
        )
