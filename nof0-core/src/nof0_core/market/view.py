"""What traders see of a market: series of the newest bars, and all of it at one time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import attrs
import msgspec

from nof0_core.domain.snapshot import MarketSnapshot, Series
from nof0_core.ids import Symbol


@attrs.frozen(kw_only=True, eq=False)
class MarketView:
    """The market at `time` (UTC): one snapshot per symbol, in the order they were asked for.

    `missing` has the symbols whose data could not be had, with a sentence why. `record` is the
    exact JSON form of `snapshots` (see `nof0_core.market.record`), ready to be embedded by msgspec,
    and `digest` its SHA-256 in hex.
    """

    time: datetime
    digest: str
    snapshots: Mapping[Symbol, MarketSnapshot]
    missing: Mapping[Symbol, str]
    record: msgspec.Raw


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
