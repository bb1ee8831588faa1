"""The pieces of documents in a database."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import msgspec

from nof0_core.documents.pieces import Part
from nof0_core.documents.whole import take_layout
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


def _named_in(text: bytes) -> set[str]:
    """Return the pieces that a text names; none where it cannot be read."""
    try:
        layout = take_layout(_members.decode(text))
    except ValueError:
        return set()
    return {part.piece for part in _all(layout) if part.piece}


def _all(layout: tuple[Part, ...]) -> list[Part]:
    return [each for part in layout for each in (part, *part.bars)]
