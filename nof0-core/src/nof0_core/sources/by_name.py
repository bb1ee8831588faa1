"""The documents of a source, each loaded by its name."""

from __future__ import annotations

from abc import ABC, abstractmethod

import attrs

from nof0_core.clock import pause, wall_time
from nof0_core.documents.export_note import ExportNote
from nof0_core.sources.document import Document
from nof0_core.sources.empty import EMPTY, blank
from nof0_core.sources.heartbeat import as_heard
from nof0_core.sources.protocol import Export

_LOOK = 0.25
"""Seconds of real time between two looks whether there is a new export."""


class DocumentsByName(ABC):
    """What sources have in common, wherever they load a document from."""

    def __init__(self) -> None:
        self._empty = {name: blank(name) for name in EMPTY}
        self._heard: tuple[Document, Document] | None = None

    @abstractmethod
    async def _load(self, name: str) -> Document:
        """Load a document, an empty one where there is none yet.

        Raises:
            SourceDownError: it is there, or ought to be, and cannot be read.
        """

    @abstractmethod
    async def _shown_note(self) -> ExportNote | None:
        """Return the note of the export that is shown, None before the first."""

    @abstractmethod
    async def export(self) -> Export:
        """Return the newest export that is finished."""

    async def account_totals(self) -> Document:
        """Load the rows of all accounts at all hours."""
        return await self._load("account-totals")

    async def analytics(self) -> Document:
        """Load the analytics of all models."""
        return await self._load("analytics")

    async def crypto_prices(self) -> Document:
        """Load the newest prices."""
        return await self._load("crypto-prices")

    async def leaderboard(self) -> Document:
        """Load the ranking."""
        return await self._load("leaderboard")

    async def since_inception_values(self) -> Document:
        """Load what every account began with."""
        return await self._load("since-inception-values")

    async def trades(self) -> Document:
        """Load closed trades."""
        return await self._load("trades")

    async def positions(self) -> Document:
        """Load what every model holds."""
        return await self._load("positions")

    async def conversations(self) -> Document:
        """Load what was said in the newest cycles."""
        return await self._load("conversations")

    async def candles(self) -> Document:
        """Load the newest closed bars."""
        return await self._load("candles")

    async def status(self) -> Document:
        """Load the status, as it reads at this moment."""
        found = await self._load("status")
        note = await self._shown_note()
        heard = as_heard(found, every=note.every if note else None, now=wall_time())
        if heard is found:
            return found
        if self._heard is None or self._heard[0] is not found:
            self._heard = found, heard
        return self._heard[1]

    async def newer(self, than: int) -> Export:
        """Look every quarter of a second until there is another export."""
        while (found := await self.export()).number == than:
            await pause(_LOOK)
        return found

    def _empty_of(self, name: str, export: int) -> Document:
        """Return a document without rows, of the export of this number."""
        empty = self._empty[name]
        if empty.export != export:
            empty = self._empty[name] = attrs.evolve(empty, export=export)
        return empty
