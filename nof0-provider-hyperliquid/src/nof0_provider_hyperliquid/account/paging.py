"""Whole histories of a venue that answers them a page at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable, Sequence

from nof0_core.errors import DataError
from nof0_provider_hyperliquid.wire.reading import rows

Ask = Callable[[int, int | None], Awaitable[object]]
"""Asks for rows from one time (ms) to another, both inclusive; None: to the newest."""


class Pager:
    """Reads all rows of a span, whatever the size of a page and whichever end it is cut at.

    How many rows a page may have is never assumed: the venue has changed it without a word. From
    the newest time of a page the next is asked for, that time included, until nothing new comes;
    from the oldest likewise, backwards. A page that holds no more than one millisecond and is as
    large as any, with others beyond it, may hide rows of that millisecond: there is no way past it.
    """

    def __init__(
        self,
        what: str,
        *,
        ask: Ask,
        time_of: Callable[[object], int],
        key_of: Callable[[object], Hashable],
        newest: Callable[[], Awaitable[object]] | None = None,
    ) -> None:
        """Prepare.

        Args:
            what: of what the rows are, for messages.
            ask: asks for a page.
            time_of: the time of a row, in ms.
            key_of: what tells a row from all others.
            newest: asks for the newest rows of all: the way to tell whether a page of one
                millisecond, with nothing beyond it, is whole.
        """
        self._what = what
        self._ask = ask
        self._time_of = time_of
        self._key_of = key_of
        self._newest = newest
        self._largest = 0
        """Rows of the largest page there ever was; it says that a smaller one was not cut, if both
        were asked for in the same call, and is else used for nothing but to save a question."""

    async def since(self, start: int) -> list[object]:
        """Return all rows from `start` (ms) on, oldest first, each once.

        Rows of one millisecond are in the venue's order where pages are oldest first, and in none
        that is certain where they are newest first and cut in it.

        Raises:
            DataError: a page cannot be paged on from, or a row has no time.
            TransientError: for what may pass.
        """
        found: dict[Hashable, object] = {}
        first = await self._page(found, start, None)
        if not first:
            return []
        times = [self._time_of(row) for row in first]
        is_falling = times[0] > times[-1]
        oldest, newest = min(times), max(times)
        widest = len(first)
        if oldest == newest:
            await self._past_one_moment(found, start, newest, widest)
        else:
            await self._onwards(found, newest, widest)
            await self._backwards(found, start, oldest, widest)
        # Where pages are newest first, rows of one moment are, too.
        listed = list(found.values())
        return sorted(reversed(listed) if is_falling else listed, key=self._time_of)

    async def _onwards(self, found: dict[Hashable, object], at: int, widest: int) -> None:
        while True:
            page = await self._page(found, at, None)
            widest = max(widest, len(page))
            newest = max(map(self._time_of, page), default=at)
            if newest > at:
                at = newest
                continue
            if len(page) < widest or not await self._page(found, at + 1, None):
                return
            # Unless it has come this very moment, what is beyond should have been on the page.
            again = await self._page(found, at, None)
            newest = max(map(self._time_of, again), default=at)
            if newest == at:
                raise self._blocked(at, len(page))
            at = newest

    async def _backwards(
        self, found: dict[Hashable, object], start: int, at: int, widest: int
    ) -> None:
        while True:
            page = await self._page(found, start, at)
            widest = max(widest, len(page))
            oldest = min(map(self._time_of, page), default=at)
            if oldest < at:
                at = oldest
                continue
            if len(page) < widest:
                return
            if at == start or await self._page(found, start, at - 1):
                raise self._blocked(at, len(page))
            return

    async def _past_one_moment(
        self, found: dict[Hashable, object], start: int, at: int, count: int
    ) -> None:
        """Make sure that a first page of one moment is all there is, or go on from it."""
        if await self._page(found, at + 1, None):
            await self._onwards(found, at, count)
        if at > start and await self._page(found, start, at - 1):
            raise self._blocked(at, count)
        if count >= self._largest and self._newest is not None:
            listed = rows(await self._newest(), self._what)
            if any(self._key_of(row) not in found for row in listed if self._time_of(row) == at):
                raise self._blocked(at, count)

    async def _page(
        self, found: dict[Hashable, object], start: int, end: int | None
    ) -> Sequence[object]:
        page = rows(await self._ask(start, end), self._what)
        for row in page:
            found.setdefault(self._key_of(row), row)
        self._largest = max(self._largest, len(page))
        return page

    def _blocked(self, at: int, count: int) -> DataError:
        message = (
            f"{self._what}: {count} rows of one millisecond ({at}) fill an answer, and others are"
            " beyond it, so that nobody can tell how many of that moment are missing"
        )
        return DataError(message)
