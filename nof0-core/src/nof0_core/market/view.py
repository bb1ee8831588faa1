"""What traders see of a market: series of the newest bars, and all of it at one time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Protocol

import attrs

from nof0_core.domain.snapshot import MarketSnapshot, Series
from nof0_core.ids import Symbol
from nof0_core.indicators.computed import Computed
from nof0_core.indicators.recipe import Wanted
from nof0_core.market import record
from nof0_core.market.record import entry_head, join_entries, join_rows, join_series


@attrs.frozen(kw_only=True, eq=False)
class EncodedSeries:
    """A series and its exact JSON form, in parts and with the interval in front.

    `head` has interval and columns, `rows` the bars, oldest first (see
    `nof0_core.market.record`). Good until `fresh_until` (milliseconds UTC, not included). `own`
    names the list of indicators, "" is that of all traders without one of their own.
    """

    series: Series
    head: bytes
    rows: Sequence[bytes]
    fresh_until: int
    own: str = ""

    @cached_property
    def encoded(self) -> bytes:
        """Return all of it."""
        return join_rows(self.head, self.rows)


@attrs.frozen(kw_only=True, eq=False)
class EncodedEntry:
    """What is shown of one symbol: time and quote encoded in `head`, and its series."""

    symbol: Symbol
    head: bytes
    series: Sequence[EncodedSeries]


@attrs.frozen(kw_only=True, eq=False)
class MarketView:
    """The market at `time` (UTC): one snapshot per symbol, in the order they were asked for.

    `missing` has the symbols whose data could not be had, with a sentence why. `series` are those
    of `snapshots`, in the same order. What is written of it is made when somebody asks: a cycle
    that holds may need none of it.
    """

    time: datetime
    snapshots: Mapping[Symbol, MarketSnapshot]
    missing: Mapping[Symbol, str]
    series: Mapping[Symbol, Sequence[EncodedSeries]]

    @cached_property
    def entries(self) -> Sequence[EncodedEntry]:
        """Return the parts of the exact JSON form (see `nof0_core.market.record`)."""
        return [
            EncodedEntry(
                symbol=symbol,
                head=entry_head(symbol, seen.time, seen.quote, seen.book),
                series=self.series[symbol],
            )
            for symbol, seen in self.snapshots.items()
        ]

    @cached_property
    def digest(self) -> str:
        """Return the SHA-256 of the whole in hex."""
        entries = [
            join_series(entry.head, [each.encoded for each in entry.series])
            for entry in self.entries
        ]
        return record.digest(join_entries(entries))


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


class BarSource(Source, Protocol):
    """A source with the indicators of all, on whose bars other lists can be computed."""

    def beside(self, name: str, indicators: Sequence[Wanted]) -> Source:
        """Return the same bars with another list of indicators, which `name` stands for.

        Bars are not fetched again for it, and what both lists have is computed once.
        """


class SharedBars(Source, Protocol):
    """A source whose bars, as they were fetched, other lists of indicators are computed on."""

    @property
    def computed(self) -> Computed:
        """The bars of the newest answer; there is one once `ready` has shown something."""
