"""The threads in which SQLite is asked, one for each connection."""

from __future__ import annotations

from threading import Thread
from typing import Any

import aiosqlite
import anyio
from anyio.to_thread import run_sync

PATIENCE = 5.0
"""Seconds that the end of a database waits for what was given up."""


class SqliteThreads:
    """Connects, and knows the thread of each connection until it has ended.

    Who gives up a statement does not end it: its thread goes on, and then tells the event loop,
    which may be gone by then.
    """

    def __init__(self) -> None:
        self._running: list[Thread] = []

    def connect(self, *words: Any, **named: Any) -> aiosqlite.Connection:
        """Make a connection for SQLAlchemy, which opens it; arguments are those of `sqlite3`."""
        connection = aiosqlite.connect(*words, **named)
        thread = connection._thread  # noqa: SLF001 - there is no other way to it
        thread.daemon = True
        self._running = [*filter(Thread.is_alive, self._running), thread]
        return connection

    async def end(self) -> None:
        """Wait until all that were given up have ended, for `PATIENCE` at most."""
        with anyio.move_on_after(PATIENCE):
            for thread in self._running:
                if thread.is_alive():
                    await run_sync(thread.join, PATIENCE, abandon_on_cancel=True)
