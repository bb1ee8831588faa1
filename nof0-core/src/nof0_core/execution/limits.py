"""How long a call to the world outside may take, in real seconds."""

from __future__ import annotations

import math
from datetime import timedelta

import attrs


@attrs.frozen(kw_only=True)
class Limits:
    """One table for all verbs; where no limit may become an outcome, those of calls have no end.

    A limit that strikes makes the outcome of `place` and `cancel` unknown, and a read one that may
    work later. `place` is an entry's; what protects has `protect` for its order and `cancel`. The
    longest a unit of sending and protecting may take is `unit`. A call to an exporter has `export`,
    on every clock: no result depends on it. A run that was asked to end has `end` for all of it.
    """

    place: float = 20.0
    protect: float = 4.0
    cancel: float = 4.0
    order: float = 10.0
    prove: float = 30.0
    report: float = 10.0
    fills: float = 15.0
    funding: float = 15.0
    set_leverage: float = 10.0
    accept_marks: float = 15.0
    quotes: float = 10.0
    candles: float = 15.0
    open: float = 60.0
    close: float = 10.0
    export: float = 60.0
    end: float = 300.0
    unit: float = 45.0

    def lowered(self, timeout: timedelta | None) -> Limits:
        """Return the table of a section whose own limit for every call is `timeout`."""
        if timeout is None or math.isinf(self.unit):
            return self
        most = timeout.total_seconds()
        return attrs.evolve(self, **{v: min(getattr(self, v), most) for v in VERBS})

    def without_an_end(self) -> Limits:
        """Return the table of a run in which no call's limit may become an outcome.

        What happens beside and around the run keeps its limits.
        """
        return attrs.evolve(self, unit=math.inf, **dict.fromkeys(VERBS, math.inf))


LIMITS = Limits()
MARKET_VERBS = ("quotes", "candles")
EXCHANGE_VERBS = tuple(
    field.name
    for field in attrs.fields(Limits)
    if field.name not in (*MARKET_VERBS, "open", "close", "export", "end", "unit")
)
VERBS = EXCHANGE_VERBS + MARKET_VERBS
"""What is one call to a provider."""
