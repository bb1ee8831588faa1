"""Reading a collection that lies in a main file and pieces (`documents.pieces`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Generic, TypeVar

import attrs
import msgspec

from nof0_core.documents.pieces import LAYOUT, Part
from nof0_core.documents.prompt_once import with_prompt

T = TypeVar("T")
Rows = Sequence[bytes | msgspec.Raw]

_DEEPEST = 3
"""How far pieces may name pieces: hours need one step."""

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_rows = msgspec.json.Decoder(list[msgspec.Raw])
_layout = msgspec.json.Decoder(tuple[Part, ...])


class PieceError(Exception):
    """A piece that a main file names cannot be used; `name` is its file, `str()` says why."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(reason)
        self.name = name


@attrs.frozen
class _Opened(Generic[T]):
    """A piece that was read: its rows as JSON text, their number, and what was made of them."""

    text: bytes
    count: int
    layout: tuple[Part, ...]
    made: T


class Whole(Generic[T]):
    """Puts one collection together, again and again; each piece is read once.

    Args:
        key: name of the collection.
        read: reads the file of a piece; raises `OSError`.
        make: makes something of the JSON text of a list of rows. For a piece that is wholly used
            it is called once: the same object comes back as long as the piece is named.
    """

    def __init__(
        self, key: str, *, read: Callable[[str], bytes], make: Callable[[bytes], T]
    ) -> None:
        self._key = key
        self._read = read
        self._make = make
        self._opened: dict[str, _Opened[T]] = {}

    @property
    def names(self) -> set[str]:
        """Return the pieces that the collection put together last is made of."""
        return set(self._opened)

    def stretches(self, data: bytes, layout: Sequence[Part]) -> list[T]:
        """Make something of each stretch of rows, in the order of the collection.

        What is known of pieces is then that of this layout alone.

        Args:
            data: JSON text of the rows in the main file.
            layout: how they and the pieces follow each other.

        Raises:
            PieceError: a piece is not there or is not what the layout says.
            ValueError: rows and layout do not fit.
        """
        before, self._opened = self._opened, {}
        try:
            return [*self._follow(layout, _rows.decode(data), before, _DEEPEST)]
        except BaseException:
            # What was read so far is right whatever is wrong with the rest.
            self._opened = {**before, **self._opened}
            raise

    def _follow(
        self, layout: Sequence[Part], own: Rows, before: dict[str, _Opened[T]], depth: int
    ) -> Iterator[T]:
        at = 0
        for part in layout:
            if part.piece:
                yield from self._piece(part, before, depth)
                continue
            rows, at = own[at : at + part.rows], at + part.rows
            if part.bars:
                rows = [self._with_bars(rows, part, before)]
            yield self._make(_list(rows))
        if at != len(own):
            message = f"its layout is about {at} rows of its own, and it has {len(own)}"
            raise ValueError(message)

    def _piece(self, part: Part, before: dict[str, _Opened[T]], depth: int) -> Iterator[T]:
        opened = self._open(part.piece, self._key, before)
        if opened.layout:
            if not depth or part.start or part.bars:
                raise PieceError(part.piece, "pieces name pieces in a way that leads nowhere")
            yield from self._follow(opened.layout, _rows.decode(opened.text), before, depth - 1)
        elif not part.start and part.rows == opened.count:
            yield opened.made
        else:
            yield self._make(_list(_cut(opened, part)))

    def _with_bars(self, rows: Rows, part: Part, before: dict[str, _Opened[T]]) -> bytes:
        """Put the bars of pieces in front of those of a row."""
        if len(rows) != 1:
            message = "bars of pieces belong to one row each"
            raise ValueError(message)
        members = _members.decode(rows[0])
        bars: list[bytes | msgspec.Raw] = []
        for each in part.bars:
            bars += _cut(self._open(each.piece, "bars", before), each)
        bars += _rows.decode(members.get("bars", b""))
        members["bars"] = msgspec.Raw(_list(bars))
        text = b",".join(
            b"%b:%b" % (msgspec.json.encode(key), value) for key, value in members.items()
        )
        return b"{%b}" % text

    def _open(self, name: str, key: str, before: dict[str, _Opened[T]]) -> _Opened[T]:
        known = self._opened.get(name) or before.get(name)
        if known is None:
            known = self._read_piece(name, key)
        self._opened[name] = known
        return known

    def _read_piece(self, name: str, key: str) -> _Opened[T]:
        try:
            content = self._read(name)
        except OSError as error:
            raise PieceError(name, error.strerror or "unreadable") from error
        try:
            content.decode()
            members = _members.decode(content)
            text = bytes(members[key])
            rows = _rows.decode(text)
            layout = _layout.decode(members.get(LAYOUT, b"[]"))
            if key == "conversations":
                text = _list([with_prompt(row) for row in rows])
        except (ValueError, KeyError) as error:
            raise PieceError(name, f"it is no piece with a list {key}: {error}") from error
        return _Opened(text, len(rows), layout, self._make(text))


def take_layout(members: dict[str, msgspec.Raw]) -> tuple[Part, ...]:
    """Take the layout out of the members of a main file; empty where all rows are in it.

    Raises:
        ValueError: it is none.
    """
    found = members.pop(LAYOUT, None)
    return () if found is None else _layout.decode(found)


def _cut(opened: _Opened[T], part: Part) -> Rows:
    rows = _rows.decode(opened.text)[part.start : part.start + part.rows]
    if len(rows) != part.rows:
        raise PieceError(part.piece, f"it has {opened.count} rows, fewer than are asked of it")
    return rows


def _list(rows: Rows) -> bytes:
    return b"[%b]" % b",".join(rows)
