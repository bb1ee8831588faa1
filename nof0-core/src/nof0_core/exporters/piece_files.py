"""The pieces of the API's files on disk: written once, removed when nobody needs them."""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet
from pathlib import Path

from nof0_core.documents.pieces import PIECE_NAME, Piece
from nof0_core.exporters.files import holds, replace_file

DOCUMENTS = ("account-totals", "candles", "conversations", "trades")
"""The documents that have pieces: nothing else in the directory is ever removed."""

_DRAFT = re.compile(r"\.(.*)\.part")


class PieceFiles:
    """The pieces in one directory. Not for use by two threads at a time."""

    def __init__(self, path: Path, *, section: str) -> None:
        self._path = path
        self._section = section
        self._there: set[str] = set()
        self._retired: set[str] = set()
        self._knows_all = False

    def found(self) -> frozenset[str]:
        """Return the names of the pieces that are in the directory."""
        return frozenset(name for name in self._left() if PIECE_NAME.fullmatch(name))

    def write(self, piece: Piece) -> None:
        """Write a piece that is not there yet.

        Raises:
            TransientError: it cannot be written.
        """
        if piece.name in self._there:
            return
        path, content = self._path / piece.name, piece.content
        # After a restart it is there already, and readers need not read it twice.
        if not holds(path, content):
            replace_file(path, content, section=self._section)
        self._there.add(piece.name)

    def retire(self, named: AbstractSet[str], *, at_once: bool) -> None:
        """Remove pieces that no main file names any more, now that all of those are in place.

        It is done a round later, or `at_once`: who has just read a main file that was replaced
        finds what it names. The first time the directory is searched for what an earlier run left.
        """
        if not self._knows_all:
            self._there |= self._left()
            self._knows_all = True
        unnamed = self._there - named
        for name in unnamed if at_once else unnamed & self._retired:
            try:
                (self._path / name).unlink(missing_ok=True)
            except OSError:
                # Nobody reads it; it is tried again in the next round.
                continue
            self._there.discard(name)
        self._retired = unnamed & self._there

    def _left(self) -> set[str]:
        """Return the names of all pieces, and of drafts of them that a killed process left."""
        try:
            names = [path.name for path in self._path.iterdir()]
        except OSError:
            return set()
        return {name for name in names if _is_ours(name)}


def _is_ours(name: str) -> bool:
    draft = _DRAFT.fullmatch(name)
    piece = draft[1] if draft else name
    return bool(PIECE_NAME.fullmatch(piece)) and piece.rpartition("-")[0] in DOCUMENTS
