"""Exits that the engine watches, judged on the way prices took since the last look."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from decimal import Decimal

import attrs

from nof0_core.clock import Clock
from nof0_core.domain.candles import Candles, to_ms
from nof0_core.domain.order import TriggerKind
from nof0_core.domain.position import ProtectionMode
from nof0_core.execution.exits import PositionKey, key_of
from nof0_core.ids import Symbol
from nof0_core.ledger import Position
from nof0_core.money import decimal

ClosedBars = Callable[[Symbol, datetime], Candles | None]
"""Gives the finest known bars of a coin that closed after a moment and by now; None: none known."""


def no_bars(symbol: Symbol, after: datetime) -> None:
    """Know of no bars."""


@attrs.define(kw_only=True)
class Watch:
    """One position is watched since `since`; bars that closed by `seen` are judged."""

    since: datetime
    seen: datetime
    reached: TriggerKind | None = None


class PathWatch:
    """Remembers what was seen of each watched position.

    A mark is a look at one moment. What happened between two looks is told by the bars that closed
    since: one that was open all of the time that the exit is watched counts with its high and low,
    one that opened before with its close, which the mark has told. Its path inside a bar nobody
    knows, so a stop comes before a target. What was reached once stays reached, as at a venue: the
    position is to be closed, wherever the price is by then.
    """

    def __init__(self, *, clock: Clock, bars: ClosedBars) -> None:
        self._clock = clock
        self._bars = bars
        self._watches: dict[PositionKey, Watch] = {}

    def reached(
        self, position: Position, kinds: Collection[TriggerKind], mark: Decimal
    ) -> TriggerKind | None:
        """Return the exit of a position that was reached, of those of `kinds`; None for none."""
        watch = self._watch(position)
        if watch.reached not in kinds:
            watch.reached = self._on_the_way(position, kinds, watch) or hit(
                position, kinds, mark, mark
            )
        return watch.reached

    def is_waiting(self, position: Position) -> bool:
        """Tell whether a position is under watch and was not reached."""
        watch = self._watches.get(key_of(position))
        return watch is not None and watch.reached is None

    def forget(self, position: Position) -> None:
        """Forget a position that needs no watching now."""
        if self._watches:
            self._watches.pop(key_of(position), None)

    def forget_all_but(self, keys: Collection[PositionKey]) -> None:
        """Forget the positions that are gone."""
        if self._watches:
            self._watches = {key: watch for key, watch in self._watches.items() if key in keys}

    def _watch(self, position: Position) -> Watch:
        watch = self._watches.get(key_of(position))
        if watch is None:
            since = self._clock.now()
            if position.protection is ProtectionMode.ENGINE and position.protected_at is not None:
                # Since before a restart: what happened meanwhile was on the way as well.
                since = min(since, position.protected_at)
            watch = self._watches[key_of(position)] = Watch(since=since, seen=since)
        return watch

    def _on_the_way(
        self, position: Position, kinds: Collection[TriggerKind], watch: Watch
    ) -> TriggerKind | None:
        now = self._clock.now()
        if now <= watch.seen:
            return None
        bars = self._bars(position.symbol, watch.seen)
        if bars is None or not len(bars):
            return None
        watch.seen = now
        since = to_ms(watch.since)
        for number in range(len(bars)):
            if bars.open_time[number] < since:
                continue
            low, high = (decimal(float(column[number])) for column in (bars.low, bars.high))
            found = hit(position, kinds, low, high)
            if found is not None:
                return found
        return None


def hit(
    position: Position, kinds: Collection[TriggerKind], low: Decimal, high: Decimal
) -> TriggerKind | None:
    """Return the exit that prices from `low` to `high` reach, the stop first; None for none."""
    worst, best = (low, high) if position.is_long else (high, low)
    sign = 1 if position.is_long else -1
    stop, target = position.plan.stop_loss, position.plan.take_profit
    if stop is not None and TriggerKind.STOP in kinds and (worst - stop) * sign <= 0:
        return TriggerKind.STOP
    if target is not None and TriggerKind.TARGET in kinds and (best - target) * sign >= 0:
        return TriggerKind.TARGET
    return None
