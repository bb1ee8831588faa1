"""Sections that do not open: tried again for ever, while the engine runs the others."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import anyio
import attrs

from nof0_core.clock import pause
from nof0_core.errors import (
    JournalError,
    Nof0Error,
    OutcomeUnknownError,
    TransientError,
    in_words,
)
from nof0_core.state.recorder import Recorder

FIRST_PATIENCE = 10.0
"""How long a start waits for a section's first try, in seconds of real time."""
FIRST_WAIT = 1.0
"""Seconds of real time before the second try; twice as long before each further one."""
LONGEST_WAIT = 60.0
ALERT_AFTER = 3
"""Failed tries after which a person is told and the traders count as failing."""
AGAIN_AFTER = timedelta(hours=1).total_seconds()
"""Seconds of real time after which a person is told again."""

Step = Callable[[], Awaitable[None]]


@attrs.define(kw_only=True, eq=False)
class Opening:
    """One section on its way to being open.

    `name` is family and section, `place` file and line, `plugin` whose it is. `steps` have to
    succeed one after the other; what has is not done again. One that `needs` others is not tried
    before they are open. `is_told` is set while a person knows that it does not open.
    """

    name: str
    place: str
    plugin: str
    steps: list[Step]
    needs: frozenset[str] = frozenset()
    failures: int = 0
    why: str = ""
    is_told: bool = False
    is_given_up: bool = False

    @property
    def is_open(self) -> bool:
        """Tell whether all steps are done."""
        return not self.steps

    async def attempt(self, within: float) -> None:
        """Do the steps that are left, in at most so many seconds of real time.

        Raises:
            TransientError: it takes longer.
            Nof0Error: what a step says.
        """
        with anyio.move_on_after(within):
            while self.steps:
                await self.steps[0]()
                del self.steps[0]
            return
        message = f"no answer within {within:g} s"
        raise TransientError(message)


class Openings:
    """Opens sections where time runs by itself.

    A section gets one try before the engine starts. One that fails then in a way that may pass is
    left to `keep_trying`; every other error ends the start. `within` limits a later try, in seconds
    of real time.
    """

    def __init__(self, *, recorder: Recorder, within: float) -> None:
        self._recorder = recorder
        self._within = within
        self.late: list[Opening] = []
        self._has_opened = anyio.Event()
        self.on_open: Step
        """Awaited when a late section has opened."""
        self.on_failing: Callable[[Opening], list[str]]
        """Called when one counts as failing; returns the traders that wait for it."""

    async def first(self, opening: Opening) -> None:
        """Try a section, or go on with one that is late.

        Raises:
            Nof0Error: an error that does not pass by itself.
        """
        if opening in self.late:
            return
        if self._is_blocked(opening):
            self.late.append(opening)
            return
        try:
            await opening.attempt(min(FIRST_PATIENCE, self._within))
        except (TransientError, OutcomeUnknownError) as error:
            self._note(opening, error)
            self.late.append(opening)

    async def keep_trying(self) -> None:
        """Try all late sections until each is open; ends when all are, or wait for a person."""
        async with anyio.create_task_group() as tasks:
            for opening in self.late:
                tasks.start_soon(self._keep_trying, opening)

    async def _keep_trying(self, opening: Opening) -> None:
        wait, told_at = FIRST_WAIT, 0.0
        if self._is_blocked(opening):
            while self._is_blocked(opening):
                await self._has_opened.wait()
            wait = 0.0
        while not opening.is_given_up:
            await pause(wait)
            wait = min(max(2 * wait, FIRST_WAIT), LONGEST_WAIT)
            try:
                await opening.attempt(self._within)
            except JournalError:
                raise
            except Exception as error:  # noqa: BLE001 - one section ends no others
                self._note(opening, error)
            else:
                self.late.remove(opening)
                self._recorder.log.info("section is open", section=opening.name)
                await self.on_open()
                self._has_opened.set()
                self._has_opened = anyio.Event()
                return
            is_due = not opening.is_told or anyio.current_time() - told_at >= AGAIN_AFTER
            if (opening.failures >= ALERT_AFTER or opening.is_given_up) and is_due:
                told_at = anyio.current_time()
                self._tell(opening)

    def _is_blocked(self, opening: Opening) -> bool:
        return any(other.name in opening.needs for other in self.late)

    def _note(self, opening: Opening, error: Exception) -> None:
        opening.failures += 1
        opening.why = in_words(error)
        # What a person has to correct does not pass by itself, here as before a start.
        is_wrong = isinstance(error, Nof0Error) and error.exit_code != TransientError.exit_code
        opening.is_given_up = is_wrong
        # What a person knows already is for the file alone.
        say = self._recorder.log.info if opening.is_told else self._recorder.log.warning
        say(f"{opening.name} does not open: {opening.why}", failures=opening.failures)

    def _tell(self, opening: Opening) -> None:
        opening.is_told = True
        waiting = self.on_failing(opening)
        who = f"; until it does, these traders decide nothing: {', '.join(waiting)}"
        then = (
            "it is not tried again before the next start"
            if opening.is_given_up
            else "it is tried again, every 60 s at most"
        )
        where = "" if opening.place in opening.why else f" ({opening.place}, {opening.plugin})"
        message = f"{opening.name}{where} does not open: {opening.why}; {then}"
        message += who if waiting else ""
        self._recorder.alert("section_not_open", message)
        self._recorder.commit()
