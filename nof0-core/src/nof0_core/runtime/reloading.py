"""Reading the configuration again while an engine runs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import anyio
import anyio.to_thread

from nof0_core.config.changes import Comparison, ConfigChange, compare, taken_over
from nof0_core.config.model import Config
from nof0_core.domain.vocabulary import ControlOutcome
from nof0_core.errors import ConfigError, Nof0Error, UsageError, in_words
from nof0_core.manager.controls import Controls
from nof0_core.manager.gate import CycleGate
from nof0_core.manager.reload_asks import ReloadAsks
from nof0_core.manager.requests import Answers
from nof0_core.runtime import reload_answer
from nof0_core.runtime.logs import keep_trace
from nof0_core.runtime.preview import preflight
from nof0_core.runtime.reload_answer import ReloadAnswer
from nof0_core.state.recorder import Recorder

READING = 60.0
"""Most that reading and checking may take, in seconds of real time."""
CYCLES = 60.0
"""Beside the longest `decision_timeout`: most that cycles under way are waited for, likewise."""
TRIES = 3
"""So often is read until two readings agree: files that are being written do not."""

Load = Callable[[], Config]
"""Reads and checks the whole configuration anew, as for a start."""


class Reloading:
    """Takes a changed configuration over, all of it or nothing, between two cycles.

    It is read and checked on a thread: nothing about its files can hold up what trades.
    """

    def __init__(
        self,
        *,
        config: Config,
        load: Load | None,
        prepare: Callable[[Config, Config], Callable[[], None]],
        stopped: Callable[[], bool],
        asks: ReloadAsks,
        gate: CycleGate,
        controls: Controls,
        recorder: Recorder,
        answers: Answers,
        reading: float = READING,
    ) -> None:
        """Prepare; `load` is None where an engine was not made from files.

        Args:
            config: what the engine runs.
            load: reads it anew.
            prepare: makes what puts the second configuration in force instead of the first; that
                waits for nothing in between.
            stopped: tells whether the run is ending.
            asks: who has asked for it.
            gate: what cycles pass.
            controls: answers requests.
            recorder: tells people.
            answers: where whoever waits finds them.
            reading: most that reading may take, in seconds of real time.
        """
        self.config = config
        self.asks = asks
        self._load = load
        self._prepare = prepare
        self._stopped = stopped
        self._gate = gate
        self._controls = controls
        self._recorder = recorder
        self._answers = answers
        self._reading = reading

    async def keep(self) -> None:
        """Do it whenever somebody asks, until this is cancelled.

        Raises:
            JournalError: something could not be written down.
        """
        while True:
            requests = await self.asks.take()
            answer = await self.reload()
            self._tell(answer)
            outcome = ControlOutcome.REFUSED if answer.is_refused else ControlOutcome.DONE
            for request in requests:
                self._reply(request.id, answer)
                self._controls.answer(request, outcome, answer.message)
            with anyio.CancelScope(shield=True):
                await self._recorder.secure()

    async def reload(self) -> ReloadAnswer:
        """Read, check and compare; put in force what was found if all of it can be.

        Raises:
            JournalError: something could not be written down.
        """
        found = await self._read()
        if isinstance(found, ReloadAnswer):
            return found
        config, compared = found
        if compared.problems:
            return reload_answer.refused(compared.problems)
        if not compared.changes:
            return reload_answer.done(())
        with anyio.move_on_after(self._patience()):
            async with self._gate.change():
                return self._put(config, compared.changes)
        return reload_answer.failed("a decision was under way for too long; ask again")

    def _put(self, config: Config, changes: tuple[ConfigChange, ...]) -> ReloadAnswer:
        if self._stopped():
            return reload_answer.failed("the run is ending; the next start reads it anyway")
        try:
            put = self._prepare(self.config, config)
        except Exception as error:  # noqa: BLE001 - nothing has changed yet, and trading goes on
            keep_trace(self._recorder.log, error)
            return reload_answer.failed(in_words(error))
        put()
        self.config = config
        return reload_answer.done(changes)

    async def _read(self) -> tuple[Config, Comparison] | ReloadAnswer:
        """Return what would be in force, with what is other than now; or why it cannot be."""
        if self._load is None:
            return reload_answer.failed("this engine was not started from a configuration file")
        work = partial(_compared, self.config, self._load)
        with anyio.move_on_after(self._reading):
            try:
                return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
            except ConfigError as error:
                return reload_answer.refused(tuple(error.problems))
            except Nof0Error as error:
                return reload_answer.failed(str(error))
            except Exception as error:  # noqa: BLE001 - a kind of a plugin raises anything
                keep_trace(self._recorder.log, error)
                return reload_answer.failed(in_words(error))
        return reload_answer.failed(f"reading it took more than {self._reading:g} s")

    def _patience(self) -> float:
        longest = max(trader.decision_timeout for trader in self.config.traders)
        return longest.total_seconds() + CYCLES

    def _tell(self, answer: ReloadAnswer) -> None:
        if answer.is_refused:
            self._recorder.alert("reload_refused", f"the configuration: {answer.message}")
        else:
            self._recorder.log.info("the configuration was read again", result=answer.message)

    def _reply(self, request: str, answer: ReloadAnswer) -> None:
        try:
            self._answers.put(request, answer.document())
        except UsageError as error:
            self._recorder.log.warning("an answer could not be written", reason=str(error))


def _compared(running: Config, load: Load) -> tuple[Config, Comparison]:
    found = _settled(load)
    compared = compare(running, found)
    return (running if compared.problems else taken_over(running, found)), compared


def _settled(load: Load) -> Config:
    """Read until two readings in a row agree, and check the templates as well.

    Raises:
        ConfigError: with all problems.
        UsageError: the files keep changing.
    """
    readings: Iterator[Config] = (load() for _ in range(TRIES + 1))
    last = next(readings)
    for found in readings:
        if _content(found) == _content(last):
            preflight(found)
            return found
        last = found
    message = "the files are being written; ask again when that is done"
    raise UsageError(message)


def _content(config: Config) -> tuple[object, ...]:
    values = [(each.file, each.path, each.value) for each in config.settings]
    return config.digest, values, dict(config.templates)
