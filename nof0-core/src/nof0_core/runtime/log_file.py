"""The log file: what cannot be written there is lost, and nothing else is."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from nof0_core.files import in_words, open_regular


class LogFile:
    """Appends to a file, made with its directory if missing, and never raises.

    Args:
        path: the file.
        warn: takes one line when the file cannot be written, and not again until it could be.
    """

    def __init__(self, path: Path, warn: Callable[[str], object]) -> None:
        self._path = path
        self._warn = warn
        self._descriptor: int | None = None
        self._is_told = False
        self._is_torn = False
        self.write("")

    def write(self, text: str) -> None:
        """Write whole lines."""
        data = text.encode(errors="backslashreplace")
        try:
            if self._descriptor is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._descriptor = open_regular(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
            self._append(self._descriptor, data)
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

    def _append(self, descriptor: int, data: bytes) -> None:
        if data and self._is_torn:
            # A full disk has cut a line short: the next one must not be glued to it.
            data = b"\n" + data
        while data:
            sent = os.write(descriptor, data)
            self._is_torn = sent < len(data)
            data = data[sent:]
