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

import msgspec

from nof0_core.domain.event import BODIES, Body, MarketSeen
from nof0_core.errors import JournalError
from nof0_core.journal.fidelity import check_of

_encoder = msgspec.json.Encoder()


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
    snapshots: msgspec.Raw


def encode(line: Line) -> bytearray:
    """Encode a line with one pass over its body; the object is still open (no `}` at the end).

    Raises:
        JournalError: for a body that would not come back as it is: NaN or infinity, a moment
            without time zone, or a value JSON has no form for.
    """
    buffer = bytearray()
    kind: Any = type(line.data)
    try:
        check = check_of(kind)
        if check is not None:
            check(line.data, "body")
        _encoder.encode_into(line, buffer)
    except (TypeError, ValueError, OverflowError) as error:
        message = f'an event of type "{line.type}" cannot be written to the journal: {error}'
        raise JournalError(message) from error
    if b"\n" in buffer:
        # Only a `msgspec.Raw` can bring one in; it would tear the line in two.
        message = f'an event of type "{line.type}" carries JSON with a line break in it'
        raise JournalError(message)
    del buffer[-1]
    return buffer


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
        found = MarketSeen(section=found.section, digest=found.digest, snapshots=found.snapshots)
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
