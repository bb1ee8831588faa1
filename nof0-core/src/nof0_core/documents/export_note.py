"""`export.json`: which export the files beside it are of."""

from __future__ import annotations

import hashlib
from typing import Annotated

import msgspec

EXPORT_FILE = "export.json"


class ExportNote(msgspec.Struct, frozen=True, kw_only=True):
    """What is written last in a round of exports, when all files are in place.

    `export` is the number of the round, which only grows, also over restarts; `time` is when it was
    finished and `every` how long until the next, both in seconds of real time (since 1970 UTC).
    `documents` has the digest of each main file as it is in this export.
    """

    export: Annotated[int, msgspec.Meta(ge=0)]
    time: float
    every: Annotated[float, msgspec.Meta(gt=0)] | None = None
    documents: dict[str, str] = {}

    def text(self) -> bytes:
        """Return the text of the file."""
        return msgspec.json.encode(self)

    @classmethod
    def of(cls, content: bytes) -> ExportNote:
        """Read the text of the file.

        Raises:
            ValueError: it is something else.
        """
        return msgspec.json.decode(content, type=cls)


def digest_of(*content: bytes) -> str:
    """Return what a main file is known by in the note; its text may come in parts."""
    found = hashlib.blake2b(digest_size=10)
    for part in content:
        found.update(part)
    return found.hexdigest()
