"""One document of a database and what is known of it."""

from __future__ import annotations

import errno
from collections.abc import Mapping

import attrs

from nof0_core.documents.whole import PieceError, Whole
from nof0_core.sources.document import Document, Stretch
from nof0_core.sources.empty import key_of
from nof0_core.sources.main_file import parse
from nof0_core.storage.documents import Known


class KeptDocument:
    """A document and what the database knew it by when it was read."""

    def __init__(self, name: str) -> None:
        self.known: Known | None = None
        self.document: Document | None = None
        self._fetched: Mapping[str, bytes] = {}
        self._key = key_of(name.removesuffix(".json"))
        self._pieces: Whole[Stretch] = Whole(self._key, read=self._piece, make=Stretch)

    @property
    def pieces(self) -> set[str]:
        """Return the names of the pieces that need not be read again."""
        return self._pieces.names

    def number(self, export: int) -> None:
        """Say that it is of an export: it has not changed."""
        if self.document is not None and self.document.export != export:
            self.document = attrs.evolve(self.document, export=export)

    def renew(self, text: bytes, known: Known, export: int, fetched: Mapping[str, bytes]) -> None:
        """Make it of a text, its pieces and those that were fetched for it.

        Raises:
            ValueError: it is not whole, and what was good before stands.
        """
        main = parse(text, key=self._key, made_at=known.made_at)
        stretches = [Stretch(main.data)]
        self._fetched = fetched
        try:
            if main.layout:
                stretches = self._pieces.stretches(main.data, main.layout)
        except PieceError as error:
            message = f"its piece {error.name}: {error}"
            raise ValueError(message) from error
        finally:
            self._fetched = {}
        self.known = known
        self.document = Document(
            key=self._key,
            stretches=stretches,
            members=main.members,
            version=main.version,
            made_at=main.made_at,
            export=export,
        )

    def _piece(self, name: str) -> bytes:
        if name not in self._fetched:
            raise FileNotFoundError(errno.ENOENT, "it is not there")
        return self._fetched[name]
