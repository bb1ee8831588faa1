"""In which format a journal is written: how each stream's chain begins tells it."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from nof0_core.errors import DamagedDayError, JournalError
from nof0_core.ids import TraderId
from nof0_core.journal.content import DayContent
from nof0_core.journal.listing import Listing

FORMAT = 2
"""What this version of nof0 writes and reads."""
_HIGHEST = 99
"""Formats are numbered; a beginning that none up to here has is not told from damage."""
_ENOUGH = 1 << 22
"""Bytes in which the first line of a stream ends, whatever stands in it; a prompt may be long."""


def genesis(stream: TraderId, number: int = FORMAT) -> str:
    """Return what stands in `prev` of the first record of a stream, 64 hex digits."""
    of = "of" if number == 1 else f"{number} of"
    return hashlib.sha256(f"nof0 journal {of} {stream}".encode()).hexdigest()


def check_format(places: Mapping[TraderId, Path], listing: Listing) -> None:
    """Refuse a journal of which a stream is in another format; reads one line of each.

    A stream whose beginning is not there, or is none of any format, is left to those who read it.

    Args:
        places: the directory of every stream.
        listing: what was found in them.

    Raises:
        JournalError: naming the format, with the ways out; a mixture names streams of both.
        OSError: if a file cannot be read.
    """
    found: defaultdict[int, list[TraderId]] = defaultdict(list)
    for stream, directory in places.items():
        number = _format_of(stream, listing.day_files(directory))
        if number is not None:
            found[number].append(stream)
    others = sorted(number for number in found if number != FORMAT)
    if not others:
        return
    new = "to begin anew: --data-dir NEW, and another Name where a database has this run"
    if len(found) > 1:
        parts = ", ".join(f"format {n}: {', '.join(found[n])}" for n in sorted(found))
        message = f"the journal is a mixture of formats ({parts})"
        raise JournalError(
            message, hints=("put the files back from a copy of one run, of one version", new)
        )
    (number,) = others
    message = f"the journal is of format {number}, this nof0 writes and reads format {FORMAT}"
    whose = "an earlier" if number < FORMAT else "a later"
    raise JournalError(
        message,
        hints=(f"it was written by {whose} version of nof0: go on with that one, or", new),
    )


def _format_of(stream: TraderId, files: Sequence[Path]) -> int | None:
    """Return the format of a stream, None where there is no record or its beginning is not told."""
    if not files:
        return None
    line, content = b"", DayContent(files[0])
    try:
        while b"\n" not in line and len(line) < _ENOUGH and (chunk := content.read()):
            line += chunk
    except DamagedDayError:
        return None
    line = line.partition(b"\n")[0]
    _, separator, rest = line.rpartition(b',"prev":"')
    prev = rest[:64].decode(errors="replace")
    if not separator or prev == genesis(stream):
        return FORMAT if separator else None
    return next((n for n in range(1, _HIGHEST + 1) if prev == genesis(stream, n)), None)
