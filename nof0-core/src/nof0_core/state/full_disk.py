"""A full disk: what protects goes on, everything else waits for room."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from nof0_core.clock import Clock
from nof0_core.errors import JournalError
from nof0_core.journal.reserve import Reserve

AGAIN = timedelta(hours=1)
"""How far apart (engine time) a person is told of it."""


class FullDisk:
    """Knows whether the disk is full, and gives room for what protects.

    It is from when something could not be written, or the reserve not be made, until the reserve
    is there again. `alert` is called with code and message.
    """

    def __init__(
        self, *, reserve: Reserve, clock: Clock, alert: Callable[[str, str], None]
    ) -> None:
        self.is_on = False
        self._reserve = reserve
        self._clock = clock
        self._alarm = alert
        self._told: datetime | None = None

    def begin(self, reason: str) -> None:
        """Give the reserve back, because something could not be written: `reason`."""
        self._reserve.release()
        self.is_on = True
        now = self._clock.now()
        if self._told is None or not timedelta(0) <= now - self._told < AGAIN:
            self._told = now
            self._alarm(
                "disk_full",
                f"{reason}; no entries and no decisions until there is room, closes and stops go "
                "on; make room",
            )

    def look(self) -> None:
        """Make the reserve if it is not there; with it, all goes on as before.

        Raises:
            JournalError: the disk does not even say whether it has room.
        """
        try:
            has_room = self._reserve.make()
        except OSError as error:
            message = f"the reserve cannot be made: {error.strerror}: {error.filename}"
            raise JournalError(message) from error
        if not has_room:
            self.begin("the disk has no room for the reserve")
        elif self.is_on:
            self.is_on = False
            self._told = None
            self._alarm("disk_has_room", "the disk has room again: entries and decisions go on")
