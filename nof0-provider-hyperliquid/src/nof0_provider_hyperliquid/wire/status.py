"""The venue's own time."""

from __future__ import annotations

from nof0_provider_hyperliquid.wire.reading import milliseconds, record


def read_time(answer: object) -> int:
    """Return the time of an answer to `exchangeStatus`, in milliseconds.

    Raises:
        DataError: it has none.
    """
    return milliseconds(record(answer, "exchangeStatus").get("time"), "exchangeStatus.time")
