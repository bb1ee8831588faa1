"""What the records that are there prove of those that are not."""

from __future__ import annotations

import re

from nof0_core.domain.event import EngineStarted, OrderAnswered, OrderIntended
from nof0_core.domain.vocabulary import ClockKind
from nof0_core.journal.bookmark import Bookmark
from nof0_core.journal.record import Record

_CLIENT_ID = re.compile(rb'"client_id":"([^"]+)"')
IN_REAL_TIME = frozenset({ClockKind.SYSTEM, ClockKind.SCALED})
"""Clocks on which everything up to an order is on disk before the order leaves."""


class Proof:
    """Up to which number everything was on disk once, whatever a power failure took later.

    That is up to the newest `engine_started`, and, if that run was on a clock that runs by itself,
    up to the intent of every order with an answer. Streams are taken one after the other, that of
    the engine first.
    """

    def __init__(self, mark: Bookmark | None = None) -> None:
        """Begin with nothing, or behind a bookmark: all up to that was on disk."""
        self._started = mark.seq + 1 if mark is not None else 0
        self._is_real_time = mark is not None and mark.is_real_time
        self._intended: dict[bytes, int] = {}
        self._sent = self._answer = 0
        self._stream = ""

    def take(self, record: Record) -> None:
        """See one record."""
        if record.type == EngineStarted.type:
            body = record.event().body
            if record.seq > self._started and isinstance(body, EngineStarted):
                self._started = record.seq
                self._is_real_time = body.clock in IN_REAL_TIME
        elif record.seq < self._started or not self._is_real_time:
            return
        elif record.type == OrderIntended.type:
            if found := _CLIENT_ID.search(record.data):
                self._intended[found[1]] = record.seq
        elif record.type == OrderAnswered.type and (found := _CLIENT_ID.search(record.data)):
            intent = self._intended.get(found[1], 0)
            if intent > self._sent:
                self._sent, self._answer, self._stream = intent, record.seq, record.stream

    def of(self, number: int) -> str:
        """Say why a missing record cannot have been lost in a power failure; empty if it can."""
        if number < self._started:
            return f"deleted after record {self._started}"
        if number < self._sent:
            return (
                f"it was on disk before the order of record {self._sent} ({self._stream}) left, "
                f"which was answered (record {self._answer}): no power failure took it"
            )
        return ""
