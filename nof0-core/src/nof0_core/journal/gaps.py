"""Numbers that are missing, as ranges."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

Range = tuple[int, int]
"""First and last number, both included."""


def missing(numbers: Iterable[int], after: int = 0) -> Iterator[Range]:
    """Yield the ranges between `after` and the highest number that do not occur; ascending."""
    expected = after + 1
    for number in numbers:
        if number > expected:
            yield expected, number - 1
        expected = max(expected, number + 1)


def subtract(ranges: Iterable[Range], known: Iterable[Range]) -> Iterator[Range]:
    """Yield what of `ranges` is in none of `known`; both ascending and without overlaps."""
    excuses = list(known)
    for first, last in ranges:
        start = first
        for low, high in excuses:
            if high < start:
                continue
            if low > last:
                break
            if low > start:
                yield start, low - 1
            start = high + 1
        if start <= last:
            yield start, last


def text(first: int, last: int) -> str:
    """Write a range for a person: `record 5`, `records 5 to 9`."""
    return f"record {first}" if first == last else f"records {first} to {last}"
