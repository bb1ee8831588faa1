"""Event bodies as JSON and back.

Amounts are strings, moments ISO 8601 (`Z` for UTC), enumerations their values, nested values
objects with their fields in order of definition. Decoding gives an equal body: nothing is rounded
and no field is left out.

`MarketSeen.snapshots` is embedded byte for byte where it is a `msgspec.Raw`, and always comes back
as one: it is by far the largest thing in a journal, and most readers of it want something else.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Any

import attrs
import msgspec

from nof0_core.domain.event import (
    BODIES,
    Body,
    CycleEnded,
    Decided,
    HourMarked,
    HoursMarked,
    MarketSeen,
)
from nof0_core.domain.mappings import unwrapped
from nof0_core.errors import JournalError, UnbookableError
from nof0_core.journal.certainty import proof_of
from nof0_core.journal.fidelity import check_of

_encoder = msgspec.json.Encoder(enc_hook=unwrapped)
_AS_WRITTEN = frozenset({MarketSeen, Decided, CycleEnded, HourMarked, HoursMarked})
"""Bodies that need not be read back to know that they can be: the largest, and the most frequent.

Every value in them has passed the border before (quotes and bars; answers and calls of models;
verdicts; order outcomes and fills), was read from the configuration, or is what the ledger reckoned
of events of which this was found out themselves. All others are read back, above all those by which
a venue's values enter, unless their types alone say that they come back (`certainty`).
"""
_UNWRITABLE = (AttributeError, NotImplementedError, OverflowError, TypeError, ValueError)
"""What checks and encoder raise for values that JSON has no form for."""
_BEFORE_BODY = b',"data":'
_AFTER_BODY = b',"prev":"'


class Line(msgspec.Struct, frozen=True):
    """The part of a journal line that is hashed, in the order it is written."""

    seq: int
    time: datetime
    stream: str
    type: str
    data: Any
    prev: str


class _Market(msgspec.Struct, forbid_unknown_fields=True):
    """`MarketSeen` with its snapshots left as they are."""

    section: str
    digest: str
    since: int | None
    snapshots: msgspec.Raw


def encode(line: Line) -> bytearray:
    """Encode a line with one pass over its body; the object is still open (no `}` at the end).

    Raises:
        UnbookableError: for a body that would not come back as it is: NaN or infinity, a moment
            without time zone, a value of another kind than its field's, or one JSON has no form
            for.
    """
    buffer = bytearray()
    kind: Any = type(line.data)
    is_as_written = kind in _AS_WRITTEN
    try:
        is_certain = not is_as_written and proof_of(kind)(line.data)
        check = None if is_certain else check_of(kind)
        if check is not None:
            check(line.data, "body")
        _encoder.encode_into(line, buffer)
    except _UNWRITABLE as error:
        message = f'an event of type "{line.type}" cannot be written to the journal: {error}'
        raise UnbookableError(message) from error
    if not is_certain and b"\n" in buffer:
        # Only a `msgspec.Raw` can bring one in; it would tear the line in two.
        message = f'an event of type "{line.type}" carries JSON with a line break in it'
        raise UnbookableError(message)
    del buffer[-1]
    if not (is_certain or is_as_written):
        _read_back(line, buffer)
    return buffer


def _read_back(line: Line, buffer: bytearray) -> None:
    """Find out now what the next start would not read, or read as something else."""
    begin = buffer.index(_BEFORE_BODY) + len(_BEFORE_BODY)
    end = len(buffer) - len(_AFTER_BODY) - len(line.prev) - 1
    refusal = f'an event of type "{line.type}" cannot be written to the journal'
    try:
        found = _decoder_of(line.type).decode(memoryview(buffer)[begin:end])
        is_same = found == line.data
    except (KeyError, msgspec.MsgspecError, ArithmeticError) as error:
        message = f"{refusal}: it could not be read back: {error}"
        raise UnbookableError(message) from error
    if not is_same:
        message = f"{refusal}: {_changed(line.data, found)} would come back as something else"
        raise UnbookableError(message)


def _changed(written: Any, found: Any) -> str:
    names = [field.name for field in attrs.fields(type(written))]
    return next((n for n in names if getattr(written, n) != getattr(found, n)), "it")


def decode(type_: str, data: bytes | memoryview) -> Body:
    """Decode the body of an event.

    Raises:
        JournalError: if the type is not known to this version or the body does not fit it.
    """
    try:
        found = _decoder_of(type_).decode(data)
    except KeyError:
        message = f'event type "{type_}" is not known to this version of nof0'
        hint = "the journal was written by a newer version: install that one"
        raise JournalError(message, hints=[hint]) from None
    except msgspec.MsgspecError as error:
        message = f'the body of an event of type "{type_}" does not fit: {error}'
        raise JournalError(message) from error
    if isinstance(found, _Market):
        found = MarketSeen(**msgspec.structs.asdict(found))
    body: Body = found
    return body


def copied(body: Body) -> Body:
    """Return an equal body that shares nothing with it which could be changed."""
    return decode(body.type, _encoder.encode(body))


def moment(time: datetime) -> str:
    """Write a moment in UTC with six decimals, 27 characters: `2025-07-01T00:00:00.000000Z`."""
    text = _encoder.encode(time.astimezone(UTC))[1:-2].decode()
    return f"{text}Z" if "." in text else f"{text}.000000Z"


def as_json(body: Body) -> dict[str, Any]:
    """Return the body as JSON knows it: objects, arrays, strings, numbers."""
    result: dict[str, Any] = msgspec.json.decode(_encoder.encode(body))
    return result


@cache
def _decoder_of(type_: str) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(_Market if type_ == MarketSeen.type else BODIES[type_])
