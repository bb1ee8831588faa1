"""A cycle made whole: of its two records if it ordered, with the texts its prompt has elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from itertools import zip_longest
from operator import attrgetter
from typing import TypeVar

import attrs

from nof0_core.domain.event import CycleEnded, Decided, Event
from nof0_core.domain.evolving import evolved
from nof0_core.domain.model import Message
from nof0_core.errors import JournalError
from nof0_core.ids import TraderId

_SAID = (
    "brakes",
    "budget",
    "parameters",
    "prompt_digest",
    "template_versions",
    "messages",
    "texts_in",
    "prompt_cut",
    "answer",
    "is_typed",
    "chain_of_thought",
    "usage",
    "calls",
    "judgements",
)
"""What only `Decided` has."""
_said = attrgetter(*_SAID)

Place = tuple[int, str]
"""Where a text stands in a prompt: number of the message, from 0, and its role."""


_Cycle = TypeVar("_Cycle", bound=CycleEnded | Decided)


def joined(decided: Decided, ended: CycleEnded) -> CycleEnded:
    """Return the record of the whole cycle; joining again changes nothing."""
    return evolved(ended, **dict(zip(_SAID, _said(decided), strict=True)))


def texts_of(body: Decided | CycleEnded) -> dict[Place, str]:
    """Return the texts that stand in a record itself."""
    messages = enumerate(zip_longest(body.messages or (), body.texts_in))
    return {
        (place, message.role): message.content
        for place, (message, record) in messages
        if message is not None and record is None
    }


class CycleJoiner:
    """Makes records of cycles whole for who reads events in their order.

    Keeps of each trader the newest `Decided` until its cycle has ended, and the newest text at each
    place of its prompt. `find` is asked for the record of a number where reading began in between;
    without it such a record stays as it is.
    """

    def __init__(self, find: Callable[[int], Event | None] | None = None) -> None:
        self._find = find
        self._open: dict[TraderId, Event] = {}
        self._texts: dict[TraderId, dict[Place, tuple[int, str]]] = {}

    @property
    def open(self) -> tuple[Event, ...]:
        """Return the decisions whose cycles have not ended, oldest first."""
        return tuple(sorted(self._open.values(), key=lambda event: event.seq))

    def joined(self, event: Event) -> Event:
        """Return the event, a cycle with all that was said in it, and go on to the next.

        Raises:
            JournalError: `find` knows no record that has a text of it.
        """
        whole = self.peek(event)
        self.take(event)
        return whole

    def peek(self, event: Event) -> Event:
        """Return what `joined` would, and stay where we are; raises as that does."""
        body = event.body
        if isinstance(body, CycleEnded) and body.decided is not None:
            decided = self._open.get(body.trader)
            if decided is None or decided.seq != body.decided:
                decided = self._found(body.decided)
            if decided is not None and isinstance(decided.body, Decided):
                body = joined(decided.body, body)
        if isinstance(body, CycleEnded | Decided) and any(body.texts_in):
            body = self._with_texts(event.seq, body)
        return event if body is event.body else attrs.evolve(event, body=body)

    def take(self, event: Event) -> None:
        """Go on behind an event."""
        body = event.body
        if not isinstance(body, CycleEnded | Decided):
            return
        if body.messages:
            found = {place: (event.seq, text) for place, text in texts_of(body).items()}
            self._texts.setdefault(body.trader, {}).update(found)
        if isinstance(body, Decided):
            self._open[body.trader] = self.peek(event)
        elif body.decided is not None:
            decided = self._open.get(body.trader)
            if decided is not None and decided.seq == body.decided:
                del self._open[body.trader]

    def _found(self, seq: int) -> Event | None:
        event = self._find(seq) if self._find is not None else None
        return event if event is not None and event.seq == seq else None

    def _with_texts(self, seq: int, body: _Cycle) -> _Cycle:
        messages = list(body.messages or ())
        for place, (message, record) in enumerate(zip(messages, body.texts_in, strict=False)):
            if record is None:
                continue
            text = self._text(body.trader, (place, message.role), record)
            if text is None and self._find is None:
                return body
            if text is None:
                lost = (
                    f"record {seq} of {body.trader}: the text of its {message.role} message stands "
                    f"in record {record}, which is not there or has none"
                )
                hint = "put the journal back from a copy; `nof0 journal verify` says what is wrong"
                raise JournalError(lost, hints=[hint])
            messages[place] = Message(role=message.role, content=text)
        return attrs.evolve(body, messages=tuple(messages), texts_in=())

    def _text(self, trader: TraderId, place: Place, record: int) -> str | None:
        seq, text = self._texts.get(trader, {}).get(place, (None, None))
        if seq == record:
            return text
        found = self._found(record)
        if found is None or not isinstance(found.body, CycleEnded | Decided):
            return None
        texts = texts_of(found.body) if found.body.trader == trader else {}
        if place in texts:
            # Those that follow name the same record, until there is a newer text.
            self._texts.setdefault(trader, {})[place] = record, texts[place]
        return texts.get(place)
