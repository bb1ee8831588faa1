"""The threads in which SQLite is asked, one for each connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from functools import partial
from threading import Thread
from typing import Any

import aiosqlite
import anyio
from anyio.to_thread import run_sync

PATIENCE = 5.0
"""Seconds that the end of a database waits for what was given up."""


_FETCHED = 64
"""Rows a cursor fetches at once: aiosqlite's own figure."""
_STEPS = 100_000
"""After so many steps of SQLite's machine a statement looks whether it was broken off."""


class BreakableConnection(aiosqlite.Connection):
    """A connection that ends as soon as nobody waits for it, and its transaction with it.

    Its statement would go on otherwise, and what is left of it would keep everybody else from
    writing: a connection with statements that nobody has let go of is closed in name only.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        def connected() -> sqlite3.Connection:
            connection = connect()
            connection.set_progress_handler(lambda: self._is_broken_off, _STEPS)
            return connection

        super().__init__(connected, _FETCHED)
        self._is_broken_off = False
        self._ended: Any = None

    async def close(self) -> None:
        """Roll back what is open and close, once all that was asked for is done."""
        if self._connection is not None:
            await self._end()

    def stop(self) -> Any:
        """Break off what runs or is about to, roll back and close; return a future of that."""
        self._is_broken_off = True
        return self._end()

    def _end(self) -> Any:
        if self._ended is None:
            self._tx.put_nowait((None, self._roll_back))
            self._ended = super().stop()
        return self._ended

    def _roll_back(self) -> None:
        if self._connection is not None:
            self._connection.set_progress_handler(None, 0)
            self._connection.rollback()


class SqliteThreads:
    """Connects, and knows the thread of each connection until it has ended.

    Who gives up a statement breaks it off; that takes its thread a moment, and then it tells the
    event loop, which may be gone by then.
    """

    def __init__(self, pragmas: Sequence[str] = ()) -> None:
        """Prepare; every connection is opened with these pragmas, and in no transaction."""
        self._pragmas = pragmas
        self._running: list[Thread] = []

    def connect(self, *words: Any, **named: Any) -> aiosqlite.Connection:
        """Make a connection for SQLAlchemy, which opens it; arguments are those of `sqlite3`."""
        connection = BreakableConnection(partial(self._open, *words, **named))
        thread = connection._thread  # noqa: SLF001 - there is no other way to it
        thread.daemon = True
        self._running = [*filter(Thread.is_alive, self._running), thread]
        return connection

    def _open(self, *words: Any, **named: Any) -> sqlite3.Connection:
        """Open it all at once: an event loop with much to do comes by seldom for each step."""
        connection: sqlite3.Connection = sqlite3.connect(*words, **named)
        try:
            connection.isolation_level = None
            for pragma in self._pragmas:
                connection.execute(f"PRAGMA {pragma}").close()
        except BaseException:
            connection.close()
            raise
        return connection

    async def end(self) -> None:
        """Wait until all that were given up have ended, for `PATIENCE` at most."""
        with anyio.move_on_after(PATIENCE):
            for thread in self._running:
                if thread.is_alive():
                    await run_sync(thread.join, PATIENCE, abandon_on_cancel=True)
