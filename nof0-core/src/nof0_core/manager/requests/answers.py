"""What a person waits for: the answer to a request, in a file of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from nof0_core.files import TEXT_LIMIT, read_bytes
from nof0_core.manager.requests.place import put, remove

KEPT = 20
"""So many answers stay where nobody takes them away; older ones go."""


class Answers:
    """The answers in one data directory, by the name of the request.

    The journal has what became of every request; these are for whoever waits, and may be lost.
    """

    def __init__(self, state_dir: Path) -> None:
        self.directory = state_dir / "control" / "answers"

    def put(self, request: str, document: Any) -> None:
        """Write an answer, and take old ones away that nobody wanted.

        Raises:
            UsageError: it cannot be written.
        """
        put(self.directory / f"{request}.json", document)
        for path in sorted(self.directory.glob("*.json"))[:-KEPT]:
            remove(path)

    def read(self, request: str) -> Any:
        """Return an answer, None if there is none (yet)."""
        try:
            return msgspec.json.decode(
                read_bytes(self.directory / f"{request}.json", limit=TEXT_LIMIT)
            )
        except (OSError, ValueError, RecursionError):
            return None

    def drop(self, request: str) -> None:
        """Take an answer away.

        Raises:
            UsageError: it cannot be removed.
        """
        remove(self.directory / f"{request}.json")
