"""Days that are there twice, plain and compressed: what a crash leaves holds the same twice."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from nof0_core.errors import DamagedDayError
from nof0_core.ids import TraderId
from nof0_core.journal.content import DayContent
from nof0_core.journal.listing import Listing
from nof0_core.journal.places import day_of, is_packed, packed_file
from nof0_core.journal.scan import Fault


def pairs(places: Mapping[TraderId, Path], listing: Listing) -> Iterator[Fault]:
    """Yield the days whose two files hold different records: nobody can say which are right.

    Raises:
        OSError: if a file cannot be read.
    """
    for stream, directory in places.items():
        for plain in listing.day_files(directory):
            packed = packed_file(directory, day_of(plain))
            if is_packed(plain) or not packed.exists():
                continue
            problem = _difference(plain, packed)
            if problem:
                message = (
                    f"{packed.name} is there as well and {problem}: move the file away that is not "
                    f"the day {day_of(plain)} of {stream}"
                )
                yield Fault(what="day", message=message, file=str(plain))


def _difference(plain: Path, packed: Path) -> str:
    try:
        if _digest(plain) == _digest(packed):
            return ""
    except DamagedDayError as error:
        return f"is damaged ({error.reason})"
    except FileNotFoundError:
        return ""  # the engine has taken one of them away meanwhile
    return "holds other records"


def _digest(path: Path) -> bytes:
    content, found = DayContent(path), hashlib.sha256()
    while chunk := content.read():
        found.update(chunk)
    return found.digest()
