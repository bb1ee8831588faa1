"""Times on the command line."""

from __future__ import annotations

from datetime import UTC, datetime

import click


class Moment(click.ParamType[datetime]):
    """A time in ISO 8601, as `datetime` in UTC.

    Without an offset it is one of UTC, without a time of day midnight.
    """

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Read a time, or say what one looks like."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(str(value).strip())
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except (ValueError, OverflowError):
            example = "2025-07-23, 2025-07-23T12:00 (UTC) or 2025-07-23T12:00+02:00"
            self.fail(f"{value!r} is no time such as {example}", param, ctx)


MOMENT = Moment()
"""The type of an option that takes a time; there is but one."""
