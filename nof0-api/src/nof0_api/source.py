"""Where answers come from: the protocol, and what it gives out.

Nothing else in this package knows whether data lies in files or in a database.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Literal, Protocol

import attrs
import msgspec

_NO_ROWS = re.compile(rb"\[\s*\]")

State = Literal["ok", "empty", "stale", "down"]
"""`ok`: readable. `empty`: nothing there yet. `stale`: cannot be read now, the last good data
stands. `down`: cannot be read, and there is nothing older to show."""


class SourceDownError(Exception):
    """The source cannot be read and there is no older data; the message names no path."""


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

    A source returns the same object for as long as the data is the same: whoever made something of
    it can tell by identity that it still holds.

    `key` is the name of the collection, `stretches` its rows in order (one that is no list is the
    text of a single stretch), `members` further top-level values as JSON text. `version` changes
    with the content. `made_at` is when the data was written, in seconds since 1970 on the machine's
    clock; None while there is none.
    """

    key: str
    stretches: Sequence[Stretch]
    members: Mapping[str, bytes] = attrs.field(factory=dict)
    version: str
    made_at: float | None

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


@attrs.frozen(kw_only=True)
class DocumentHealth:
    """How one document is; `age_seconds` since it was written, None while there is none."""

    state: State
    age_seconds: float | None


@attrs.frozen(kw_only=True)
class SourceHealth:
    """How a source is; `documents` by the last part of their route."""

    source: str
    documents: Mapping[str, DocumentHealth]

    @property
    def newest_age_seconds(self) -> float | None:
        """Return the age of the newest data, None while there is none."""
        ages = [one.age_seconds for one in self.documents.values() if one.age_seconds is not None]
        return min(ages, default=None)

    @property
    def state(self) -> State:
        """Return the worst state of a document; `empty` only where all are."""
        states = {one.state for one in self.documents.values()}
        for bad in ("down", "stale"):
            if bad in states:
                return bad
        return "empty" if states == {"empty"} else "ok"


class DataSource(Protocol):
    """The ten loads, and how the source is.

    Each load returns the newest good data, empty collections while there is none. It may be called
    for every answer, so it must cost next to nothing while the data is the same.

    Raises (all ten):
        SourceDownError: it cannot be read and nothing older is known.
    """

    async def account_totals(self) -> Document:
        """Load the rows of all accounts at all hours, oldest first."""

    async def analytics(self) -> Document:
        """Load the analytics of all models."""

    async def model_analytics(self, model: str) -> Document:
        """Load the analytics of one model.

        Args:
            model: as it stands in the request; it may be anything.

        Raises:
            UnknownModelError: there is none of that id.
        """

    async def crypto_prices(self) -> Document:
        """Load the newest prices by symbol."""

    async def leaderboard(self) -> Document:
        """Load the ranking, best return first, who is not ranked last."""

    async def since_inception_values(self) -> Document:
        """Load what every account began with."""

    async def trades(self) -> Document:
        """Load closed trades, newest exit first within a model."""

    async def positions(self) -> Document:
        """Load what every model holds."""

    async def conversations(self) -> Document:
        """Load what was said in the newest cycles, newest first."""

    async def candles(self) -> Document:
        """Load the newest closed bars, a row per market section, coin and interval."""

    async def health(self) -> SourceHealth:
        """Say how the source is; never raises."""
