"""Which texts of prompts stand in the journal already."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime

import attrs

from nof0_core.domain.cycle_record import Place, texts_of
from nof0_core.domain.event import Body, CycleEnded, Decided
from nof0_core.domain.evolving import evolved
from nof0_core.domain.model import Message
from nof0_core.errors import UnbookableError
from nof0_core.ids import TraderId

SHORT = 200
"""Texts with fewer letters are written each time."""


@attrs.frozen(kw_only=True)
class _Day:
    """The newest text at each place of a trader's prompt on a day (UTC), and where it stands."""

    day: date
    texts: Mapping[Place, tuple[int, str]]


class WrittenPrompts:
    """Takes out of the records of cycles the texts that a trader's stream has already.

    Only what this run has written the same day counts: each day of a stream can be read without
    others, and what a crash cuts off has nothing behind it that refers to it. A place of a prompt
    is compared with its newest text; no others are kept.
    """

    def __init__(self) -> None:
        """Begin: everything is still to be written."""
        self._days: dict[TraderId, _Day] = {}

    def shortened(self, time: datetime, body: Body) -> Body:
        """Return a body as it is to be written at a time (UTC); nothing has changed.

        Raises:
            UnbookableError: it refers to another record itself. Who records has the text.
        """
        if not isinstance(body, CycleEnded | Decided):
            return body
        if body.texts_in:
            refusal = f"a record of type {body.type} was to be written without all of its prompt"
            raise UnbookableError(refusal)
        known = self._known(time, body.trader)
        if not known or not body.messages:
            return body
        messages: list[Message] = []
        texts_in: list[int | None] = []
        for place, message in enumerate(body.messages):
            seq, text = known.get((place, message.role), (0, ""))
            is_there = len(message.content) >= SHORT and text == message.content
            messages.append(Message(role=message.role, content="") if is_there else message)
            texts_in.append(seq if is_there else None)
        if not any(texts_in):
            return body
        return evolved(body, messages=tuple(messages), texts_in=tuple(texts_in))

    def take(self, seq: int, time: datetime, written: Body) -> None:
        """Take over what was written, as record `seq`."""
        if isinstance(written, CycleEnded | Decided) and written.messages:
            found = {place: (seq, text) for place, text in texts_of(written).items()}
            texts = {**self._known(time, written.trader), **found}
            self._days[written.trader] = _Day(day=_day(time), texts=texts)

    def _known(self, time: datetime, trader: TraderId) -> Mapping[Place, tuple[int, str]]:
        found = self._days.get(trader)
        return found.texts if found is not None and found.day == _day(time) else {}


def _day(time: datetime) -> date:
    return time.astimezone(UTC).date()
