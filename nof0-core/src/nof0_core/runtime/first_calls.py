"""The first calls to services: one that fails for a moment ends no start."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio

from nof0_core.clock import Clock, pause
from nof0_core.errors import Nof0Error, OutcomeUnknownError, TransientError
from nof0_core.plugins.env import Logger

T = TypeVar("T")
TRIES = 5
FIRST_WAIT = 1.0
"""Seconds of real time before the second try; twice as long before each further one."""


class FirstCalls:
    """Makes calls up to `TRIES` times; on a lockstep clock without waiting.

    `within` is how long one try may take where it is limited, in seconds of real time.
    """

    def __init__(
        self, *, clock: Clock, log: Logger, within: float, first_wait: float = FIRST_WAIT
    ) -> None:
        self._is_lockstep = clock.is_lockstep
        self._log = log
        self._within = within
        self._first_wait = first_wait

    async def make(self, section: str, verb: str, call: Callable[[], Awaitable[T]]) -> T:
        """Make a call, in limited time where time runs by itself.

        Raises:
            TransientError: it failed at every try; the message names section and call.
            Nof0Error: what does not pass by itself, at once.
        """

        async def limited() -> T:
            if self._is_lockstep:
                return await call()
            with anyio.fail_after(self._within):
                return await call()

        return await self.make_unlimited(section, verb, limited)

    async def make_unlimited(self, section: str, verb: str, call: Callable[[], Awaitable[T]]) -> T:
        """Make a call that leaves something open, which no time limit may surround."""
        wait = self._first_wait
        for tried in range(1, TRIES + 1):
            try:
                return await call()
            except (TransientError, OutcomeUnknownError, TimeoutError) as error:
                why = str(error) or f"no answer within {self._within:g} s"
                hints = error.hints if isinstance(error, Nof0Error) else ()
                if tried == TRIES:
                    message = f"{section}: {verb} failed {TRIES} times: {why}"
                    failed = TransientError(message)
                    failed.hints = hints
                    raise failed from error
                self._log.warning("first call failed", section=section, call=verb, error=why)
            if not self._is_lockstep:
                await pause(wait)
                wait *= 2
        raise AssertionError
