"""The newest events worth a look, as a run shows them below its table."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

import attrs
from rich.cells import cell_len, set_cell_size

from nof0_core.domain.decision import Signal
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
_LINES = 2
"""Lines of what a model thought."""
_NOTABLE = (Filled, Alerted, BrakeTripped, BrakeReleased, ControlAnswered)


@attrs.define
class EventStrip:
    """Keeps the newest fills, refusals, brakes, alerts and failed cycles; a listener of a recorder.

    Beside them it keeps what each language model thought last. `names` are what people call the
    traders.
    """

    names: Mapping[str, str]
    _events: deque[Event] = attrs.field(factory=lambda: deque(maxlen=SHOWN))
    _thoughts: dict[str, Event] = attrs.field(factory=dict)

    def __call__(self, event: Event) -> None:
        """Take an event in."""
        body = event.body
        if isinstance(body, CycleEnded) and body.messages is not None and body.answer:
            # The newest one last.
            self._thoughts.pop(body.trader, None)
            self._thoughts[body.trader] = event
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

    def thoughts(self, width: int, most: int) -> list[tuple[str, list[str]]]:
        """Return of so many models what they decided last, and the begin of why, oldest first.

        The reasons are at most two lines; the last word that is shown has `…` behind it.
        """
        from nof0_core.cli.journal_text import clean
        from nof0_core.money import plain

        found = []
        for event in list(self._thoughts.values())[max(len(self._thoughts) - most, 0) :]:
            body = event.body
            assert isinstance(body, CycleEnded)  # noqa: S101 - no other is kept
            who = self.names.get(body.trader, body.trader)
            cost = plain(round(body.usage.cost_usd, 4))
            head = f"{event.time:%m-%d %H:%M}  {who}, {cost} USD: {clean(_acts(body))}"
            why = clean(" ".join(body.chain_of_thought.split()))
            found.append((shortened(head, width), _begun(why, width)))
        return found


def _begun(text: str, width: int) -> list[str]:
    """Break the begin of a text into lines with a margin of two blanks."""
    lines: list[str] = []
    rest = text
    while rest and len(lines) < _LINES - 1:
        line = shortened(rest, width)
        if line == rest:
            break
        line = line.removesuffix("…").rstrip()
        lines.append(line)
        rest = rest[len(line) :].lstrip()
        if not line:
            break
    return [*lines, shortened(rest, width)] if rest else lines


def _acts(cycle: CycleEnded) -> str:
    """Say what a cycle did, without what it leaves as it is."""
    if cycle.status != "ok":
        return f"{cycle.status}: {cycle.error}"
    said = [
        f"{one.decision.signal} {one.decision.symbol}" + ("" if one.is_approved else " REFUSED")
        for one in cycle.judgements
        if one.decision.signal is not Signal.HOLD
    ]
    return ", ".join(said) or "changes nothing"


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
