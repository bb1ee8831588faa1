"""The log file: what cannot be written there is lost, and nothing else is."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from nof0_core.files import in_words, open_regular


class LogFile:
    """Appends to a file, made with its directory if missing, and never raises.

    A file that would grow beyond its limit is put aside as `nof0.log.1`, older ones as `.2` and so
    on. Where somebody else has put it aside or removed it, a new one is begun.

    Args:
        path: the file.
        warn: takes one line when the file cannot be written, and not again until it could be.
        max_bytes: how large it may be; None: as large as it will.
        keep: how many of those put aside stay.
    """

    def __init__(
        self,
        path: Path,
        warn: Callable[[str], object],
        *,
        max_bytes: int | None = None,
        keep: int = 5,
    ) -> None:
        self._path = path
        self._warn = warn
        self._max_bytes = max_bytes
        self._keep = keep
        self._descriptor: int | None = None
        self._is_told = False
        self._is_torn = False
        self.write("")

    def write(self, text: str) -> None:
        """Write whole lines."""
        data = text.encode(errors="backslashreplace")
        try:
            self._append(self._opened_for(len(data)), data)
        except OSError as error:
            if not self._is_told:
                self._warn(
                    f"warning: {self._path} cannot be written, so log lines are lost: "
                    f"{in_words(error)}"
                )
            self._is_told = True
            return
        self._is_told = False

    def flush(self) -> None:
        """Do nothing: what was written is with the system already."""

    def close(self) -> None:
        """Close the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _opened_for(self, more: int) -> int:
        """Return the file to write so many bytes to; an old one that is full is put aside."""
        if self._descriptor is not None and not self._is_there(self._descriptor):
            self.close()
        descriptor = self._open() if self._descriptor is None else self._descriptor
        size = os.fstat(descriptor).st_size
        if self._max_bytes is None or not size or size + more <= self._max_bytes:
            return descriptor
        # Where that fails, lines are worth more than the limit.
        with contextlib.suppress(OSError):
            self._put_aside()
            self.close()
        return self._open() if self._descriptor is None else self._descriptor

    def _open(self) -> int:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._descriptor = open_regular(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        return self._descriptor

    def _is_there(self, descriptor: int) -> bool:
        """Tell whether the file that is open still has its name."""
        try:
            return os.path.samestat(os.fstat(descriptor), self._path.stat())
        except OSError:
            return False

    def _put_aside(self) -> None:
        if not self._keep:
            self._path.unlink()
            return
        for number in range(self._keep - 1, 0, -1):
            with contextlib.suppress(FileNotFoundError):
                self._aside(number).replace(self._aside(number + 1))
        self._path.replace(self._aside(1))

    def _aside(self, number: int) -> Path:
        return self._path.with_name(f"{self._path.name}.{number}")

    def _append(self, descriptor: int, data: bytes) -> None:
        if data and self._is_torn:
            # A full disk has cut a line short: the next one must not be glued to it.
            data = b"\n" + data
        while data:
            sent = os.write(descriptor, data)
            self._is_torn = sent < len(data)
            data = data[sent:]
