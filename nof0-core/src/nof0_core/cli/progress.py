"""How far a run with a known end is, and how long it will still take."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs

from nof0_core.clock import stopwatch

_BEGUN = 0.02
"""The part that must be over before a time is told."""


@attrs.define
class Progress:
    """Reckons from the part that is over (0 to 1) at the start of this process.

    `begin` and `end` are engine time, None where the end is not known; `cycles` are those after
    which the run stops.
    """

    begin: datetime
    end: datetime | None
    cycles: int | None = None
    _started: float = attrs.field(factory=stopwatch)

    def part(self, now: datetime, cycles: int) -> float | None:
        """Return which part is over, None where nobody knows."""
        parts = []
        if self.cycles is not None:
            parts.append(cycles / self.cycles)
        if self.end is not None and self.end > self.begin:
            parts.append((now - self.begin) / (self.end - self.begin))
        return min(max(parts), 1.0) if parts else None

    def text(self, now: datetime, cycles: int) -> str:
        """Write `42 %, 1:05 left`, empty where the end is not known."""
        part = self.part(now, cycles)
        if part is None:
            return ""
        said = f"{100 * part:.0f} %"
        if part < _BEGUN:
            return said
        left = (stopwatch() - self._started) * (1 - part) / part
        return f"{said}, {written(left)} left"


def written(seconds: float) -> str:
    """Write a time as `1:05` or `2:01:05`."""
    whole = str(timedelta(seconds=round(seconds)))
    return whole.removeprefix("0:").removeprefix("0") if whole.startswith("0:") else whole
