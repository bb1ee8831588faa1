"""The fills of one account that were read, and reading on from there."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from datetime import datetime, timedelta

import attrs

from nof0_core.clock import Clock
from nof0_provider_hyperliquid.account.fills import fill_key, time_of
from nof0_provider_hyperliquid.account.paging import Ask, Pager
from nof0_provider_hyperliquid.wire.reading import rows

WHOLE = timedelta(minutes=1)
"""So often the whole span is read anew: the venue might list an older fill late."""


@attrs.frozen(kw_only=True)
class _Known:
    """All rows from `start` (ms) on, oldest first, and when the whole span was last read."""

    start: int
    rows: Mapping[Hashable, object]
    whole_at: datetime

    @property
    def newest(self) -> int | None:
        return max((time_of(row, "fill") for row in self.rows.values()), default=None)


class FillStatement:
    """Reads fills, all of them or none; with most known, one question tells that nothing is new.

    No answer's length says that it is whole. An empty one is, whatever the size of a page. Where
    something is new, the same is asked again from the newest known moment on: an answer with that
    moment and all that was new, and no more, is joined to what is known, and shows that a page has
    room for more than was new. Nothing is cut then at either end. Else all is paged through anew.
    """

    def __init__(self, pager: Pager, *, ask: Ask, clock: Clock) -> None:
        """Prepare.

        Args:
            pager: reads whole spans.
            ask: asks for a page.
            clock: engine time.
        """
        self._pager = pager
        self._ask = ask
        self._clock = clock
        self._known: _Known | None = None

    async def since(self, start: int, *, anew: bool = False) -> list[object]:
        """Return all rows from `start` (ms) on, oldest first, each once.

        Args:
            start: the first moment.
            anew: rely on nothing that is known.

        Raises:
            DataError: a page cannot be paged on from, or a row has no time.
            TransientError: for what may pass.
        """
        known, now = self._known, self._clock.now()
        is_new = known is not None and timedelta(0) <= now - known.whole_at < WHOLE
        if known is not None and is_new and not anew and start >= known.start:
            found = await self._newer(known)
            if found is not None:
                self._known = attrs.evolve(known, rows=found)
                return [row for row in found.values() if time_of(row, "fill") >= start]
        listed = await self._pager.since(start)
        self._known = _Known(start=start, rows={fill_key(row): row for row in listed}, whole_at=now)
        return listed

    def known(self) -> Sequence[object]:
        """Return the rows that are known without a question, oldest first."""
        return () if self._known is None else tuple(self._known.rows.values())

    async def _newer(self, known: _Known) -> Mapping[Hashable, object] | None:
        """Return what is known with what is newer; None where that is not shown to be whole."""
        newest = known.newest
        if newest is None:
            return None
        new = rows(await self._ask(newest + 1, None), "fills")
        if not new:
            return known.rows
        joined = rows(await self._ask(newest, None), "fills")
        found = {fill_key(row): row for row in joined}
        moment = {key for key, row in known.rows.items() if time_of(row, "fill") == newest}
        if len(found) != len(joined) or found.keys() != moment | {fill_key(row) for row in new}:
            return None
        times = [time_of(row, "fill") for row in joined]
        later = [row for row in joined if time_of(row, "fill") > newest]
        # Where pages are newest first, rows of one moment are, too.
        ordered = sorted(later[::-1] if times[0] > times[-1] else later, key=_time)
        return {**known.rows, **{fill_key(row): row for row in ordered}}


def _time(row: object) -> int:
    return time_of(row, "fill")
