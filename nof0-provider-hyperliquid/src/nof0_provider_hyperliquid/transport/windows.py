"""Limits of the kind "so much within a minute", shared by urgency."""

from __future__ import annotations

from bisect import insort
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from enum import IntEnum
from itertools import count

import anyio
import attrs

from nof0_core.clock import Clock
from nof0_core.errors import TransientError

STEP = timedelta(seconds=1)
"""Whoever waits looks again so often: clocks are set, and what is under way ends when it does."""

YIELD = timedelta(seconds=15)
"""How long what can wait does after a refusal."""

AFTER_REFUSAL = 0.75
"""The part of the limit's rate that is read in the period after refusals: nothing was left, and it
fills up again even where the venue counts some of what it refuses."""

FIRST_REFUSAL = 0.1
"""The part of the limit that the first refusal of a period leaves: it may be a mistake."""


class NoRoomError(TransientError):
    """A limit leaves no room for a request in time; nothing was sent."""


class Priority(IntEnum):
    """How urgent a request is; the lower goes first."""

    PROTECTION = 0
    ORDERS = 1
    NEWS = 2
    """What an order or a stop waits for: prices, and the account where it has news."""
    STATE = 3
    """An account of which nobody knows any news."""
    READS = 4
    DOWNLOADS = 5


SHARE = {
    Priority.PROTECTION: 1.0,
    Priority.ORDERS: 0.95,
    Priority.NEWS: 0.92,
    Priority.STATE: 0.75,
    Priority.READS: 0.6,
    Priority.DOWNLOADS: 0.4,
}
"""The part of a limit up to which each may go; the rest is kept for what is more urgent."""

OWN_OF_READS = 0.15
"""The part of a limit that reads take before the state: looks without end never starve them."""

Urgency = Priority | Callable[[], Priority]
"""How urgent something is, or what tells how urgent it has become."""


def urgency_now(urgency: Urgency) -> Priority:
    """Return how urgent something is now."""
    return urgency if isinstance(urgency, Priority) else urgency()


@attrs.define(eq=False, kw_only=True)
class Spending:
    """What one request takes; whoever sent it corrects `amount` when the answer is there."""

    amount: int
    began: datetime | None = None
    priority: Priority = Priority.READS
    ended: datetime | None = None


