"""What happened in a life."""

from __future__ import annotations

from collections import Counter

import attrs
from world.memory import Memory


@attrs.frozen(kw_only=True)
class Report:
    """What happened in a life; `faults` by verb and kind, `kills` by the step that was the last."""

    seed: int
    journal: Memory
    fills: int
    orders: int
    seconds: int
    faults: Counter
    did: Counter
    kills: Counter
    excuses: Counter

    def totals(self) -> Counter[str]:
        """Return what can be summed over lives, by name."""
        return Counter(
            {
                "lives": 1,
                "virtual seconds": self.seconds,
                "orders": self.orders,
                "fills": self.fills,
                "faults": self.faults.total(),
                "kills": self.did["kill"],
                "records lost": self.did["record lost"],
                "orderly stops": self.did["stop"],
                "manual trades": self.did["closed by hand"] + self.did["opened by hand"],
                "clock steps": self.did["clock set"],
            }
        )
