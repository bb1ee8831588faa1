"""The text of a document with all its rows, whatever pieces it lies in."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from nof0_core.documents.whole import PieceError, Whole, take_layout

_members = msgspec.json.Decoder(dict[str, msgspec.Raw])


def whole_text(key: str, text: bytes, read: Callable[[str], bytes]) -> bytes:
    """Return the text of a document with all its rows; as it is where it has no pieces.

    Args:
        key: name of its collection.
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
    whole: Whole[bytes] = Whole(key, read=read, make=bytes)
    try:
        stretches = whole.stretches(bytes(members.get(key, b"[]")), layout)
    except PieceError as error:
        message = f"its piece {error.name}: {error}"
        raise ValueError(message) from error
    rows = b",".join(part for each in stretches if (part := each.strip()[1:-1].strip()))
    members[key] = msgspec.Raw(b"[%b]" % rows)
    return msgspec.json.encode(members)
