"""A directory that is not listed again as long as it says that nothing has come."""

from __future__ import annotations

import os
from pathlib import Path

from nof0_core.clock import stopwatch

SETTLED = 3.0
"""Seconds after which what changes a directory also changes its stamp: it may be that coarse."""
AT_LEAST = 10.0
"""It is listed once in so many seconds whatever its stamp says: some file systems keep none."""

_Stamp = tuple[int, int]


class Listing:
    """Tells whether a directory can hold something it did not hold when it was found empty."""

    def __init__(self, directory: Path) -> None:
        """Name the directory; it need not be there."""
        self._path = str(directory)
        self._stamp: _Stamp | None = None
        self._stamped_at = 0.0
        self._empty_at: float | None = None

    def is_empty(self) -> bool:
        """Tell that nothing can have come since `found_empty`; look at it where this is False."""
        now = stopwatch()
        try:
            found = os.stat(self._path)  # noqa: PTH116 - asked at every look
        except FileNotFoundError:
            self._stamp = None
            return True
        except OSError:
            # Whoever lists it is told what is wrong.
            return False
        stamp = found.st_ino, found.st_mtime_ns
        if stamp != self._stamp:
            self._stamp, self._stamped_at, self._empty_at = stamp, now, None
        at = self._empty_at
        return at is not None and at >= self._stamped_at + SETTLED and now < at + AT_LEAST

    def found_empty(self) -> None:
        """Note that it was listed, after `is_empty` was asked, and held nothing."""
        self._empty_at = stopwatch()
