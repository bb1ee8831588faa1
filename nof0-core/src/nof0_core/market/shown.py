"""The newest bars of one series, as traders see them and as the journal keeps them."""

from __future__ import annotations

from typing import Protocol

import attrs

from nof0_core.domain.snapshot import Series


@attrs.frozen(kw_only=True, eq=False)
class EncodedSeries:
    """A series and its exact JSON form with the interval in front.

    Good until `fresh_until` (milliseconds UTC, not included).
    """

    series: Series
    encoded: bytes
    fresh_until: int


class Source(Protocol):
    """Where the shown bars of one symbol and interval come from."""

    def ready(self, now: int) -> EncodedSeries | None:
        """Return what to show at `now` (milliseconds UTC) if nothing has to be fetched for it.

        Raises:
            ProviderError: there is nothing that may be shown.
        """

    async def fetch(self) -> None:
        """Get what `ready` lacks; callers at the same time share one request.

        A failure is not raised here: `ready` raises it until it is worth asking again.
        """
