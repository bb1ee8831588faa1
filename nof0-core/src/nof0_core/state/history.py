"""What traders did over time: curve, trades and cycles."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar

import attrs

from nof0_core.domain.account import AccountState
from nof0_core.domain.event import CycleEnded
from nof0_core.domain.feedback import Feedback, LastAnswer, PastTrade
from nof0_core.domain.quality import NO_ANSWERS, AnswerCount
from nof0_core.domain.trade import ClosedTrade
from nof0_core.domain.view import EquityPoint
from nof0_core.domain.vocabulary import CycleStatus
from nof0_core.state.answer_count import counted
from nof0_core.state.feedback import recent

T = TypeVar("T")

LONGEST_TROUBLE = 300
"""Letters that are kept of why a cycle decided nothing; all of it is in the journal."""


class GrowingList(Generic[T]):
    """A growing list that is read far more often than it grows.

    Every cycle reads all trades and the whole curve; they are copied only after they have changed.
    """

    __slots__ = ("_items", "_read")

    def __init__(self) -> None:
        self._items: list[T] = []
        self._read: tuple[T, ...] | None = ()

    @property
    def last(self) -> T | None:
        """Return the newest entry, None before the first."""
        return self._items[-1] if self._items else None

    def append(self, item: T) -> None:
        """Add an entry."""
        self._items.append(item)
        self._read = None

    def replace_last(self, item: T) -> None:
        """Put an entry in the place of the newest one."""
        self._items[-1] = item
        self._read = None

    def read(self) -> tuple[T, ...]:
        """Return all entries, oldest first."""
        if self._read is None:
            self._read = tuple(self._items)
        return self._read


@attrs.define(kw_only=True, eq=False)
class TraderHistory:
    """One trader's history.

    `home` is the venue account of its account, None while it has none. `started_at` and
    `initial_capital` are those of the first transfer. `trouble` is why the newest cycle decided
    nothing, empty if it did.
    """

    home: str | None = None
    started_at: datetime | None = None
    initial_capital: Decimal | None = None
    trades: GrowingList[ClosedTrade] = attrs.field(factory=GrowingList)
    curve: GrowingList[EquityPoint] = attrs.field(factory=GrowingList)
    cycles: int = 0
    last_cycle: datetime | None = None
    last_status: str = ""
    trouble: str = ""
    answers: AnswerCount = NO_ANSWERS
    last_answer: LastAnswer | None = None
    _told: tuple[tuple[ClosedTrade, ...], tuple[PastTrade, ...]] = attrs.field(
        default=((), ()), init=False
    )

    @property
    def past(self) -> Feedback:
        """Return what the trader is told; every cycle asks, so trades are summed up once."""
        trades = self.trades.read()
        if self._told[0] is not trades:
            self._told = trades, recent(trades)
        return Feedback(answer=self.last_answer, trades=self._told[1])

    def start(self, time: datetime, amount: Decimal) -> None:
        """Take the first transfer for the beginning; later ones change nothing."""
        if self.started_at is None:
            self.started_at = time
            self.initial_capital = amount

    def add_point(self, state: AccountState) -> None:
        """Add a point to the curve; the same hour told again replaces what was there."""
        point = EquityPoint.of(state)
        last = self.curve.last
        if last is None or state.time > last.time:
            self.curve.append(point)
        elif state.time == last.time:
            self.curve.replace_last(point)

    def end_cycle(self, record: CycleEnded, answer: LastAnswer | None) -> None:
        """Count a cycle that ended, and keep in mind what became of its answer, if it had one."""
        self.cycles += 1
        self.answers += counted(record)
        self.last_answer = answer or self.last_answer
        if self.last_cycle is None or record.scheduled >= self.last_cycle:
            self.last_cycle = record.scheduled
            self.last_status = record.status
            self.trouble = _trouble(record)


def _trouble(record: CycleEnded) -> str:
    if record.status is CycleStatus.OK:
        return ""
    return f"{record.status}: {record.error}".removesuffix(": ")[:LONGEST_TROUBLE]
