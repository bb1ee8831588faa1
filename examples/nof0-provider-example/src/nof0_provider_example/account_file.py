"""The file an account lives in, so that a restart finds what was there: one line per change."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import attrs
import msgspec

from nof0_core.domain.fill import Fill
from nof0_core.domain.outcome import VenueOrder
from nof0_core.errors import ProviderError, TransientError
from nof0_core.ids import Symbol


@attrs.frozen(kw_only=True)
class Change:
    """What one line says: an order with what it filled, or the leverage of a coin."""

    order: VenueOrder | None = None
    fill: Fill | None = None
    leverage: tuple[Symbol, int] | None = None


class AccountFile:
    """Appends changes to a file. They survive the process, not a power failure.

    A line that was not written to its end is as if it had never been begun.
    """

    def __init__(self, path: Path) -> None:
        """Open the file, and make it if there is none."""
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        # Unbuffered: a line is one write, and nothing waits in the process.
        self._file = path.open("r+b" if path.exists() else "w+b", buffering=0)
        self._size = self._file.read().rfind(b"\n") + 1

    def read(self) -> Iterator[Change]:
        """Return all changes, oldest first.

        Raises:
            ProviderError: a line is no change; says which.
        """
        self._file.seek(0)
        for number, line in enumerate(self._file.read(self._size).splitlines(), start=1):
            try:
                yield msgspec.json.decode(line, type=Change)
            except msgspec.DecodeError as error:
                message = f"{self._path}:{number}: this is not a line of an account: {error}"
                raise ProviderError(message) from error

    def append(self, change: Change) -> None:
        """Write a change; what it says happens only if this returns.

        Raises:
            TransientError: it cannot be written, so nothing happened.
        """
        line = msgspec.json.encode(change) + b"\n"
        try:
            # What an earlier attempt left behind is written over.
            self._file.seek(self._size)
            self._file.truncate()
            written = self._file.write(line)
        except OSError as error:
            message = f"{self._path}: cannot be written: {error.strerror}"
            raise TransientError(message) from error
        if written != len(line):
            message = f"{self._path}: the disk is full"
            raise TransientError(message)
        self._size += written

    def close(self) -> None:
        """Close the file."""
        self._file.close()
