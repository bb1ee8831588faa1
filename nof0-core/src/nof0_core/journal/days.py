"""`days.json`: what each closed day of each stream held, to notice one that is not there any more.

    {"schema":1,"sum":"<64 hex>","days":{"<stream>":{"<YYYY-MM-DD>":
     {"first":2,"last":9,"records":5,"hash":"<64 hex>","bytes":4711,"state":"compressed",
      "packed_bytes":512,"packed_hash":"<64 hex>"}}}}

A day of a stream is closed when the stream has a file of a later one. `first` and `last` are
numbers of records, `records` says how many there are, `hash` is that of the last one, `bytes` the
size of all of them as they were written. `packed_bytes` and `packed_hash` are size and SHA-256 of
the compressed file, 0 and empty where the day is `here`. `sum` is the SHA-256 of what stands in
`days`, without spaces, keys in alphabetical order.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping
from datetime import date
from enum import StrEnum
from pathlib import Path
from threading import Lock
from typing import Any

import attrs
import msgspec

from nof0_core.disk import NO_ROOM, replace_durably
from nof0_core.errors import JournalError
from nof0_core.files import read_bytes
from nof0_core.ids import TraderId

NAME = "days.json"
SCHEMA = 1


class DayState(StrEnum):
    """Where the records of a closed day are: in their file, packed beside it, or elsewhere."""

    HERE = "here"
    COMPRESSED = "compressed"
    ARCHIVED = "archived"


@attrs.frozen(kw_only=True)
class Day:
    """What a day file of a stream holds; `hash` is that of its last record.

    `bytes` is the size of the plain file, whatever `state` the day is in.
    """

    first: int
    last: int
    records: int
    hash: str
    bytes: int
    state: DayState = DayState.HERE
    packed_bytes: int = 0
    packed_hash: str = ""

    def holds(self, other: Day) -> bool:
        """Return whether both are of the same records, wherever these are."""
        return attrs.evolve(self, **_NOT_PACKED) == attrs.evolve(other, **_NOT_PACKED)

    def here(self) -> Day:
        """Return the same with its records in the plain file."""
        return attrs.evolve(self, **_NOT_PACKED)

    def compressed(self, size: int, digest: str) -> Day:
        """Return the same with its records in a compressed file of this size and SHA-256."""
        state = DayState.COMPRESSED
        return attrs.evolve(self, state=state, packed_bytes=size, packed_hash=digest)


_NOT_PACKED: dict[str, Any] = {"state": DayState.HERE, "packed_bytes": 0, "packed_hash": ""}


Days = dict[TraderId, dict[date, Day]]
"""Days by stream."""


def read_days(root: Path) -> Days | None:
    """Return what `days.json` says; None where there is none.

    Raises:
        JournalError: it is damaged.
    """
    path = root / NAME
    try:
        content = read_bytes(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        raise JournalError(message) from error
    try:
        found = msgspec.json.decode(content)
        if found["schema"] == SCHEMA and found["sum"] == _sum(found["days"]):
            return {
                TraderId(stream): {
                    date.fromisoformat(day): Day(**(entry | {"state": DayState(entry["state"])}))
                    for day, entry in days.items()
                }
                for stream, days in found["days"].items()
            }
    except (msgspec.DecodeError, KeyError, TypeError, ValueError, AttributeError):
        pass
    message = f"{path} is damaged: it does not say any more which days the journal had"
    raise JournalError(message)


class ClosedDays:
    """The closed days of a journal, as `days.json` has them. May be used by several threads."""

    def __init__(self, root: Path, days: Mapping[TraderId, Mapping[date, Day]]) -> None:
        self._root = root
        self._days: Days = {stream: dict(of) for stream, of in days.items()}
        self._lock = Lock()

    def has(self, stream: TraderId, day: date) -> bool:
        """Tell whether a day of a stream is closed."""
        return day in self._days.get(stream, {})

    def of(self, stream: TraderId) -> Mapping[date, Day]:
        """Return the closed days of a stream as they are now."""
        return self._days.get(stream, {})

    def archived(self, after: int) -> Day | None:
        """Return the earliest archived day with records above a number, None where there is none.

        That its files are back is known from the next start on.
        """
        found = (
            entry
            for of in self._days.values()
            for entry in of.values()
            if entry.state is DayState.ARCHIVED and entry.last > after
        )
        return min(found, key=lambda entry: entry.first, default=None)

    def archived_to(self, after: int) -> int:
        """Return the last record of the archived days with records above a number, 0: of none."""
        found = (
            entry.last
            for of in self._days.values()
            for entry in of.values()
            if entry.state is DayState.ARCHIVED and entry.last > after
        )
        return max(found, default=0)

    @property
    def are_all_packed(self) -> bool:
        """Tell that no closed day is left to be compressed."""
        return all(
            entry.state is not DayState.HERE for of in self._days.values() for entry in of.values()
        )

    def put(self, closed: Collection[tuple[TraderId, date, Day]] = ()) -> bool:
        """Add days whose files are on disk for good, and write all of it.

        Returns:
            Whether they are added; not where the disk has no room: another time, then.

        Raises:
            OSError: it could not be written for another reason; the days are not added.
        """
        with self._lock:
            days = {stream: dict(of) for stream, of in self._days.items()}
            for stream, day, entry in closed:
                held = days.setdefault(stream, {}).get(day)
                # Closed a second time, after a start on a lost later day: it may be packed by now.
                if held is None or not held.holds(entry):
                    days[stream][day] = entry
            return self._try(days)

    def change(self, changed: Collection[tuple[TraderId, date, Day]]) -> bool:
        """Say anew where days of the same records are, and write all of it.

        Returns:
            Whether it is written: not where the disk has no room, and not where a day is no more
            what it was. Nothing has changed then.

        Raises:
            OSError: it could not be written for another reason.
        """
        with self._lock:
            days = {stream: dict(of) for stream, of in self._days.items()}
            for stream, day, entry in changed:
                held = days.get(stream, {}).get(day)
                if held is None or not held.holds(entry):
                    return False
                days[stream][day] = entry
            return self._try(days)

    def reopen(self, stream: TraderId, day: date) -> None:
        """Take a day out, because its file will grow after all.

        Raises:
            OSError: it could not be written; the day stays closed.
        """
        with self._lock:
            days = {one: dict(of) for one, of in self._days.items()}
            del days[stream][day]
            self._write(days)

    def _try(self, days: Days) -> bool:
        try:
            self._write(days)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            return False
        return True

    def _write(self, days: Days) -> None:
        plain = {
            stream: {day.isoformat(): attrs.asdict(entry) for day, entry in sorted(of.items())}
            for stream, of in sorted(days.items())
        }
        content = {"schema": SCHEMA, "sum": _sum(plain), "days": plain}
        replace_durably(self._root / NAME, msgspec.json.encode(content) + b"\n")
        self._days = days


def _sum(days: Any) -> str:
    return hashlib.sha256(msgspec.json.encode(days, order="sorted")).hexdigest()
