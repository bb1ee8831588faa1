"""Ctrl-C and SIGTERM, whatever a plugin does with signals."""

from __future__ import annotations

import asyncio  # noqa: TID251 - a signal handler has to wake the loop
import signal
from collections.abc import Callable
from typing import Any

from nof0_core.clock import pause
from nof0_core.plugins.env import Logger

SIGNALS = (signal.SIGINT, signal.SIGTERM)
LOOKS_APART = 1.0
"""How often is looked whether the handlers are still ours, in seconds of real time."""


class StopSignals:
    """Calls `stop` with the number of the first signal, in the event loop, and `leave` at a second.

    `leave` is called wherever the main thread is, also where the loop is blocked, and must not
    return. A plugin that puts a handler of its own in the place of ours, or blocks the signals,
    gets neither for longer than a second: they end a program that trades.
    """

    def __init__(
        self, *, stop: Callable[[int], object], leave: Callable[[int], object], log: Logger
    ) -> None:
        self._stop = stop
        self._leave = leave
        self._log = log
        self._before: dict[int, Any] = {}
        self._was_asked = False
        self._loop: asyncio.AbstractEventLoop | None = None

    def install(self) -> None:
        """Take the signals over from whoever has them now; `restore` gives them back.

        Call it in the main thread, while the event loop runs.
        """
        self._loop = asyncio.get_running_loop()
        for number in SIGNALS:
            self._before[number] = signal.signal(number, self._handle)

    def restore(self) -> None:
        """Give the signals back."""
        while self._before:
            number, handler = self._before.popitem()
            signal.signal(number, signal.SIG_DFL if handler is None else handler)

    async def keep(self, *, every: float = LOOKS_APART) -> None:
        """Put our handlers back whenever somebody else's are there."""
        while True:
            await pause(every)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)
            for number in SIGNALS:
                found = signal.getsignal(number)
                if found == self._handle:
                    continue
                signal.signal(number, self._handle)
                self._log.warning(
                    "a plugin took a signal that ends the run; it was taken back",
                    signal=signal.Signals(number).name,
                    handler=f"{getattr(found, '__module__', '')} {found!r}".strip(),
                )

    def _handle(self, number: int, _: object) -> None:
        if self._was_asked:
            self._leave(number)
        self._was_asked = True
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stop, number)
