"""The period a backtest runs over."""

from __future__ import annotations

from datetime import UTC, datetime

import attrs

from nof0_core.errors import UsageError

_HINT = "give aware times, for example datetime(2025, 7, 23, tzinfo=UTC)"


def _utc(moment: datetime) -> datetime:
    try:
        return moment if moment.tzinfo is None else moment.astimezone(UTC)
    except AttributeError:
        message = f"the window has {moment!r}, which is no datetime"
        raise UsageError(message, hints=(_HINT,)) from None


@attrs.frozen
class Window:
    """From `start` to `end`, both included; any time zone is taken, and none refused.

    Raises:
        UsageError: `end` is not after `start`, or one of them is no datetime or has no time zone.
    """

    start: datetime = attrs.field(converter=_utc)
    end: datetime = attrs.field(converter=_utc)

    def __attrs_post_init__(self) -> None:
        """Refuse a window nothing can happen in."""
        if self.start.tzinfo is None or self.end.tzinfo is None:
            message = "the window has times without a time zone"
            raise UsageError(message, hints=(_HINT,))
        if self.end <= self.start:
            message = f"the window ends at {minute(self.end)}, not after {minute(self.start)}"
            raise UsageError(message, hints=("give --to a later time than --from",))

    def __str__(self) -> str:
        return f"{minute(self.start)} to {minute(self.end)} UTC"


def minute(moment: datetime) -> str:
    """Write a time as messages have it, with seconds where there are any."""
    return f"{moment:%Y-%m-%d %H:%M:%S}".removesuffix(":00")
