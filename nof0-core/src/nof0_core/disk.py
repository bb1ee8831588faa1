"""What was written and what the disk has of it: the difference is lost in a power failure."""

from __future__ import annotations

import errno
import os
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import anyio
import anyio.lowlevel
import anyio.to_thread

NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Errors that mean: no room for more, now. Others mean that the disk, or a file, is broken."""
AT_ONCE = 8
"""How many files the disk is asked to confirm together; it does so in one go where it can."""


def sync_path(path: Path) -> None:
    """Make a file's content or a directory's entries survive a power failure (fsync).

    Raises:
        OSError: if the disk says no; its `filename` is the path.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        error.filename = str(path)
        raise
    finally:
        os.close(descriptor)


def replace_durably(path: Path, content: bytes) -> None:
    """Put new content in the place of a file: after a power failure it is the old or the new one.

    The content goes to a hidden file beside it first, which a crash may leave behind.

    Raises:
        OSError: it could not be written, or the disk did not confirm it; the old one may still be.
    """
    draft = path.with_name(f".{path.name}.part")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    sync_path(path.parent)


def sync_all(paths: Collection[Path]) -> None:
    """Do the same for many files and directories, files first.

    An entry of a directory must not survive what it leads to.

    Raises:
        OSError: if the disk says no to one of them; nothing is known of the others then.
    """
    directories = sorted(path for path in paths if path.is_dir())
    files = sorted(set(paths).difference(directories))
    if len(files) > 1:
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="sync") as pool:
            # Going through the results raises what was raised in a thread.
            list(pool.map(sync_path, files))
    else:
        directories = [*files, *directories]
    for path in directories:
        sync_path(path)


class Unsynced:
    """Files and directories that were written to and may not be on disk yet.

    All of it is for one thread, that of the event loop; `sync_beside` uses others while it waits.
    Once the disk has not confirmed something, nobody knows what it has: nothing counts as synced
    from then on.
    """

    def __init__(self) -> None:
        self._written: dict[Path, int] = {}
        self._writes = 0
        self._synced = 0
        self._failure: OSError | None = None
        self._trip = anyio.Lock()

    def add(self, *paths: Path) -> None:
        """Say what has just been written to."""
        self._writes += 1
        self._written.update(dict.fromkeys(paths, self._writes))

    def sync(self) -> None:
        """Put all of it on disk; nothing else happens meanwhile.

        Raises:
            OSError: the disk did not confirm it, now or at an earlier time.
        """
        self._check()
        writes, taken = self._writes, dict(self._written)
        try:
            sync_all(taken)
        except OSError as error:
            self._failure = error
            raise
        self._confirm(writes, taken)

    async def sync_beside(self) -> None:
        """Wait until what was written before the call is on disk; other tasks go on.

        One trip to the disk is under way at a time. The next one takes everything written by then,
        for all who wait. A trip that has begun is finished even if who waits for it is cancelled.

        Raises:
            OSError: as `sync`.
        """
        needed = self._writes
        async with self._trip:
            if self._synced >= needed:
                return
            self._check()
            writes, taken = self._writes, dict(self._written)
            try:
                with anyio.CancelScope(shield=True):
                    await anyio.to_thread.run_sync(sync_all, taken)
            except OSError as error:
                self._failure = error
                raise
            self._confirm(writes, taken)
        await anyio.lowlevel.checkpoint_if_cancelled()

    def _check(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _confirm(self, writes: int, taken: dict[Path, int]) -> None:
        self._check()  # a sync in between may have failed
        self._synced = max(self._synced, writes)
        for path, number in taken.items():
            if self._written.get(path) == number:
                del self._written[path]
