"""How long the calls of one verb took."""

from __future__ import annotations

import attrs


@attrs.define(eq=False)
class Timing:
    """Real seconds of all calls so far: how many, together, and the longest."""

    count: int = 0
    total: float = 0.0
    longest: float = 0.0

    def add(self, seconds: float) -> None:
        """Count a call."""
        self.count += 1
        self.total += seconds
        self.longest = max(self.longest, seconds)
