"""Series of a live market with another list of indicators, on the bars fetched once for all."""

from __future__ import annotations

from collections.abc import Sequence

from nof0_core.domain.snapshot import Series
from nof0_core.indicators.recipe import Wanted
from nof0_core.market.record import encode_series
from nof0_core.market.view import EncodedSeries, SharedBars


class OwnSeries:
    """What a list of indicators of its own makes of the bars of another series.

    Nothing is computed before somebody who sees the list looks, and then once for each new bar.
    """

    def __init__(self, shared: SharedBars, name: str, indicators: Sequence[Wanted]) -> None:
        """Take the series that fetches, the name of the list and the list."""
        self._shared = shared
        self._name = name
        self._indicators = indicators
        self._of: EncodedSeries | None = None
        self._shown: EncodedSeries | None = None

    def ready(self, now: int) -> EncodedSeries | None:
        """Return what to show at `now` (milliseconds UTC) if nothing has to be fetched for it.

        Raises:
            ProviderError: there is nothing that may be shown.
        """
        plain = self._shared.ready(now)
        if plain is None or plain is self._of:
            return None if plain is None else self._shown
        bars, computed = plain.series.candles, self._shared.computed
        newest = slice(len(computed.candles) - len(bars), None)
        series = Series(
            interval=plain.series.interval,
            candles=bars,
            indicators={name: v[newest] for name, v in computed.of(self._indicators).items()},
        )
        head, rows = encode_series(series)
        self._shown = EncodedSeries(
            series=series, head=head, rows=rows, fresh_until=plain.fresh_until, own=self._name
        )
        self._of = plain
        return self._shown

    async def fetch(self) -> None:
        """Get the bars that `ready` lacks, together with whoever else does."""
        await self._shared.fetch()
