"""`days.json`: what each closed day of each stream held, to notice one that is not there any more.

    {"schema":1,"sum":"<64 hex>","days":{"<stream>":{"<YYYY-MM-DD>":
     {"first":2,"last":9,"hash":"<64 hex>","bytes":4711,"state":"here"}}}}

A day of a stream is closed when the stream has a file of a later one. `first` and `last` are
numbers of records, `hash` is that of the last one, `bytes` the size of the file. `sum` is the
SHA-256 of what stands in `days`, without spaces, keys in alphabetical order.
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
    """Where the records of a closed day are: in their file, packed, or in another place."""

    HERE = "here"
    COMPRESSED = "compressed"
    ARCHIVED = "archived"


@attrs.frozen(kw_only=True)
class Day:
    """What a day file of a stream holds; `hash` is that of its last record."""

    first: int
    last: int
    hash: str
    bytes: int
    state: DayState = DayState.HERE


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
                days.setdefault(stream, {})[day] = entry
            try:
                self._write(days)
            except OSError as error:
                if error.errno not in NO_ROOM:
                    raise
                return False
        return True

    def reopen(self, stream: TraderId, day: date) -> None:
        """Take a day out, because its file will grow after all.

        Raises:
            OSError: it could not be written; the day stays closed.
        """
        with self._lock:
            days = {one: dict(of) for one, of in self._days.items()}
            del days[stream][day]
            self._write(days)

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
