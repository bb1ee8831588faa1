"""Ending the process although something in it does not end."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Collection, Sequence

from nof0_core.clock import stopwatch
from nof0_core.plugins.catalog import LoadedPlugin
from nof0_core.plugins.env import Logger
from nof0_core.runtime.blocked_loop import culprit

Threads = Collection[threading.Thread]


def leave(code: int) -> None:
    """End the process now, with what was printed so far; threads and tasks are left as they are."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    os._exit(code)


class Deadline:
    """Ends the process where it does not end by itself, also while its event loop is blocked."""

    def __init__(
        self,
        *,
        log: Logger,
        plugins: Sequence[LoadedPlugin] = (),
        leave: Callable[[int], object] = leave,
    ) -> None:
        self._log = log
        self._plugins = plugins
        self._leave = leave
        self._timer: threading.Timer | None = None

    def within(self, seconds: float, code: int, what: str) -> None:
        """Leave with `code` after so many seconds of real time; a later call replaces this one.

        `what` says what has not ended then.
        """
        self.lift()
        self._timer = threading.Timer(seconds, self._strike, (seconds, code, what))
        self._timer.daemon = True
        self._timer.start()

    def lift(self) -> None:
        """Let the process take its time again."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _strike(self, seconds: float, code: int, what: str) -> None:
        main = threading.main_thread().ident or 0
        self._log.warning(
            f"{what} has not ended within {seconds:g} s; the process ends without it",
            main=place_of(main, self._plugins),
            threads=", ".join(each_named(lasting_threads(()), self._plugins)) or None,
        )
        self._leave(code)


def lasting_threads(known: Threads) -> list[threading.Thread]:
    """Return the threads, beside those that are known, that keep the process from ending."""
    return [
        thread
        for thread in threading.enumerate()
        if not thread.daemon and thread is not threading.main_thread() and thread not in known
    ]


def wait_for_threads(known: Threads, within: float) -> list[threading.Thread]:
    """Wait for the threads that are not known, at most so long; return those that are left."""
    ends = stopwatch() + within
    for thread in lasting_threads(known):
        thread.join(max(0.0, ends - stopwatch()))
    return lasting_threads(known)


def each_named(threads: Threads, plugins: Sequence[LoadedPlugin]) -> list[str]:
    """Name threads, with the place where each is."""
    return [f"{thread.name} in {place_of(thread.ident or 0, plugins)}" for thread in threads]


def place_of(thread: int, plugins: Sequence[LoadedPlugin]) -> str:
    """Say whose code a thread is in."""
    return culprit(sys._current_frames().get(thread), plugins)  # noqa: SLF001 - made for this
