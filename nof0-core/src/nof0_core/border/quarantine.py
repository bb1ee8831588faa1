"""Who is in quarantine for a bad value, so that it harms nobody else."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Protocol

from nof0_core.border.foreign import Origin
from nof0_core.clock import Clock
from nof0_core.domain.quarantined import Quarantined
from nof0_core.ids import Symbol

TOLD_AGAIN = timedelta(hours=1)
"""A section that comes and goes for the same reason is told about so often, in engine time."""


class Alarm(Protocol):
    """Whoever tells a person."""

    def __call__(self, code: str, message: str, /, *, symbol: Symbol | None = None) -> object:
        """Record something a person should look at."""


class Quarantine:
    """Everything of one engine that is in quarantine. It is not kept: a start looks anew.

    `origin` tells whose code a section runs, by family and name.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        alarm: Alarm,
        origin: Callable[[str, str], Origin],
    ) -> None:
        self.clock = clock
        self._alarm = alarm
        self._origin = origin
        self._wards: dict[tuple[str, str], Ward] = {}

    def ward(self, family: str, section: str) -> Ward:
        """Return the part of one section; the same each time."""
        key = (family, section)
        if key not in self._wards:
            self._wards[key] = Ward(self, family, section)
        return self._wards[key]

    def all(self) -> tuple[Quarantined, ...]:
        """Return what is in quarantine now, by family, section, verb and coin."""
        return tuple(entry for _, ward in sorted(self._wards.items()) for entry in ward.entries)

    def tell(self, entry: Quarantined, means: str) -> None:
        """Tell a person of one."""
        origin = self._origin(entry.family, entry.section)
        bad = origin.at_fault(f"{entry.family} {entry.section}: {entry.verb} {entry.problem}")
        self._alarm("quarantine", f"{bad}; {means}", symbol=entry.symbol)

    def redacted(self, family: str, section: str, problem: str) -> str:
        """Return a sentence about a section without secrets."""
        return self._origin(family, section).redact(problem)


class Ward:
    """What of one section is in quarantine: coins, or all of it, by the verb that is to blame."""

    def __init__(self, quarantine: Quarantine, family: str, section: str) -> None:
        self._quarantine = quarantine
        self._family = family
        self._section = section
        self._entries: dict[tuple[str, Symbol | None], Quarantined] = {}
        self._told: dict[tuple[str, Symbol | None], datetime] = {}

    @classmethod
    def alone(cls, family: str, section: str, clock: Clock) -> Ward:
        """Make one that tells nobody, for a section outside an engine."""
        origin = Origin(part=f"{family} {section}")
        alone = Quarantine(clock=clock, alarm=lambda *_, **__: None, origin=lambda *_: origin)
        return alone.ward(family, section)

    @property
    def entries(self) -> list[Quarantined]:
        """Return what is in quarantine, by verb and coin."""
        return [e for _, e in sorted(self._entries.items(), key=lambda i: (i[0][0], i[0][1] or ""))]

    def put(self, verb: str, problem: str, means: str, *, symbol: Symbol | None = None) -> None:
        """Put a coin (None: the section) into quarantine; it is told once, with what that means.

        Args:
            verb: the call that was answered badly.
            problem: what is wrong with the answer, as the end of a sentence.
            means: what is not done until it is over.
            symbol: the coin it is about.
        """
        key, now = (verb, symbol), self._quarantine.clock.now()
        known = self._entries.get(key)
        entry = self._entries[key] = Quarantined(
            family=self._family,
            section=self._section,
            symbol=symbol,
            verb=verb,
            problem=self._quarantine.redacted(self._family, self._section, problem),
            since=known.since if known is not None else now,
        )
        told = self._told.get(key)
        if known is None and (told is None or not told <= now < told + TOLD_AGAIN):
            self._told[key] = now
            self._quarantine.tell(entry, means)

    def release(self, verb: str, symbol: Symbol | None = None) -> None:
        """Let a coin, or the section, out."""
        if self._entries:
            self._entries.pop((verb, symbol), None)

    def keep_only(self, verb: str, symbols: Collection[Symbol | None]) -> None:
        """Let out whatever one verb has put in, but for these."""
        for key in [k for k in self._entries if k[0] == verb and k[1] not in symbols]:
            del self._entries[key]

    def refusal(self, symbol: Symbol) -> str:
        """Say why no entry on a coin may leave now; empty if one may."""
        for (verb, held), entry in self._entries.items():
            if held is None or held == symbol:
                what = self._section if held is None else symbol
                return f"entries are stopped: {what} is in quarantine: {verb} {entry.problem}"
        return ""
