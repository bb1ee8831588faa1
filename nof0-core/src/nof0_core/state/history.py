"""What one trader did over time: curve, trades and cycles."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import attrs
import msgspec
from msgspec.structs import replace

from nof0_core.analysis.performance import PerformanceTracker
from nof0_core.domain.account import AccountState
from nof0_core.domain.event import CycleEnded, CyclesHeld
from nof0_core.domain.hour_event import HOUR
from nof0_core.domain.quality import NO_ANSWERS, AnswerCount
from nof0_core.domain.trade import ClosedTrade
from nof0_core.domain.view import EquityPoint
from nof0_core.domain.vocabulary import CycleStatus
from nof0_core.ids import TraderId
from nof0_core.state.answer_count import counted
from nof0_core.state.changes import Change
from nof0_core.state.history_rows import POINTS, points_at, trades_of
from nof0_core.state.packed import PackedList

LONGEST_TROUBLE = 300
"""Letters that are kept of why a cycle decided nothing; all of it is in the journal."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """Where a trader stands.

    `started_at` and `initial_capital` are those of the first transfer. `trouble` is why the newest
    cycle decided nothing, empty if it did. `last_point` is the time of the curve's newest point.
    """

    started_at: datetime | None = None
    initial_capital: Decimal | None = None
    cycles: int = 0
    last_cycle: datetime | None = None
    last_status: str = ""
    trouble: str = ""
    answers: AnswerCount = NO_ANSWERS
    last_point: datetime | None = None


NOTHING_YET = Standing()


class TraderHistory:
    """One trader's history; `sums` are what its curve and trades add up to."""

    def __init__(self, trader: TraderId) -> None:
        self.standing = NOTHING_YET
        self.trades: PackedList[ClosedTrade] = PackedList(trades_of(trader))
        self.curve: PackedList[EquityPoint] = PackedList(POINTS)
        self.sums = PerformanceTracker()

    def start(self, time: datetime, amount: Decimal) -> None:
        """Take the first transfer for the beginning; later ones change nothing."""
        if self.standing.started_at is None:
            self.standing = replace(self.standing, started_at=time, initial_capital=amount)

    def point(self, state: AccountState) -> Change:
        """Return how to add a point; the same hour told again replaces what was there."""
        point = EquityPoint.of(state)
        packed = self.curve.pack(point)

        def change() -> None:
            last = self.standing.last_point
            if last is None or state.time > last:
                self.curve.append(packed)
                self.sums.add_point(point)
                self.standing = replace(self.standing, last_point=state.time)
            elif state.time == last:
                self.curve.replace_last(packed)
                self.sums.begin_again(self.curve.read())

        return change

    def still(self, state: AccountState, count: int) -> Change:
        """Return how to add so many hourly points, the first that of the state, all as high."""
        begin, point = self.point(state), EquityPoint.of(state)

        def change() -> None:
            begin()
            if count == 1:
                return
            times = [point.time + number * HOUR for number in range(1, count)]
            self.curve.extend(points_at(times, point))
            self.sums.add_still(attrs.evolve(point, time=times[-1]), count - 1)
            self.standing = replace(self.standing, last_point=times[-1])

        return change

    def trade(self, trade: ClosedTrade) -> Change:
        """Return how to add a closed trade."""
        packed = self.trades.pack(trade)

        def change() -> None:
            self.trades.append(packed)
            self.sums.book(trade)

        return change

    def end_cycle(self, record: CycleEnded) -> None:
        """Count a cycle that ended."""
        was = self.standing
        is_newest = was.last_cycle is None or record.scheduled >= was.last_cycle
        # Once a cycle, for each trader: made anew only once.
        self.standing = replace(
            was,
            cycles=was.cycles + 1,
            answers=was.answers + counted(record),
            last_cycle=record.scheduled if is_newest else was.last_cycle,
            last_status=record.status if is_newest else was.last_status,
            trouble=_trouble(record) if is_newest else was.trouble,
        )

    def hold(self, stretch: CyclesHeld) -> None:
        """Count the cycles of a stretch in which a rule held."""
        was = self.standing
        self.standing = replace(
            was,
            cycles=was.cycles + stretch.count,
            answers=was.answers + AnswerCount(asked=stretch.count, usable=stretch.count),
            last_cycle=stretch.last,
            last_status=CycleStatus.OK,
            trouble="",
        )


def _trouble(record: CycleEnded) -> str:
    if record.status is CycleStatus.OK:
        return ""
    return f"{record.status}: {record.error}".removesuffix(": ")[:LONGEST_TROUBLE]
