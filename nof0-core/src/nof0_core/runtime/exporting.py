"""One exporter, which nobody waits for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import attrs

from nof0_core.border.values import SHOWN, shown
from nof0_core.cancellation import Apart
from nof0_core.domain.event import Event
from nof0_core.domain.measured import ExporterState
from nof0_core.domain.view import View
from nof0_core.errors import each_in_words
from nof0_core.execution.limits import Limits
from nof0_core.journal import Journal
from nof0_core.plugins.env import Logger
from nof0_core.protocols import Exporter, ExporterCapability, exporter_with
from nof0_core.runtime.backlog import Backlog
from nof0_core.runtime.export_copies import Copies
from nof0_core.runtime.export_lines import LinesOfJournal
from nof0_core.runtime.export_parts import dumped, loaded, unloaded
from nof0_core.state.checkpoint import Part

FIRST_WAIT = 1.0
"""Seconds of real time before an exporter in quarantine is tried again; then twice as long, …"""
LONGEST_WAIT = 60.0
"""… up to this."""
BREAKING_OFF = 1.0
"""How long a call may take to end once it is broken off, in seconds of real time."""


class TroubleError(Exception):
    """An exporter did not do what it was asked; `str()` says which verb, and how it failed."""


@attrs.frozen(kw_only=True)
class Output:
    """An exporter's section: `plugin` is the distribution it comes from, "" for nof0's own.

    `open` opens it; what it begins ends when the run does.
    """

    name: str
    plugin: str
    open: Callable[[], Coroutine[Any, Any, Exporter]]


class Exporting:
    """Opens an exporter, and hands it events and pictures as they come.

    Whatever it does meanwhile, nobody else waits: each call has a time limit in real seconds, on a
    lockstep clock too, for no result depends on it. An exporter that fails is in quarantine until
    something it was asked works again; it loses nothing, for its position stays where it is. What
    is not nof0's own is handed copies.
    """

    def __init__(
        self,
        *,
        output: Output,
        journal: Journal,
        limits: Limits,
        redact: Callable[[str], str],
        log: Logger,
        parts: Mapping[str, Part] | None = None,
        checkpoints: Path | None = None,
    ) -> None:
        self.name = output.name
        self._checkpoints = checkpoints
        self._output = output
        self._journal = journal
        self._newest = journal.last_seq
        self._handed = 0
        self._limits = limits
        self._redact = redact
        self._log = log
        self._parts = parts or {}
        self._free = anyio.Event()
        self._backlog = Backlog(journal)
        self._copies = Copies() if output.plugin else None
        self._exporter: Exporter | None = None
        self._position: int | None = None
        self._view: View | None = None
        self._is_told = False
        self._is_unsure = False
        self._stuck: Apart[Any] | None = None
        self._trouble = ""
        self._failures = 0
        self._wait = FIRST_WAIT
        self._is_ending = False
        self._wake = anyio.Event()

    def notice(self, event: Event) -> None:
        """Keep a new event for it."""
        self._backlog.add(event)

    def show(self, view: View, *, is_last: bool = False) -> None:
        """Let it take over what has happened up to this picture; after the last one it ends."""
        self._view, self._is_told = view, False
        self._is_ending = self._is_ending or is_last
        self._wake.set()

    async def free(self, within: float) -> bool:
        """Wait until it is asked nothing, for so many seconds of real time; tell whether it is."""
        with anyio.move_on_after(within):
            while self._stuck is not None:
                await self._free.wait()
        return self._stuck is None

    def parts(self) -> list[Part]:
        """Return what it remembers, for a checkpoint; nothing while it is asked something."""
        if self._exporter is None or self._position is None or self._stuck is not None:
            return []
        return dumped(self.name, self._exporter, self._log)

    @property
    def state(self) -> ExporterState:
        """Return how it is; before it has said where it is, it lacks everything."""
        return ExporterState(
            exporter=self.name,
            behind=self._journal.last_seq - (self._position or 0),
            failures=self._failures,
            trouble=self._trouble,
        )

    async def run(self) -> None:
        """Hand over until the last picture was tried."""
        while True:
            is_last, self._wake = self._is_ending, anyio.Event()
            try:
                await self._catch_up()
            except TroubleError as trouble:
                self._fail(str(trouble))
                if is_last:
                    return
                wait, self._wait = self._wait, min(2 * self._wait, LONGEST_WAIT)
                await self._rest(wait)
            else:
                self._recover()
                if is_last:
                    return
                await self._wake.wait()

    async def _rest(self, seconds: float) -> None:
        """Wait before the next try; the end of the run cuts it short."""
        with anyio.move_on_after(seconds):
            while not self._is_ending:
                await self._wake.wait()
                if not self._is_ending:
                    self._wake = anyio.Event()

    async def _catch_up(self) -> None:
        if self._exporter is None:
            grace = BREAKING_OFF + 2 * self._limits.close
            self._exporter = await self._ask(
                "opening", self._output.open, self._limits.open, grace=grace
            )
            if loaded(self.name, self._exporter, self._parts, self._log):
                self._parts = {}
            able = exporter_with(self._exporter, ExporterCapability.LINES)
            if able is not None:
                able.read_lines_from(LinesOfJournal(self._journal, self._checkpoints))
        exporter = self._exporter
        if self._position is None or self._is_unsure:
            answer = await self._ask("cursor", exporter.cursor, self._limits.export)
            self._position, self._is_unsure = self._checked(answer), False
            await self._pass_over_archived(exporter, self._position)
            self._parts = {}
        while not self._is_told and self._view is not None:
            view, self._is_told = self._view, True
            try:
                await self._hand_over(exporter, view)
            except BaseException:
                # A database may be elsewhere after a failure: what was asked of it may have been
                # done, or undone.
                is_kept_there = exporter_with(exporter, ExporterCapability.LINES) is not None
                self._is_told, self._is_unsure = False, is_kept_there
                raise

    async def _pass_over_archived(self, exporter: Exporter, position: int) -> None:
        """Let one that can do without what is archived go on behind it.

        Raises:
            TroubleError: it could not, or does not say that it is there.
        """
        last = self._journal.days.archived_to(position)
        able = exporter_with(exporter, ExporterCapability.GAP)
        if not last or able is None:
            return
        begin = able.begin_after

        async def call() -> None:
            begin(last, unloaded(self.name, self._parts))

        self._position = None
        await self._ask("begin_after", call, self._limits.export)
        reached = self._checked(await self._ask("cursor", exporter.cursor, self._limits.export))
        if reached < last:
            message = f"cursor: {reached} after it was told to begin after {last}"
            raise TroubleError(message)
        self._position = reached

    async def _hand_over(self, exporter: Exporter, view: View) -> None:
        """Hand over what happened up to a picture, and the picture in any case."""
        position = self._position or 0
        while True:
            try:
                events = await self._backlog.after(position, view.seq)
                told, picture = events, view
                if self._copies is not None:
                    told = await self._copies.events(events)
                    picture = await self._copies.view(view)
            except Exception as error:
                message = f"what it is to be told cannot be read: {_words(error)}"
                raise TroubleError(message) from error
            self._handed = max(self._handed, events[-1].seq if events else 0)
            await self._ask("export", partial(exporter.export, told, picture), self._limits.export)
            # What follows may fail: this much it has, and there may always be more to take.
            self._position = position = events[-1].seq if events else position
            self._recover()
            if position >= view.seq or not events:
                return

    async def _ask(
        self,
        verb: str,
        ask: Callable[[], Awaitable[Any]],
        within: float,
        *,
        grace: float = BREAKING_OFF,
    ) -> Any:
        """Ask it something, in a task of its own; it is asked nothing else meanwhile.

        Raises:
            TroubleError: it raised, did not answer in time, or an earlier call still goes on.
        """

        async def call() -> Any:
            return await ask()

        if self._stuck is not None and not await self._stuck.is_done(within):
            message = f"{verb}: an earlier call can neither be waited for nor broken off"
            raise TroubleError(message)
        self._stuck = work = Apart(call)
        try:
            if not await work.is_done(within):
                message = f"{verb}: no answer within {within:g} s"
                raise TroubleError(message)
        finally:
            if work.done.is_set() or await work.break_off(grace):
                self._stuck = None
                self._free.set()
                self._free = anyio.Event()
        if isinstance(work.error, anyio.get_cancelled_exc_class()):
            message = f"{verb}: it cancelled itself"
            raise TroubleError(message) from work.error
        if work.error is not None:
            message = f"{verb}: {_words(work.error)}"
            raise TroubleError(message) from work.error
        return work.answer

    def _checked(self, cursor: object) -> int:
        """Return the number an exporter goes on after.

        Raises:
            TroubleError: it is none, or none of this journal.
        """
        if type(cursor) is not int or cursor < 0:
            message = f"cursor: answered {shown(cursor)}, not the number of an event or 0"
            raise TroubleError(message)
        newest = max(self._newest, self._handed)
        if cursor > newest:
            message = (
                f"cursor: it has taken event {cursor}, but this journal began the run with "
                f"{newest}: what it has comes from another journal; give it a target of its "
                "own, or the data directory it belongs to"
            )
            raise TroubleError(message)
        return cursor

    def _fail(self, words: str) -> None:
        self._failures += 1
        is_new = not self._trouble
        self._trouble = self._redact(words)[:SHOWN]
        if is_new:
            self._log.warning(
                "exporter is in quarantine; its events are kept and offered again",
                exporter=self.name,
                plugin=self._output.plugin or None,
                behind=self.state.behind,
                error=words,
            )

    def _recover(self) -> None:
        self._wait = FIRST_WAIT
        if self._trouble:
            self._trouble = ""
            self._log.info("exporter works again", exporter=self.name)


def _words(error: BaseException) -> str:
    try:
        return each_in_words(error)
    except Exception:  # noqa: BLE001 - an exception of a plugin's may not even have a text
        return type(error).__name__