class Window:
    """At most `limit` within any `period` of the clock, most urgent first.

    The venue fills a bucket at a steady rate, and does not say when it looks. What keeps within
    the limit in every stretch of a period keeps within any bucket, too. What is under way counts;
    what has ended counts for a period from its end, as the venue may have seen it so late.
    """

    def __init__(self, name: str, *, limit: int, period: timedelta, clock: Clock) -> None:
        self.name = name
        self.limit = limit
        self._period = period
        self._clock = clock
        self._under_way: set[Spending] = set()
        self._ended: deque[Spending] = deque()
        self._waiting: list[tuple[float, int]] = []
        self._numbers = count()
        self._moved = anyio.Event()
        self._closed_until: datetime | None = None
        self._refused_at: datetime | None = None
        self._left_at_once = 0.0

    @property
    def used(self) -> int:
        """Return what counts against the limit now."""
        self._forget()
        return sum(s.amount for s in self._under_way) + sum(s.amount for s in self._ended)

    @property
    def waiting(self) -> int:
        """Return how many wait for their turn."""
        return len(self._waiting)

    def room(self, priority: Priority) -> int:
        """Return how much a request of this urgency may take now."""
        return max(0, self._share(priority) - self.used)

    def most(self, priority: Priority) -> int:
        """Return how much requests of this urgency may take in a period."""
        return self._share(priority)

    @asynccontextmanager
    async def spend(
        self, amount: int, urgency: Urgency, *, patience: timedelta | None = None
    ) -> AsyncIterator[Spending]:
        """Wait for room, then hold it until the block ends.

        Args:
            amount: what is expected to be needed; more than there can be counts as all there is.
            urgency: how urgent it is; who waits is asked again.
            patience: of the clock, after which waiting makes no sense any more. None: wait.

        Raises:
            NoRoomError: there is no room within `patience`; nothing was taken.
        """
        priority = await self._turn(amount, urgency, patience)
        spending = Spending(amount=amount, began=self._clock.now(), priority=priority)
        self._under_way.add(spending)
        try:
            yield spending
        finally:
            self._under_way.discard(spending)
            spending.ended = self._clock.now()
            self._ended.append(spending)

    def close_for(self, span: timedelta) -> None:
        """Let neither state nor bars through for that long: the venue has refused.

        Reads that nobody's protection goes by wait for `YIELD` at least: after a restart the venue
        counts what the process before has asked, and what it gives is for those that matter. All
        but orders and protection go slower for a period (`AFTER_REFUSAL`).
        """
        self._forget()
        self._left_at_once = FIRST_REFUSAL if self._refused_at is None else 0.0
        self._refused_at = self._clock.now()
        until = self._refused_at + span
        if self._closed_until is None or until > self._closed_until:
            self._closed_until = until

    def wait_for(self, amount: int, priority: Priority) -> timedelta:
        """Return how long there will be no room, if nobody else takes it; 0: there is."""
        self._forget()
        now = self._clock.now()
        closed = timedelta(0)
        if priority >= Priority.STATE and self._closed_until is not None:
            closed = max(closed, self._closed_until - now)
        if priority >= Priority.READS and self._refused_at is not None:
            closed = max(closed, self._refused_at + YIELD - now)
        wait = self._passes(amount, self._share(priority))
        if priority is Priority.READS:
            state = self._passes(amount, self._share(Priority.STATE))
            wait = min(wait, max(state, self._passes(amount, self._own_of_reads, priority)))
        return max(closed, wait, self._filled(amount, priority))

    def _filled(self, amount: int, priority: Priority) -> timedelta:
        """Return when so much has filled up since a refusal."""
        if self._refused_at is None or priority <= Priority.ORDERS:
            return timedelta(0)
        known = (*self._under_way, *self._ended)
        since = sum(s.amount for s in known if s.began is not None and s.began >= self._refused_at)
        asked = (since + min(amount, self.limit)) / self.limit - self._left_at_once
        part = max(0.0, asked) / AFTER_REFUSAL
        at = self._refused_at + min(self._period, self._period * part)
        return max(timedelta(0), at - self._clock.now())

    def _passes(self, amount: int, most: int, of: Priority | None = None) -> timedelta:
        """Return when so much more is at most `most`; what one urgency alone has taken, or all.

        Where that is not known yet, all is looked at again soon, and one urgency's own is not
        waited for.
        """
        under_way = (s.amount for s in self._under_way if of in (None, s.priority))
        ended = [s for s in self._ended if of in (None, s.priority)]
        missing = sum(under_way) + sum(s.amount for s in ended) + min(amount, most) - most
        if missing <= 0:
            return timedelta(0)
        for spending in ended:
            missing -= spending.amount
            if missing <= 0 and spending.ended is not None:
                return spending.ended + self._period - self._clock.now()
        return STEP if of is None else self._period

    def _rank(self, amount: int, priority: Priority) -> float:
        """Return the place in the queue of what is asked now; the lower goes first."""
        if priority is Priority.READS and not self._passes(amount, self._own_of_reads, priority):
            return Priority.STATE - 0.5
        return priority

    async def _turn(self, amount: int, urgency: Urgency, patience: timedelta | None) -> Priority:
        number, began = next(self._numbers), self._clock.now()
        me = (self._rank(amount, urgency_now(urgency)), number)
        insort(self._waiting, me)
        try:
            while True:
                priority = urgency_now(urgency)
                if (rank := self._rank(amount, priority)) != me[0]:
                    self._waiting.remove(me)
                    me = (rank, number)
                    insort(self._waiting, me)
                    self._move()  # another may be the first now
                is_first = self._waiting[0] == me
                wait = self.wait_for(amount, priority)
                if is_first and wait <= timedelta(0):
                    return priority
                now = self._clock.now()
                if patience is not None and now - began + wait > patience:
                    raise self._no_room(wait)
                if is_first:
                    await self._clock.sleep_until(now + min(wait, STEP))
                    self._move()  # another may have become more urgent meanwhile
                else:
                    await self._moved.wait()
        finally:
            self._waiting.remove(me)
            self._move()

    def _move(self) -> None:
        """Let all who wait look whose turn it is."""
        self._moved.set()
        self._moved = anyio.Event()

    def _no_room(self, wait: timedelta) -> NoRoomError:
        message = (
            f"{self.name}: {self.used} of {self.limit} within {self._period.total_seconds():g} s"
            f" are used; there is room in {wait.total_seconds():.0f} s"
        )
        return NoRoomError(message, retry_after=wait)

    def _share(self, priority: Priority) -> int:
        return int(self.limit * SHARE[priority])

    @property
    def _own_of_reads(self) -> int:
        return int(self.limit * OWN_OF_READS)

    def _forget(self) -> None:
        now = self._clock.now()
        for spending in reversed(self._ended):
            if spending.ended is None or spending.ended <= now:
                break
            spending.ended = now  # the clock was set back
        while self._ended and (ended := self._ended[0].ended) is not None:
            if ended + self._period > now:
                break
            self._ended.popleft()
        if self._closed_until is not None and not (now < self._closed_until <= now + self._period):
            self._closed_until = None
        refused = self._refused_at
        if refused is not None and not (refused <= now < refused + self._period):
            self._refused_at = None
