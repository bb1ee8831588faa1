"""Answers as bytes: packed once per change of the data, stamped with the time when they are sent.

`serverTime` stands at the end of each answer, so that all before it can be made, compressed and
named by its ETag beforehand. In the compressed form it is a stored block of its own in the same
gzip member; nothing is compressed twice.
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Callable

import attrs

from nof0_api.asgi import Header, answer
from nof0_api.negotiation import Choice
from nof0_core.sources import Document, Row, deflate

_WORTH_ZIPPING = 600
"""Bytes below which compression saves no packet."""
_LARGE = 1_000_000
"""Bytes from which on compression has to be quick."""
_KEPT = 32_000_000
"""Bytes up to which the compressed form of each stretch is kept, a tenth or so of its size."""
_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_JSON: Header = (b"content-type", b"application/json")


@attrs.frozen(kw_only=True, eq=False)
class Packed:
    """The part of an answer that does not depend on when it is sent.

    `text` is a JSON object without its end; `zipped` the same as an unfinished gzip member, None
    where that is not worth it, and `checksum` its CRC-32.
    """

    text: bytes
    zipped: bytes | None
    checksum: int
    tag: bytes

    @property
    def size(self) -> int:
        """Return how many bytes it holds."""
        return len(self.text) + len(self.zipped or b"")


def pack(document: Document, choose: Callable[[Document], list[Row]] | None) -> Packed:
    """Write a document, or the rows `choose` takes of it; may take a while for a large one.

    Raises:
        SourceDownError: the document has no rows to choose from.
    """
    version = document.version.encode()
    if choose is None:
        data = document.parts
    else:
        data = [b"[", b",".join(row.text for row in choose(document)), b"]"]
    head = b'{"%s":' % document.key.encode()
    more = [b',"%s":%s' % (name.encode(), text) for name, text in document.members.items()]
    text = b"".join([head, *data, *more])
    if choose is not None:
        # Rows that were left out may change without changing this answer.
        version = hashlib.blake2b(text, digest_size=9).hexdigest().encode()
    zipped = None
    if choose is None and len(document.stretches) > 1 and len(text) <= _KEPT:
        zipped = _GZIP_HEAD + _deflated_once(document, head=head, end=b"".join(more))
    elif len(text) >= _WORTH_ZIPPING:
        zipped = _GZIP_HEAD + deflate(text, level=1 if len(text) > _LARGE else 6)
    return Packed(
        text=text,
        zipped=zipped,
        checksum=zlib.crc32(text),
        tag=b'W/"%s"' % version,
    )


def _deflated_once(document: Document, *, head: bytes, end: bytes) -> bytes:
    """Compress a document of several stretches, of which only new ones cost anything."""
    filled = [one.deflated for one in document.stretches if one.inner]
    comma = _stored(b",")
    return b"".join(
        [deflate(head + b"[", level=1), comma.join(filled), deflate(b"]" + end, level=1)]
    )


def _stored(text: bytes) -> bytes:
    """Write a block of a short text as it is."""
    return b"\x00" + struct.pack("<HH", len(text), len(text) ^ 0xFFFF) + text


@attrs.frozen(kw_only=True, eq=False)
class Ready(Choice):
    """An answer with its time in it, good `until` a moment of the stopwatch."""

    until: float


def stamp(
    packed: Packed,
    *,
    made_at: float | None,
    export: int,
    now: float,
    until: float,
    max_age: int,
    has_time: bool,
) -> Ready:
    """Finish an answer with the time.

    Args:
        packed: the rest of it.
        made_at: when its data was written, in seconds since 1970; None while there is none.
        export: number of the export that says so.
        now: seconds since 1970 on the machine's clock.
        until: moment of the stopwatch up to which this may be sent.
        max_age: seconds a client may keep it; 0: it has to ask each time.
        has_time: whether the answer has a `serverTime`.
    """
    end = b',"serverTime":%d}' % int(now * 1000) if has_time else b"}"
    shared: list[Header] = [
        (b"etag", packed.tag),
        (b"cache-control", b"public, max-age=%d" % max_age if max_age else b"no-cache"),
        (b"vary", b"Accept-Encoding"),
        (b"nof0-export", b"%d" % export),
    ]
    if made_at is not None:
        shared.append((b"x-data-age", b"%d" % max(0, now - made_at)))
    zipped = None
    if packed.zipped is not None:
        size = (len(packed.text) + len(end)) & 0xFFFFFFFF
        stored = b"\x01" + struct.pack("<HH", len(end), len(end) ^ 0xFFFF) + end
        closing = struct.pack("<II", zlib.crc32(end, packed.checksum), size)
        body = packed.zipped + stored + closing
        zipped = answer(200, [*shared, _JSON, (b"content-encoding", b"gzip")], body)
    return Ready(
        until=until,
        tag=packed.tag,
        plain=answer(200, [*shared, _JSON], packed.text + end),
        zipped=zipped,
        unchanged=answer(304, shared, None),
    )
