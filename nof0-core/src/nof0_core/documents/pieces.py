"""Pieces: rows that will not change any more, in files that are written once.

A collection that grows or is long lies in a main file with its newest rows and in pieces. The main
file's `layout` says how the whole is put together: so many rows of its own, so many of a piece, and
so on, in the order of the collection. A main file without one has all there is.

A piece is named by what it says, so its name stands for its content: whoever has read it need not
look again, the same journal makes the same pieces, and no name has anything in it that a trader, a
model or a venue chose.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Sequence
from typing import Annotated

import attrs
import msgspec

LAYOUT = "layout"
"""Key of a main file, and of a piece that only names others."""

PIECE_NAME = re.compile(r"[a-z][a-z-]*-[0-9a-f]{20}\.json")
"""What a piece can be called: the document it belongs to and a digest of its content."""

_encode = msgspec.json.Encoder().encode


class Part(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """An entry of a layout: the next `rows` rows of the collection.

    They are the next ones of the file itself, or, with a `piece`, those of that file from number
    `start` on, which is 0 for its first and `from` in JSON. `bars` belong in front of the bars of a
    single row.
    """

    rows: Annotated[int, msgspec.Meta(ge=1)]
    piece: Annotated[str, msgspec.Meta(pattern=rf"\A(?:{PIECE_NAME.pattern})?\Z")] = ""
    start: Annotated[int, msgspec.Meta(ge=0)] = msgspec.field(default=0, name="from")
    bars: tuple[Part, ...] = ()


class KeptPiece(msgspec.Struct):
    """A `Piece`, written down."""

    document: str
    key: str
    rows: list[bytes]
    layout: list[Part]

    def piece(self) -> Piece:
        """Return the piece."""
        return Piece.of(self.document, self.key, self.rows, layout=self.layout)


@attrs.frozen
class Piece:
    """A file of rows that stay as they are, or of a layout of further pieces."""

    name: str
    key: str
    rows: tuple[bytes, ...]
    layout: tuple[Part, ...]

    @classmethod
    def of(
        cls, document: str, key: str, rows: Iterable[bytes] = (), *, layout: Iterable[Part] = ()
    ) -> Piece:
        """Make a piece of a document, whose collection is called `key` there."""
        rows, layout = tuple(rows), tuple(layout)
        content = _content(key, rows, layout)
        digest = hashlib.blake2b(content, digest_size=10).hexdigest()
        return cls(f"{document}-{digest}.json", key, rows, layout)

    @property
    def content(self) -> bytes:
        """Return the text of the file."""
        return _content(self.key, self.rows, self.layout)

    @property
    def count(self) -> int:
        """Return how many rows it stands for."""
        return len(self.rows) or sum(part.rows for part in self.layout)

    def keep(self) -> KeptPiece:
        """Return it in what can be written down."""
        document = self.name.rpartition("-")[0]
        return KeptPiece(document, self.key, list(self.rows), list(self.layout))

    def part(self, *, start: int = 0, rows: int | None = None) -> Part:
        """Return the entry of a layout for all of it, or for `rows` rows from `start` on."""
        return Part(self.count - start if rows is None else rows, self.name, start)


@attrs.frozen(kw_only=True)
class Sheet:
    """A collection as it is to be written.

    `rows` are those of the main file, complete in themselves. `pieces` are those that may have to
    be written before it, `names` those of all pieces that belong to the whole.
    """

    rows: Sequence[bytes]
    layout: Sequence[Part] = ()
    pieces: Sequence[Piece] = ()
    names: Collection[str] = ()


def list_text(key: str, rows: Iterable[bytes]) -> bytes:
    """Write an object that is still open, with one list in it."""
    return b'{"%s":[%s]' % (key.encode(), b",".join(rows))


def layout_text(layout: Sequence[Part]) -> bytes:
    """Write a layout as a further member of an open object; nothing where there is none."""
    return b',"%s":%s' % (LAYOUT.encode(), _encode(layout)) if layout else b""


def _content(key: str, rows: Sequence[bytes], layout: Sequence[Part]) -> bytes:
    return list_text(key, rows) + layout_text(layout) + b"}"
