"""SIGHUP: read the configuration again, or end where the terminal of the run was closed."""

from __future__ import annotations

import asyncio  # noqa: TID251 - a signal handler has to wake the loop
import os
import signal
from collections.abc import Callable
from typing import Any

STREAMS = (0, 1, 2)


class HangUp:
    """Calls `reload` in the event loop when SIGHUP comes, or `gone` where its terminal is gone.

    A person who asks for a reload sends the same signal as a terminal that is closed; which of both
    it was is seen by the terminal. Where the signal is ignored, as under `nohup`, that is left so.
    """

    def __init__(self, *, reload: Callable[[], object], gone: Callable[[], object]) -> None:
        self._reload = reload
        self._gone = gone
        self._before: Any = None
        self._is_ours = False
        self._shown: tuple[int, ...] = ()
        self._has_terminal = False
        self._loop: asyncio.AbstractEventLoop | None = None

    def install(self) -> None:
        """Take the signal over; `restore` gives it back.

        Call it in the main thread, while the event loop runs.
        """
        if signal.getsignal(signal.SIGHUP) == signal.SIG_IGN:
            return
        self._loop = asyncio.get_running_loop()
        self._has_terminal = _has_terminal()
        self._shown = tuple(stream for stream in STREAMS if os.isatty(stream))
        self._before = signal.signal(signal.SIGHUP, self._handle)
        self._is_ours = True

    def restore(self) -> None:
        """Give the signal back."""
        if self._is_ours:
            self._is_ours = False
            before = self._before
            signal.signal(signal.SIGHUP, signal.SIG_DFL if before is None else before)

    def _handle(self, _number: int, _frame: object) -> None:
        is_gone = self._has_terminal and not _has_terminal()
        if is_gone:
            self._hush()
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._gone if is_gone else self._reload)

    def _hush(self) -> None:
        """Let what is shown go nowhere: writing to a terminal that is gone is an error."""
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in self._shown:
            os.dup2(nowhere, stream)
        os.close(nowhere)
        self._shown = ()


def _has_terminal() -> bool:
    """Tell whether the process has a terminal that controls it, which is there."""
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_CLOEXEC))
    except OSError:
        return False
    return True
