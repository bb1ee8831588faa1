"""A gate before the disk, to stop it at the moment a test is about."""

from __future__ import annotations

import threading

import anyio
import anyio.to_thread

from nof0_core.disk import sync_all

PATIENCE = 60
"""Seconds after which a test has failed."""


class Gate:
    """Stands in for `sync_all`: holds what comes from a worker thread until it may pass.

    `trips` has the names of the files of each, oldest first, also of those nobody has to hold.
    """

    def __init__(self) -> None:
        self.trips: list[list[str]] = []
        self._arrived = threading.Semaphore(0)
        self._may_pass = threading.Semaphore(0)

    def __call__(self, paths) -> None:
        self.trips.append(sorted(path.name for path in paths))
        if threading.current_thread() is not threading.main_thread():
            self._arrived.release()
            assert self._may_pass.acquire(timeout=PATIENCE)
        sync_all(paths)

    async def busy(self) -> None:
        """Wait until one more trip stands before the gate."""

        def wait() -> bool:
            return self._arrived.acquire(timeout=PATIENCE)

        assert await anyio.to_thread.run_sync(wait)

    def open(self, trips: int = 1) -> None:
        """Let so many trips through, those under way and those to come."""
        self._may_pass.release(trips)
