"""Compressing the closed days of the journal, beside trading and without ever holding it up."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import anyio.to_thread

from nof0_core.errors import in_words
from nof0_core.journal import Journal
from nof0_core.journal.packing import Packed, pack_all
from nof0_core.plugins.env import Logger
from nof0_core.runtime.beside import beside


class Packing:
    """Packs what is closed in a worker thread: after a start, when a day was closed, at the end.

    Where nothing is done beside trading only at the end. No event depends on it but the alert that
    a closed day was found damaged, which is only logged there.

    Args:
        journal: whose days they are.
        is_beside: whether it may be done beside trading.
        alert: takes code and message of what a person should look at.
        log: takes the rest.
        within: how many seconds the end may wait for it; what is left then is for another time.
    """

    def __init__(
        self,
        *,
        journal: Journal,
        is_beside: bool,
        alert: Callable[[str, str], None],
        log: Logger,
        within: float,
    ) -> None:
        self._journal = journal
        self._is_beside = is_beside
        self.alert = alert
        self._log = log
        self._within = within
        self._told: set[Path] = set()
        self._is_quiet = not is_beside
        self._one = anyio.Lock()
        self._wake = anyio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Pack while this lasts; what is being packed at its end is broken off and left whole.

        An error from inside stays as it is.
        """
        async with beside() as tasks:
            if self._is_beside:
                self._journal.when_closed = self._notice
                tasks.start_soon(self._keep_packing)
            yield

    def hush(self) -> None:
        """Record nothing more: the journal is about to end."""
        self._is_quiet = True

    async def finish(self) -> None:
        """Pack what is left, as far as there is time."""
        with anyio.move_on_after(self._within):
            await self._pack()

    def _notice(self) -> None:
        self._wake.set()

    async def _keep_packing(self) -> None:
        while True:
            self._wake = anyio.Event()
            await self._pack()
            await self._wake.wait()

    async def _pack(self) -> None:
        async with self._one:
            if self._journal.days.are_all_packed:
                return
            over, ended = threading.Event(), anyio.Event()
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._pack_beside, over, ended)
                try:
                    await ended.wait()
                finally:
                    # The thread ends by itself, soon: the directory must not be given up before.
                    over.set()

    async def _pack_beside(self, over: threading.Event, ended: anyio.Event) -> None:
        days, places = self._journal.days, self._journal.directories

        def work() -> Packed:
            return pack_all(days, places, is_over=over.is_set)

        with anyio.CancelScope(shield=True):
            try:
                self._tell(await anyio.to_thread.run_sync(work))
            except Exception as error:  # noqa: BLE001 - trading goes on, whatever this meets
                self._log.warning("closed days could not be compressed", error=in_words(error))
        ended.set()

    def _tell(self, packed: Packed) -> None:
        if packed.days:
            self._log.info("closed days of the journal were compressed", days=packed.days)
        for one in packed.unpackable:
            if one.file in self._told:
                continue
            self._told.add(one.file)
            if one.is_damaged and not self._is_quiet:
                self.alert(
                    "journal_day_damaged",
                    f"{one.reason}; no start goes on with it: put back a copy",
                )
            else:
                self._log.warning("a closed day cannot be compressed", error=one.reason)
