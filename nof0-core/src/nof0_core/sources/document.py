"""What a source gives out: the data of one answer, as JSON text that is never encoded again."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

import attrs
import msgspec

_NO_ROWS = re.compile(rb"\[\s*\]")


class SourceDownError(Exception):
    """The source cannot be read and there is no older data; the message names no path.

    `name` is what cannot be read (a file, a table) and `reason` why: for whoever runs nof0, never
    for clients.
    """

    def __init__(self, message: str, *, name: str = "", reason: str = "") -> None:
        super().__init__(message)
        self.name = name
        self.reason = reason


class UnknownModelError(Exception):
    """There is no model of that id."""


class _Tags(msgspec.Struct):
    model_id: str = ""
    since_inception_hourly_marker: int = 0
    symbol: str = ""


@attrs.frozen
class Row:
    """One row of a collection: whose it is, its hourly marker (0 without one), its text and coin.

    The text is a view into the document's data, not a copy.
    """

    model: str
    marker: int
    text: msgspec.Raw
    symbol: str = ""


def deflate(text: bytes | memoryview, *, level: int) -> bytes:
    """Compress a text that is part of a longer one, on its own."""
    compressor = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    return compressor.compress(text) + compressor.flush(zlib.Z_SYNC_FLUSH)


@attrs.define(eq=False, slots=False)
class Stretch:
    """Rows that follow each other, as the JSON text of a list. Treat it as frozen."""

    data: bytes

    @cached_property
    def inner(self) -> memoryview:
        """Return the text between the brackets, as a view; empty without rows."""
        text = self.data.strip()
        return memoryview(b"" if _NO_ROWS.fullmatch(text) else text)[1:-1]

    @cached_property
    def deflated(self) -> bytes:
        """Return `inner` as deflate blocks that others can stand before and after."""
        return deflate(self.inner, level=1)

    @cached_property
    def highest_marker(self) -> int:
        """Return the largest hourly marker of the rows, 0 without rows."""
        return max((row.marker for row in self.rows), default=0)

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """Split `data`, once.

        Raises:
            SourceDownError: it is not a list of objects.
        """
        try:
            return tuple(
                Row(tags.model_id, tags.since_inception_hourly_marker, text, tags.symbol)
                for text in msgspec.json.decode(self.data, type=list[msgspec.Raw])
                for tags in (msgspec.json.decode(text, type=_Tags),)
            )
        except msgspec.MsgspecError as error:
            message = "what was read is not a list of rows"
            raise SourceDownError(message) from error


@attrs.define(kw_only=True, eq=False)
class Document:
    """The data of one answer, as JSON text that is never encoded again. Treat it as frozen.

    A source returns the same object for as long as data and export are the same, and the same
    stretches for as long as the data is: what was made of them still holds.

    `key` is the name of the collection, `stretches` its rows in order (one that is no list is the
    text of a single stretch), `members` further top-level values as JSON text. `version` changes
    with the content and with nothing else. `made_at` is when the data was written, in seconds since
    1970 on the machine's clock; None while there is none. `export` is the number of the export that
    says so, the newest one with this content; 0 where exports have no numbers.
    """

    key: str
    stretches: Sequence[Stretch]
    members: Mapping[str, bytes] = attrs.field(factory=dict)
    version: str
    made_at: float | None
    export: int = 0

    @property
    def parts(self) -> list[bytes | memoryview]:
        """Return the JSON text of the whole collection in pieces to be joined.

        They are views: a year of rows is too much to be copied more than once.
        """
        if len(self.stretches) == 1:
            return [self.stretches[0].data]
        filled = (one.inner for one in self.stretches if one.inner)
        commas: list[bytes | memoryview] = [piece for rows in filled for piece in (b",", rows)]
        return [b"[", *commas[1:], b"]"]

    @property
    def data(self) -> bytes:
        """Return the JSON text of the whole collection."""
        return b"".join(self.parts)

    def rows(self, marker: int = 0) -> Iterator[Row]:
        """Go through the rows whose hourly marker is `marker` or more.

        Raises:
            SourceDownError: the collection is not a list of objects.
        """
        for one in self.stretches:
            if not marker or one.highest_marker >= marker:
                yield from (row for row in one.rows if row.marker >= marker)
