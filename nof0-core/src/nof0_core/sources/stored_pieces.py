"""The pieces of documents in a database, and documents put together of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

import msgspec

from nof0_core.documents.pieces import Part
from nof0_core.documents.whole import PieceError, Whole, take_layout
from nof0_core.sources.empty import key_of
from nof0_core.storage.database import Session
from nof0_core.storage.documents import contents

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


async def fetch_pieces(
    session: Session, engine: str, texts: Iterable[bytes], *, have: Collection[str] = ()
) -> dict[str, bytes]:
    """Read the pieces that documents name, and those that pieces name, by name.

    Args:
        session: the transaction in which the documents were read.
        engine: whose they are.
        texts: the documents.
        have: pieces that need not be read.
    """
    fetched: dict[str, bytes] = {}
    wanted = {piece for text in texts for piece in _named_in(text)} - set(have)
    while wanted:
        found = await contents(session, engine, wanted)
        fetched |= found
        named = {piece for text in found.values() for piece in _named_in(text)}
        wanted = named - set(have) - fetched.keys()
    return fetched


def whole_text(name: str, text: bytes, read: Callable[[str], bytes]) -> bytes:
    """Return the text of a document with all its rows; as it is where it has no pieces.

    Args:
        name: the document, without `.json`.
        text: what its main file says.
        read: reads a piece; raises `OSError`.

    Raises:
        ValueError: it is not whole, or a piece of it is not there.
    """
    text.decode()
    members = _members.decode(text)
    layout = take_layout(members)
    if not layout:
        return text
    key = key_of(name)
    whole: Whole[bytes] = Whole(key, read=read, make=bytes)
    try:
        stretches = whole.stretches(bytes(members.get(key, b"[]")), layout)
    except PieceError as error:
        message = f"its piece {error.name}: {error}"
        raise ValueError(message) from error
    rows = b",".join(part for each in stretches if (part := each.strip()[1:-1].strip()))
    members[key] = msgspec.Raw(b"[%b]" % rows)
    return msgspec.json.encode(members)


def _named_in(text: bytes) -> set[str]:
    """Return the pieces that a text names; none where it cannot be read."""
    try:
        layout = take_layout(_members.decode(text))
    except ValueError:
        return set()
    return {part.piece for part in _all(layout) if part.piece}


def _all(layout: tuple[Part, ...]) -> list[Part]:
    return [each for part in layout for each in (part, *part.bars)]
