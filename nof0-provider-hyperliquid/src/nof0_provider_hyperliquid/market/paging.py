"""Rows of a span of time, complete however many of them the venue puts into an answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import TypeVar

R = TypeVar("R")
Ask = Callable[[int, int], Awaitable[Mapping[int, R]]]
"""Rows by time (ms) of the span from its first to its second argument, both included."""


async def in_order(
    ask: Ask[R], start: int, end: int, *, reach: int, apart: int, following: Callable[[int], int]
) -> AsyncIterator[dict[int, R]]:
    """Yield all rows from `start` to `end` (ms, both included), in pages, oldest first.

    How long an answer is says nothing: some end after 100 rows, some after 5,000, at their oldest
    or at their newest end. What follows an answer is asked for until the end is reached, and what
    is missing before its first row until there is nothing.

    Args:
        ask: asks once; a row that contains the start may be in the answer, too.
        start: of the span.
        end: of the span.
        reach: how long a span is asked for at once, in ms.
        apart: a first row that is later than this after where a page begins may not be the first.
        following: from when on (ms) the row after one of a time can be; always later.
    """
    at = start
    found: list[dict[int, R]] = []  # the earliest last
    while found or at <= end:
        until = min(found[-1]) - 1 if found else min(end, at + reach - 1)
        # What is before the earliest page so far is asked for unless there can be nothing.
        answer = await ask(at, until) if not found or until >= at + apart else {}
        page = _within(answer, at, until)
        if page:
            found.append(page)
        elif found:
            page = found.pop()
            yield page
            at = following(max(page))
        else:
            yield page
            # An answer of one row may be the one that was under way at the start.
            later = (following(time) for time in answer)
            at = max((time for time in later if at < time <= until), default=until + 1)


def _within(rows: Mapping[int, R], start: int, end: int) -> dict[int, R]:
    return {time: row for time, row in rows.items() if start <= time <= end}
