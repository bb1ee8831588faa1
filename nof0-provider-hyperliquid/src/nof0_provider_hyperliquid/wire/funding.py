"""Funding rates that were settled."""

from __future__ import annotations

from nof0_provider_hyperliquid.wire.reading import bad, milliseconds, number, record, rows

HOUR_MS = 3_600_000
EARLY_MS = 5_000
"""So long before an hour counts as of it; most are written down within a second after, and some
of days of trouble much later."""


def read_rates(answer: object, coin: str) -> list[tuple[int, float]]:
    """Return an answer to `fundingHistory` as (time in ms as the venue says, rate), oldest first.

    Raises:
        DataError: a rate is of another coin, or no number.
    """
    where = f"funding of {coin}"
    found = []
    for row in rows(answer, where):
        entry = record(row, where)
        if entry.get("coin", coin) != coin:
            bad(where, f"a rate is one of {entry.get('coin')}")
        time = milliseconds(entry.get("time"), f"{where}: time")
        found.append((time, float(number(entry.get("fundingRate"), f"{where}: fundingRate"))))
    return sorted(found)


def hour_of(time: int) -> int:
    """Return the full hour (ms) a rate of this time was settled for."""
    return (time + EARLY_MS) // HOUR_MS * HOUR_MS


def by_hour(rates: list[tuple[int, float]], coin: str) -> dict[int, float]:
    """Return rates by the hour (ms) they were settled at.

    Raises:
        DataError: two different ones of an hour.
    """
    found: dict[int, float] = {}
    for time, rate in rates:
        hour = hour_of(time)
        if found.setdefault(hour, rate) != rate:
            bad(f"funding of {coin}", f"there are two different rates of {hour}")
    return found
