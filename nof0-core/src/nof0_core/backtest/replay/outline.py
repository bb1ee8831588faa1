"""Which cycles a journal has, found in one quick look: whose they are and what they go back to."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import attrs
import msgspec

from nof0_core.errors import JournalError
from nof0_core.ids import CycleId, TraderId

if TYPE_CHECKING:
    from nof0_core.journal import Record


@attrs.frozen(kw_only=True)
class Selection:
    """Which cycles are wanted; what is empty or None leaves nothing out.

    `cycles` are identifiers or their beginnings, or numbers of a trader's cycles; `since` is the
    first moment (UTC) for which a cycle may have been scheduled.
    """

    cycles: tuple[str, ...] = ()
    traders: Collection[str] = ()
    since: datetime | None = None

    def wants(self, cycle: Outline) -> bool:
        """Tell whether a cycle is among them."""
        if self.traders and cycle.trader not in self.traders:
            return False
        if self.since is not None and cycle.scheduled < self.since:
            return False
        return not self.cycles or any(
            cycle.number == int(word) if is_number(word) else cycle.cycle.startswith(word.lower())
            for word in self.cycles
        )


@attrs.frozen(kw_only=True)
class Outline:
    """A cycle that ended, or a decision whose cycle has not: what a first look tells of it.

    `seq` is the number of its record, `decided` that of its `decided` record, if it ordered.
    `decided_at` is the time of its account (UTC).
    """

    seq: int
    trader: TraderId
    cycle: CycleId
    number: int
    scheduled: datetime
    decided_at: datetime
    market: str
    as_of: int
    decided: int | None


@attrs.frozen(kw_only=True)
class Outlines:
    """All cycles that are wanted, by the number of the record they are done again at.

    `lost` are the ranges of records that a power failure took, `starts` the numbers at which an
    engine was started.
    """

    cycles: Mapping[int, Outline]
    lost: tuple[tuple[int, int], ...]
    starts: tuple[int, ...]
    held: int

    def cut_off(self, outline: Outline) -> tuple[int, int] | None:
        """Return the lost records that a cycle may have gone by, None for none."""
        for first, last in self.lost:
            later = next((s for s in self.starts if s > first), None)
            if first <= outline.as_of <= last or (
                outline.as_of > last and (later is None or outline.seq < later)
            ):
                return first, last
        return None


class _Account(msgspec.Struct):
    time: datetime


class _Cycle(msgspec.Struct):
    trader: str
    cycle: str
    number: int
    scheduled: datetime
    market: str
    account: _Account
    as_of: int = 0
    decided: int | None = None


class _Held(msgspec.Struct):
    trader: str
    count: int


class _Gap(msgspec.Struct):
    first: int
    last: int


TYPES = ("cycle", "decided", "held", "gap", "engine_started")


def is_number(word: str) -> bool:
    """Tell whether a word names a cycle by its number: an identifier has 32 characters or more."""
    return word.isdecimal() and len(word) < 8


def outlines(records: Iterable[Record], wanted: Selection) -> Outlines:
    """Look through the records of `TYPES`, ascending.

    Raises:
        JournalError: one of them does not have what every version has.
    """
    cycles: dict[int, Outline] = {}
    lost: list[tuple[int, int]] = []
    starts: list[int] = []
    held = 0
    for record in records:
        try:
            if record.type == "gap":
                gap = msgspec.json.decode(record.data, type=_Gap)
                lost.append((gap.first, gap.last))
            elif record.type == "engine_started":
                starts.append(record.seq)
            elif record.type == "held":
                stretch = msgspec.json.decode(record.data, type=_Held)
                if not wanted.traders or stretch.trader in wanted.traders:
                    held += stretch.count
            else:
                found = _outline(record)
                if record.type == "cycle" and found.decided is not None:
                    cycles.pop(found.decided, None)
                if wanted.wants(found):
                    cycles[record.seq] = found
        except (msgspec.MsgspecError, ValueError) as error:
            message = f"record {record.seq} of {record.stream}: {error}"
            raise JournalError(message) from error
    return Outlines(cycles=cycles, lost=tuple(lost), starts=tuple(starts), held=held)


def _outline(record: Record) -> Outline:
    body = msgspec.json.decode(record.data, type=_Cycle)
    return Outline(
        seq=record.seq,
        trader=TraderId(body.trader),
        cycle=CycleId(body.cycle),
        number=body.number,
        scheduled=body.scheduled,
        decided_at=body.account.time,
        market=body.market,
        as_of=body.as_of,
        decided=record.seq if record.type == "decided" else body.decided,
    )
