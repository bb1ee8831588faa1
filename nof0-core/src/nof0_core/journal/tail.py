"""The growing end of a stream: the day file that is written to, and what is not in it yet."""

from __future__ import annotations

import os
from pathlib import Path

from nof0_core.disk import NO_ROOM
from nof0_core.errors import JournalError, JournalFullError
from nof0_core.files import open_regular


class DayFile:
    """Appends to one file, always whole lines.

    `good` is the length in bytes up to which the file is known to hold complete lines. What a
    failed write leaves behind it is cut off before the next one, so lines are neither torn nor
    doubled.
    """

    def __init__(self, path: Path, good: int) -> None:
        self.path = path
        self.good = good
        self.waiting = bytearray()
        self._descriptor: int | None = None
        self._is_torn = False
        self._is_finished = False

    def write(self) -> None:
        """Write everything that waits.

        Raises:
            JournalError: if it could not be written (`JournalFullError`: for lack of room); it
                still waits and can be tried again. Also if the file is not as it was left: somebody
                else has written to it or removed it.
        """
        try:
            if self._descriptor is None:
                self._descriptor = self._open()
            self._check(self._descriptor)
            if self._is_torn:
                os.ftruncate(self._descriptor, self.good)
            self._is_torn = True
            # A copy: what waits may grow while the error of this attempt is still looked at.
            with memoryview(bytes(self.waiting)) as view:
                sent = 0
                while sent < len(view):
                    sent += os.write(self._descriptor, view[sent:])
        except OSError as error:
            self._cut()
            message = f"{self.path}: the journal cannot be written: {error.strerror}"
            hint = "nothing is lost: what is missing will be written when it is tried again"
            kind = JournalFullError if error.errno in NO_ROOM else JournalError
            raise kind(message, hints=[hint]) from error
        self.good += len(self.waiting)
        self.waiting.clear()
        self._is_torn = False
        if self._is_finished:
            self.close()

    def finish(self) -> None:
        """Say that nothing will be added; the file is closed once all that waits is written."""
        self._is_finished = True
        self.close()

    def close(self) -> None:
        """Close the file; it is opened again when something is to be written."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self) -> int:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return open_regular(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def _check(self, descriptor: int) -> None:
        """Find out whether the file is still the one that was left; costs one fstat."""
        status = os.fstat(descriptor)
        is_whole = status.st_size >= self.good if self._is_torn else status.st_size == self.good
        if status.st_nlink and is_whole:
            return
        size = f"has {status.st_size} bytes instead of {self.good}"
        state = size if status.st_nlink else "is gone"
        message = f"{self.path} {state}: somebody else changed it while nof0 was running"
        hint = "stop the engine and run `nof0 journal verify`; no two may share a data directory"
        raise JournalError(message, hints=[hint])

    def _cut(self) -> None:
        """Take back a partial write at once, so that readers do not meet it; else next time."""
        if self._descriptor is None or not self._is_torn:
            return
        try:
            os.ftruncate(self._descriptor, self.good)
        except OSError:
            return
        self._is_torn = False
