"""The documents of the API as the `json` exporter has written them, each with all its rows."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from nof0_core.documents.export_note import EXPORT_FILE, ExportNote, digest_of
from nof0_core.documents.whole_text import whole_text
from nof0_core.files import read_bytes

COLLECTIONS: Mapping[str, tuple[str, str]] = {
    "crypto-prices": ("prices", "short"),
    "trades": ("trades", "medium"),
    "positions": ("accountTotals", "medium"),
    "account-totals": ("accountTotals", "medium"),
    "conversations": ("conversations", "medium"),
    "analytics": ("analytics", "long"),
    "leaderboard": ("leaderboard", "long"),
    "since-inception-values": ("sinceInceptionValues", "long"),
}
"""Name of each document with its collection and how fast it changes."""


class TooLargeError(Exception):
    """A document has more bytes than it may have."""


class ServedFiles:
    """Reads the files of one directory; what an export has not finished is left for later."""

    def __init__(self, directory: Path, *, largest: int) -> None:
        """Prepare; a document of more than `largest` bytes is not read."""
        self._directory = directory
        self.largest = largest

    def digests(self) -> dict[str, str]:
        """Return the digest of each document of the newest export; empty where there is none."""
        try:
            note = ExportNote.of(read_bytes(self._directory / EXPORT_FILE))
        except (OSError, ValueError):
            return {}
        return {
            name: digest
            for name in COLLECTIONS
            if (digest := note.documents.get(f"{name}.json")) is not None
        }

    def read(self, name: str, digest: str) -> bytes | None:
        """Read a document; None where its file is not the one of that digest, or not whole.

        Raises:
            TooLargeError: it has too many bytes; no more of it was read.
        """
        left = self.largest

        def read(file: str) -> bytes:
            nonlocal left
            path = self._directory / file
            left -= path.stat().st_size
            if left < 0:
                raise TooLargeError
            return read_bytes(path)

        try:
            text = read(f"{name}.json")
            if digest_of(text) != digest:
                return None  # the next export has begun; it is read when that is finished
            return whole_text(COLLECTIONS[name][0], text, read)
        except (OSError, ValueError):
            return None
