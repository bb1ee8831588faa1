"""Whatever goes wrong in one duty, the engine goes on with the others."""

from __future__ import annotations

import traceback
from collections.abc import Awaitable, Callable

import anyio

from nof0_core.cancellation import is_cancelled
from nof0_core.domain.measured import Trouble
from nof0_core.errors import (
    EndOfDataError,
    JournalError,
    Nof0Error,
    ReplayMissError,
    each_in_words,
    leaves,
)
from nof0_core.manager.measurements import DutyTroubles
from nof0_core.state.alert_once import AlertOnce
from nof0_core.state.recorder import Recorder

FATAL = (JournalError, ReplayMissError, KeyboardInterrupt, GeneratorExit)
"""What cannot be written down must not be done, and another answer would be another run."""


class DutyGuard:
    """Runs duties; what one raises is counted, and told once (`duty_failed`) until it works again.

    A recording that is over asks the engine to end (`stop`). An error that ends the engine, and a
    cancellation by whoever runs the duty, pass through.
    """

    def __init__(
        self, *, recorder: Recorder, stop: Callable[[str], None], troubles: DutyTroubles
    ) -> None:
        self._recorder = recorder
        self._stop = stop
        self._troubles = troubles
        self._failed: AlertOnce[tuple[str, str]] = AlertOnce(recorder, "duty_failed")

    @property
    def is_quiet(self) -> bool:
        """Tell whether no duty failed when it was done last."""
        return not self._failed.raised

    async def run(self, duty: str, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do a duty of a trader or a venue account (`name`; empty: of all)."""
        try:
            await work()
        except BaseException as error:
            if is_fatal(error):
                raise
            over = next((e for e in leaves(error) if isinstance(e, EndOfDataError)), None)
            if over is not None:
                self._stop(str(over))
                return
            label = f"{duty} of {name}" if name else duty
            self._troubles.count(duty, Trouble.FAILED)
            log_failure(self._recorder, "duty_failed", label, error)
            message = f"{label}: {each_in_words(error)}; it is done again when it is due next"
            self._failed.alert((duty, name), message)
        else:
            self._failed.clear((duty, name))


def is_fatal(error: BaseException) -> bool:
    """Tell whether an error has to end the engine, or is how it is being ended."""
    for leaf in leaves(error):
        if isinstance(leaf, FATAL):
            return True
        if isinstance(leaf, anyio.get_cancelled_exc_class()) and is_cancelled():
            return True
    return False


def log_failure(recorder: Recorder, what: str, name: str, error: BaseException) -> None:
    """Log an error, with a traceback unless it is one of nof0's own."""
    trace = "" if isinstance(error, Nof0Error) else "".join(traceback.format_exception(error))
    recorder.log.info(what, name=name, error=each_in_words(error), trace=trace)
