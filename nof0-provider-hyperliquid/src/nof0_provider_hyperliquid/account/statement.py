"""The fills of one account that were read, and reading on from there."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime, timedelta

import anyio
import attrs

from nof0_core.clock import Clock
from nof0_provider_hyperliquid.account.fills import fill_key, time_of
from nof0_provider_hyperliquid.account.paging import Ask, Pager
from nof0_provider_hyperliquid.transport.windows import Priority
from nof0_provider_hyperliquid.wire.reading import rows

WHOLE = timedelta(minutes=5)
"""So often the whole span is read anew: the venue might list an older fill late."""
JOINED_WITHIN = 2.0
"""Real seconds a reader waits for another one's answer before it asks for itself."""


@attrs.frozen(kw_only=True)
class _Known:
    """All rows from `start` (ms) on, oldest first, and when the whole span was last read.

    Of what was before, rows of one moment may be there: the newest that were known. `number` is
    that of the reading it is from.
    """

    start: int
    rows: Mapping[Hashable, object]
    whole_at: datetime
    number: int

    @property
    def newest(self) -> int | None:
        return max(map(_time, self.rows.values()), default=None)

    def since(self, start: int) -> list[object]:
        return [row for row in self.rows.values() if _time(row) >= start]

    def last_moment(self, start: int) -> Mapping[Hashable, object]:
        """Return the rows of the newest moment before `start`: what new ones are joined to."""
        before = {key: row for key, row in self.rows.items() if _time(row) < start}
        last = max(map(_time, before.values()), default=None)
        return {key: row for key, row in before.items() if _time(row) == last}


class FillStatement:
    """Reads fills, all of them or none; with most known, one question tells that nothing is new.

    No answer's length says that it is whole. An empty one is, whatever the size of a page. Where
    something is new, the same is asked again from the newest known moment on: an answer with that
    moment and all that was new, and no more, is joined to what is known, and shows that a page has
    room for more than was new. Nothing is cut then at either end. Else all is paged through anew.

    Whoever comes while something is read waits for it, and one reading that begins after that
    serves all who wait: it is no older than their questions.
    """

    def __init__(
        self,
        *,
        ask: Callable[[Priority | None], Ask],
        pager: Callable[[Priority | None], Pager],
        clock: Clock,
    ) -> None:
        """Prepare.

        Args:
            ask: returns what asks for a page, with an urgency; None: that of the account's reads.
            pager: returns what reads whole spans, with an urgency.
            clock: engine time.
        """
        self._asks = {each: ask(each) for each in (Priority.NEWS, None)}
        self._pagers = {each: pager(each) for each in (Priority.NEWS, None)}
        self._clock = clock
        self._lock = anyio.Lock()
        self._begun = 0
        self._known: _Known | None = None

    async def since(
        self, start: int, priority: Priority | None = None, *, anew: bool = False
    ) -> list[object]:
        """Return all rows from `start` (ms) on, oldest first, each once.

        Args:
            start: the first moment.
            priority: how urgent it is; None: as the account's reads are.
            anew: rely on nothing that is known.

        Raises:
            DataError: a page cannot be paged on from, or a row has no time.
            TransientError: for what may pass.
        """
        came = self._begun
        with anyio.move_on_after(JOINED_WITHIN) as waiting:
            await self._lock.acquire()
        if waiting.cancelled_caught:  # what is under way may hang
            return await self._read(start, priority, anew=anew)
        try:
            known = self._known
            if known is not None and known.number > came and start >= known.start and not anew:
                return known.since(start)
            return await self._read(start, priority, anew=anew)
        finally:
            self._lock.release()

    def known(self) -> Sequence[object]:
        """Return the rows that are known without a question, oldest first."""
        return () if self._known is None else tuple(self._known.rows.values())

    async def _read(self, start: int, priority: Priority | None, *, anew: bool) -> list[object]:
        self._begun += 1
        number, known, now = self._begun, self._known, self._clock.now()
        is_new = known is not None and timedelta(0) <= now - known.whole_at < WHOLE
        if known is not None and is_new and not anew and start >= known.start:
            found = await self._newer(known, self._asks[priority])
            if found is not None:
                self._known = attrs.evolve(known, rows=found, number=number)
                return self._known.since(start)
        listed = await self._pagers[priority].since(start)
        told = {} if known is None else dict(known.last_moment(start))
        told |= {fill_key(row): row for row in listed}
        self._known = _Known(start=start, rows=told, whole_at=now, number=number)
        return listed

    async def _newer(self, known: _Known, ask: Ask) -> Mapping[Hashable, object] | None:
        """Return what is known with what is newer; None where that is not shown to be whole."""
        newest = known.newest
        if newest is None:
            return None
        new = rows(await ask(newest + 1, None), "fills")
        if not new:
            return known.rows
        joined = rows(await ask(newest, None), "fills")
        found = {fill_key(row): row for row in joined}
        moment = {key for key, row in known.rows.items() if _time(row) == newest}
        if len(found) != len(joined) or found.keys() != moment | {fill_key(row) for row in new}:
            return None
        times = [_time(row) for row in joined]
        later = [row for row in joined if _time(row) > newest]
        # Where pages are newest first, rows of one moment are, too.
        ordered = sorted(later[::-1] if times[0] > times[-1] else later, key=_time)
        return {**known.rows, **{fill_key(row): row for row in ordered}}


def _time(row: object) -> int:
    return time_of(row, "fill")
