"""Exporters: who is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

from nof0_core.domain.event import Event
from nof0_core.domain.health import Health
from nof0_core.domain.journal_line import CheckpointFile, JournalLine
from nof0_core.domain.view import View
from nof0_core.protocols.projection import Projection


class ExporterCapability(StrEnum):
    """What an exporter can do beyond exporting; each word stands for methods.

    PROJECTIONS: `projections` (else it is told again at each start whatever its cursor lacks).
    HEALTH: `health` (else it counts as well for as long as it is open).
    FIGURES: `figures` (else nobody sees its numbers).
    LINES: `read_lines_from` (else it sees events, and never the bytes they are kept as).
    GAP: `begin_after` (else it stands still where days of the journal it lacks are archived).
    """

    PROJECTIONS = "projections"
    HEALTH = "health"
    FIGURES = "figures"
    LINES = "lines"
    GAP = "gap"


class JournalLines(Protocol):
    """The lines of the journal an exporter is told about."""

    async def between(self, after: int, last: int) -> Sequence[JournalLine]:
        """Return the lines with numbers above `after` up to `last`, ascending.

        `last` is at most the number of an event that was handed over, or the newest of an earlier
        run. Of what was lost or archived there are none. Asked for in order they are read once.

        Raises:
            JournalError: a line cannot be read.
        """

    async def checkpoint(self, above: int) -> CheckpointFile | None:
        """Return the newest checkpoint, if it is of a record above a number; else None."""


class Exporter(Protocol):
    """A reader of the journal with a cursor.

    The engine hands over events in order, starting after `cursor()`. When a call raises, or does
    not answer within 60 s of real time, the exporter is in quarantine: the engine goes on trading,
    leaves the cursor where it was and offers the same events again, after 1 s and then twice as
    long up to 60 s. Calls never overlap. Events and picture are the exporter's own.

    `OptionalExporterMethods` has the methods that words in `capabilities` stand for; an exporter
    without that attribute has none.
    """

    async def cursor(self) -> int:
        """Return the `seq` of the last event already exported; 0 to get everything again.

        One beyond the journal's last event belongs to another journal: nothing is exported then.
        """

    async def export(self, events: Sequence[Event], view: View) -> None:
        """Take over events, oldest first, and a picture of all accounts.

        With many events to catch up on they come in several calls with the same picture: it is
        ahead of the events until `view.seq` has been handed over.

        `events` may be empty (only prices moved). Must be idempotent by `seq`: after a crash the
        same events may come again.

        Raises:
            TransientError: the target is away; the same events will be offered again.
        """


class OptionalExporterMethods(Protocol):
    """Methods an exporter has if, and only if, `capabilities` has their word."""

    def projections(self) -> Sequence[Projection]:
        """PROJECTIONS: return what it remembers of the past, the same objects each time.

        The engine dumps them into checkpoints between two calls, and loads them after the exporter
        was opened, before it asks for `cursor()`: that then says how far they reach. The exporter
        applies events to them itself. Where one of them cannot be loaded all are as new.
        """

    def health(self) -> tuple[Health, str]:
        """HEALTH: say how the exporter is, as `HasHealth` says."""

    def figures(self) -> Mapping[str, float]:
        """FIGURES: tell numbers for people who watch, as `HasFigures` says."""

    def read_lines_from(self, lines: JournalLines) -> None:
        """LINES: take what gives the journal's lines; called once, before `cursor()`.

        Such an exporter is asked for its `cursor()` again after each failure.
        """

    def begin_after(self, seq: int, kept: Mapping[str, tuple[int, bytes]]) -> None:
        """GAP: go on behind record `seq`; of those it lacks up to there, some are archived.

        Called before the first event, once `cursor()` has answered something less; it is asked
        again then, and has to answer `seq` or more. `kept` is what a checkpoint has of projections
        that could not be loaded: version of their form and what was dumped, by name. Whoever goes
        on so tells a person what is not known any more.
        """
