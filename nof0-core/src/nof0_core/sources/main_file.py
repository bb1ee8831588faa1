"""One main file and what is known of it."""

from __future__ import annotations

import hashlib

import anyio
import attrs
import msgspec

from nof0_core.documents.export_note import digest_of
from nof0_core.documents.pieces import Part
from nof0_core.documents.whole import Whole, take_layout
from nof0_core.sources.document import Document, Stretch

Signature = tuple[int, int, int]
"""Time of change in ns, size, inode: what tells that a file is another one."""


@attrs.frozen(eq=False)
class Main:
    """What a main file says: the rows in it, further members, how rows and pieces follow.

    `digest` is that of its text, by which the note of an export knows it.
    """

    data: bytes
    members: dict[str, bytes]
    layout: tuple[Part, ...]
    version: str
    digest: str
    made_at: float


@attrs.define(eq=False)
class MainFile:
    """One file and what is known of it.

    `seen` is the signature last read, good or not. `document` is made of `whole_of` and its pieces.
    `is_torn` is set while the file is not the one that the newest export has.
    """

    name: str
    key: str
    pieces: Whole[Stretch]
    main: Main | None = None
    seen: Signature | None = None
    fault: str = ""
    document: Document | None = None
    whole_of: Main | None = None
    piece_fault: str = ""
    piece_at_fault: str = ""
    is_torn: bool = False
    lock: anyio.Lock = attrs.field(factory=anyio.Lock)


def parse(content: bytes, *, key: str, made_at: float) -> Main:
    """Check the text of a file and take it apart at the top level.

    Raises:
        ValueError: it is not whole, or not an object with a collection under `key`.
    """
    content.decode()
    members = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
    members.pop("serverTime", None)
    layout = take_layout(members)
    texts = {name: bytes(text) for name, text in members.items()}
    data = texts.pop(key, None)
    if data is None or data[:1] != (b"{" if key in ("prices", "engine") else b"["):
        message = f"there is no collection {key}"
        raise ValueError(message)
    digest = hashlib.blake2b(data, digest_size=9)
    for name, text in texts.items():
        digest.update(b"\0" + name.encode() + b"\0" + text)
    # A piece is named by its content: the layout stands for all rows in pieces.
    digest.update(msgspec.json.encode(layout))
    return Main(data, texts, layout, digest.hexdigest(), digest_of(content), made_at)
