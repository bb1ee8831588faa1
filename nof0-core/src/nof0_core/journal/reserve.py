"""Room on the disk that is kept for what must be written when there is none."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from nof0_core.disk import NO_ROOM, sync_path

SIZE = 16 * 1024 * 1024
"""Bytes: intents and fills of many thousand closes and stops."""


class Reserve:
    """A file of `size` bytes that are really allocated."""

    def __init__(self, path: Path, size: int = SIZE) -> None:
        self._path = path
        self._size = size

    def make(self) -> bool:
        """Take the room, unless it is taken already; tell whether there was enough.

        It is taken anew only where as much is left beside it: else it would be gone at once.

        Raises:
            OSError: for another reason than lack of room.
        """
        if self._is_whole():
            return True
        try:
            room = os.statvfs(self._path.parent)
            if room.f_bavail * room.f_frsize < 2 * self._size:
                return False
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
            try:
                os.posix_fallocate(descriptor, 0, self._size)
                os.fsync(descriptor)
            finally:
                os.close(descriptor)
            sync_path(self._path.parent)
        except OSError as error:
            if error.errno not in NO_ROOM:
                raise
            self.release()
            return False
        return True

    def release(self) -> None:
        """Give the room back, for others to write to."""
        with suppress(OSError):
            self._path.unlink(missing_ok=True)

    def _is_whole(self) -> bool:
        try:
            found = self._path.stat()
        except OSError:
            return False
        # In units of 512 bytes, whatever the disk's own are: a hole takes none.
        return found.st_size == self._size and found.st_blocks * 512 >= self._size
