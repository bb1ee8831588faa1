"""The newest events worth a look, as a run shows them below its table."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

import attrs
from rich.cells import cell_len, set_cell_size

from nof0_core.domain.event import (
    Alerted,
    BrakeReleased,
    BrakeTripped,
    ControlAnswered,
    CycleEnded,
    Event,
    Filled,
)

SHOWN = 4
"""Lines of the strip."""
_NOTABLE = (Filled, Alerted, BrakeTripped, BrakeReleased, ControlAnswered)


@attrs.define
class EventStrip:
    """Keeps the newest fills, refusals, brakes, alerts and failed cycles; a listener of a recorder.

    `names` are what people call the traders.
    """

    names: Mapping[str, str]
    _events: deque[Event] = attrs.field(factory=lambda: deque(maxlen=SHOWN))

    def __call__(self, event: Event) -> None:
        """Take an event in."""
        body = event.body
        if isinstance(body, _NOTABLE) or (isinstance(body, CycleEnded) and is_notable(body)):
            self._events.append(event)

    def lines(self, width: int) -> list[str]:
        """Return a line for each, oldest first; of one that is too long whole words go."""
        from nof0_core.cli.journal_text import clean, summary

        return [
            shortened(
                f"{event.time:%m-%d %H:%M}  {self.names.get(event.stream, event.stream)}  "
                f"{event.body.type}  {clean(summary(event.body))}",
                width,
            )
            for event in self._events
        ]


def is_notable(cycle: CycleEnded) -> bool:
    """Tell whether a cycle failed or wanted something that was refused."""
    return cycle.status != "ok" or any(not one.is_approved for one in cycle.judgements)


def shortened(text: str, width: int) -> str:
    """Make one line of a text, and leave out words at its end where it is too long."""
    line = " ".join(text.split("\n"))
    if cell_len(line) <= width:
        return line
    kept = set_cell_size(line, max(width - 2, 0))
    if line[len(kept) : len(kept) + 1] != " ":
        kept = kept[: kept.rfind(" ") + 1]
    return f"{kept.rstrip()} …".lstrip()


def listed(names: Iterable[str], most: int) -> str:
    """Name so many, and count the rest."""
    found = list(names)
    rest = len(found) - most
    return ", ".join(found[:most]) + (f" and {rest} more" if rest > 0 else "")
