"""The first calls to services: one that fails for a moment ends no start."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from nof0_core.calls import OVERDUE
from nof0_core.clock import pause
from nof0_core.errors import Nof0Error, OutcomeUnknownError, ProviderError, TransientError
from nof0_core.plugins.env import Logger

T = TypeVar("T")
TRIES = 5
FIRST_WAIT = 1.0
"""Seconds of real time before the second try; twice as long before each further one."""


class FirstCalls:
    """Makes calls up to `TRIES` times.

    `within` is how long one try may take, in seconds of real time. Where what hangs has to end the
    run (`hangs_end`), no limit decides anything, and nothing is waited for between tries.
    """

    def __init__(
        self, *, hangs_end: bool, log: Logger, within: float, first_wait: float = FIRST_WAIT
    ) -> None:
        self._hangs_end = hangs_end
        self._log = log
        self._within = within
        self._first_wait = first_wait

    async def make(self, section: str, verb: str, call: Callable[[], Awaitable[T]]) -> T:
        """Make a call.

        Raises:
            TransientError: it failed at every try; the message names section and call.
            ProviderError: it hangs, and that ends the run; likewise.
            Nof0Error: what does not pass by itself, at once.
        """
        wait = self._first_wait
        for tried in range(1, TRIES + 1):
            try:
                with anyio.move_on_after(OVERDUE if self._hangs_end else self._within):
                    return await call()
                self._give_up(section, verb)
            except (TransientError, OutcomeUnknownError, TimeoutError) as error:
                why = str(error) or type(error).__name__
                hints = error.hints if isinstance(error, Nof0Error) else ()
                if tried == TRIES:
                    message = f"{section}: {verb} failed {TRIES} times: {why}"
                    failed = TransientError(message)
                    failed.hints = hints
                    raise failed from error
                self._log.warning("first call failed", section=section, call=verb, error=why)
            if not self._hangs_end:
                await pause(wait)
                wait *= 2
        raise AssertionError

    def _give_up(self, section: str, verb: str) -> None:
        if self._hangs_end:
            message = f"{section}: {verb} has not answered for {OVERDUE:g} s"
            raise ProviderError(message)
        message = f"no answer within {self._within:g} s"
        raise TransientError(message)
