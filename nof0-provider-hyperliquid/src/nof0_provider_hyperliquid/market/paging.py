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
    while at <= end:
        upto = min(end, at + reach - 1)
        answer = await ask(at, upto)
        page = _within(answer, at, upto)
        while page and min(page) > at + apart:
            answer = await ask(at, min(page) - 1)
            if not (before := _within(answer, at, min(page) - 1)):
                break
            page = before
        yield page
        if page:
            at = following(max(page))
        else:
            # An answer of one row may be the one that was under way at the start.
            later = (following(time) for time in answer)
            at = max((time for time in later if at < time <= upto), default=upto + 1)


def _within(rows: Mapping[int, R], start: int, end: int) -> dict[int, R]:
    return {time: row for time, row in rows.items() if start <= time <= end}
