"""The market provider: a recording seen through a clock."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal

from nof0_core.clock import Clock
from nof0_core.domain.candles import Candles, Interval, from_ms, interval_ms, to_ms
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.snapshot import Quote
from nof0_core.errors import DataError, EndOfDataError
from nof0_core.ids import Symbol
from nof0_core.money import decimal
from nof0_core.protocols import MarketCapability, RecordedRange
from nof0_core.recordings.recording import Recording

_DAY_MS = interval_ms("1d")


class SimMarket:
    """Serves a recording as if it happened now; nothing later than the clock ever comes out.

    Quotes come from the last closed bar of the finest interval: mark, mid and oracle are its close,
    `time` is when it closed.
    """

    def __init__(
        self,
        *,
        section: str,
        clock: Clock,
        recording: Recording,
        instruments: Mapping[Symbol, Instrument],
        open_interest_usd: Decimal | None = None,
    ) -> None:
        self._section = section
        self._clock = clock
        self._recording = recording
        self._instruments = dict(instruments)
        self._open_interest_usd = open_interest_usd
        self._start_ms = to_ms(recording.covers.start)
        self._end_ms = to_ms(recording.covers.end)
        self._newest: dict[Symbol, tuple[int, Decimal | None, Quote]] = {}

    @property
    def capabilities(self) -> frozenset[MarketCapability]:
        """Return what the market can do: it knows its whole series."""
        return frozenset({MarketCapability.RECORDING})

    async def instruments(self) -> Mapping[Symbol, Instrument]:
        """Return everything tradable, by symbol."""
        return dict(self._instruments)

    async def candles(
        self, symbol: Symbol, interval: Interval, end: datetime, limit: int
    ) -> Candles:
        """Return the newest `limit` bars that closed at or before `end` and now, oldest first.

        Raises:
            DataError: for a symbol or interval the recording does not have.
            EndOfDataError: when both the clock and `end` are past the recording.
        """
        moment = to_ms(min(end, self._clock.now()))
        self._check_not_over(moment)
        series = self._recording.series(symbol, interval)
        count = series.closed(moment)
        return series.candles[max(0, count - max(0, limit)) : count]

    async def quotes(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, Quote]:
        """Return the current quote of each symbol the recording has.

        Raises:
            DataError: before the first bar has closed.
            EndOfDataError: after the last bar.
        """
        now = to_ms(self._clock.now())
        self._check_not_over(now)
        if now < self._start_ms:
            covers = self._recording.covers
            msg = (
                f"the recording begins at {covers.start.isoformat()}, "
                f"but it is {from_ms(now).isoformat()} now"
            )
            raise DataError(
                msg,
                section=self._section,
                hints=(f"set Clock.Start between {covers.start.isoformat()} and its end",),
            )
        found = {}
        for symbol in symbols:
            quote = self._quote(symbol, now)
            if quote is not None:
                found[symbol] = quote
        return found

    def recorded(self) -> RecordedRange:
        """Return what the recording covers."""
        return self._recording.covers

    def history(self, symbol: Symbol, interval: Interval) -> Candles:
        """Return all bars of the recording, later ones than now included."""
        return self._recording.series(symbol, interval).candles

    def funding_rate_at(self, symbol: Symbol, moment: datetime) -> Decimal | None:
        """Return the newest hourly funding rate at or before `moment`, None before the first."""
        rates = self._recording.rate(symbol)
        return rates.at(to_ms(moment)) if rates else None

    def has_funding_rate(self, symbol: Symbol, hour: datetime) -> bool:
        """Tell whether the rate of exactly this hour was recorded."""
        rates = self._recording.rate(symbol)
        return rates is not None and rates.has(to_ms(hour))

    def _check_not_over(self, moment: int) -> None:
        if moment > self._end_ms:
            covers = self._recording.covers
            msg = f"the recording ends at {covers.end.isoformat()}"
            raise EndOfDataError(
                msg,
                section=self._section,
                hints=(f"set Clock.Start between {covers.start.isoformat()} and its end",),
            )

    def _quote(self, symbol: Symbol, now: int) -> Quote | None:
        series = self._recording.finest(symbol)
        if series is None:
            return None
        count = series.closed(now)
        rates = self._recording.rate(symbol)
        rate = rates.at(now) if rates else None
        known = self._newest.get(symbol)
        if known is not None and known[0] == count and known[1] is rate:
            return known[2]
        quote = self._make(symbol, count - 1, rate)
        self._newest[symbol] = (count, rate, quote)
        return quote

    def _make(self, symbol: Symbol, bar: int, rate: Decimal | None) -> Quote:
        series = self._recording.series(symbol, self._recording.covers.resolution)
        closed_at = int(series.candles.open_time[bar]) + series.length_ms
        mark = decimal(float(series.candles.close[bar]))
        turnover = self._recording.turnover(symbol, closed_at - _DAY_MS, closed_at)
        interest = None
        if self._open_interest_usd is not None:
            lots = self._instruments[symbol].size_decimals
            interest = round(self._open_interest_usd / mark, lots)
        return Quote(
            symbol=symbol,
            time=from_ms(closed_at),
            mark=mark,
            mid=mark,
            oracle=mark,
            funding_rate=rate,
            open_interest=interest,
            day_volume_usd=None if turnover is None else decimal(round(turnover, 2)),
        )
