"""The market as all traders of one section share it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import TypeAlias

import anyio
import attrs
import numpy as np

from nof0_core.border.bars import checked_bars
from nof0_core.border.foreign import Origin
from nof0_core.border.quarantine import Ward
from nof0_core.border.records import INSTRUMENT, SYMBOL, mapping
from nof0_core.calls import Timing
from nof0_core.clock import Clock
from nof0_core.domain.candles import Candles, Interval, interval_ms, to_ms
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.order_book import OrderBook
from nof0_core.domain.snapshot import MarketSnapshot, Quote
from nof0_core.errors import DataError, EndOfDataError, ProviderError
from nof0_core.ids import Symbol
from nof0_core.indicators.recipe import Wanted
from nof0_core.market.books import BookReader
from nof0_core.market.calls import MarketCalls
from nof0_core.market.live import LiveSeries
from nof0_core.market.quotes import QuoteCache
from nof0_core.market.recorded import RecordedSeries
from nof0_core.market.turn import Turn
from nof0_core.market.view import BarSource, EncodedSeries, MarketView, Source
from nof0_core.plugins.suggestion import did_you_mean
from nof0_core.protocols import MarketCapability, MarketProvider, QuoteStream, market_with

_Sources: TypeAlias = tuple[tuple[Interval, Source], ...]
_BarSources: TypeAlias = tuple[tuple[Interval, BarSource], ...]
_Found: TypeAlias = list[tuple[Interval, EncodedSeries]]
_Key: TypeAlias = tuple[tuple[Symbol, ...], str, bool]
"""Symbols, name of the list of indicators, whether with order books."""
_ROUNDS = 3


class MarketFeed:
    """Turns a provider into moments that traders can decide on.

    Callers at the same time share one fetch and one result: until time moves on or, where answers
    are shared, for `max_age`, and never past the close of a bar.
    """

    def __init__(
        self,
        *,
        section: str,
        provider: MarketProvider,
        clock: Clock,
        intervals: Sequence[Interval],
        indicators: Sequence[Wanted],
        series_bars: int,
        origin: Origin | None = None,
        max_age: timedelta = timedelta(seconds=1),
        shares_answers: bool = True,
        quotes_within: float = 10.0,
        candles_within: float = 15.0,
        ward: Ward | None = None,
        own: Mapping[str, Sequence[Wanted]] | None = None,
    ) -> None:
        """Prepare; nothing is asked before `open`.

        Args:
            section: name of the market section.
            provider: where everything comes from; opened and closed by the caller.
            clock: the engine's.
            intervals: of the series in each snapshot, in the order they are shown.
            indicators: computed on every series; they passed `nof0_core.indicators.catalog.check`.
            series_bars: how many of the newest bars are shown and recorded.
            origin: whose code the provider is, for messages (None: that of the section).
            max_age: how long a live quote serves.
            shares_answers: whether what was said a moment ago serves others, or the present only.
            quotes_within: how long an answer with quotes may take, in seconds of real time.
            candles_within: how long one with bars may take.
            ward: where coins with bad values are in quarantine; None: nobody is told.
            own: further lists of indicators by the name that `moment` is asked for them with.
        """
        self._ward = ward or Ward.alone("market", section, clock)
        self._section = section
        self._provider = provider
        self._clock = clock
        self._intervals = tuple(intervals)
        self._indicators = tuple(indicators)
        self._own = own or {}
        self._bars = series_bars
        self._max_age = max_age
        self._shares_answers = shares_answers
        self._calls = MarketCalls(
            section=section,
            provider=provider,
            origin=origin or Origin(part=f"market {section}"),
            quotes_within=quotes_within,
            candles_within=candles_within,
        )
        self._board = QuoteCache(
            section=section,
            calls=self._calls,
            clock=clock,
            max_age=max_age if shares_answers else timedelta(0),
            is_recorded=self._calls.is_recorded,
            ward=self._ward,
        )
        self._books = BookReader(
            calls=self._calls,
            clock=clock,
            is_recorded=self._calls.is_recorded,
            ward=self._ward,
        )
        self._sources: dict[Symbol, _BarSources] = {}
        self._beside: dict[tuple[Symbol, str], _Sources] = {}
        self._finest: dict[Symbol, Candles | None] = {}
        self._instruments: Mapping[Symbol, Instrument] = {}
        self._refused: Mapping[Symbol, str] = {}
        self._moments: dict[_Key, tuple[int, MarketView]] = {}
        self._turns: dict[_Key, Turn] = {}

    @property
    def instruments(self) -> Mapping[Symbol, Instrument]:
        """Everything tradable, by symbol; empty before `open`."""
        return self._instruments

    @property
    def quote_updates(self) -> Callable[[], QuoteStream] | None:
        """Return what opens the market's stream of price changes, None where it has none."""
        found = market_with(self._provider, MarketCapability.QUOTE_STREAM)
        return None if found is None else found.quote_updates

    @property
    def timings(self) -> Mapping[str, Timing]:
        """Return how long calls of the market took, by verb; it goes on counting."""
        return self._calls.timings

    def overdue(self, now: float) -> str:
        """Name a call of the market that hangs at `now` (`stopwatch`), empty if none does."""
        return self._calls.overdue(now)

    async def open(
        self, symbols: Sequence[Symbol] = (), *, delisted: Collection[Symbol] = ()
    ) -> None:
        """Load the instruments and prepare the series of `symbols`.

        One of `delisted` may be missing from the market: what is held of it outlasts its listing.

        On a recorded market this computes their indicators over all bars, which otherwise happens
        when a symbol is first asked for.

        Raises:
            ProviderError: the instruments cannot be had, or a recording lacks or garbles a series.
        """
        self._instruments, self._refused = self._sorted_out(await self._calls.instruments())
        for symbol in symbols:
            if symbol in self._instruments or symbol not in delisted:
                self._sources_of(symbol)

    def _sorted_out(
        self, answer: object
    ) -> tuple[Mapping[Symbol, Instrument], Mapping[Symbol, str]]:
        """Part instruments that can be reckoned with from others, and say what is wrong there."""
        found = mapping(answer)
        if isinstance(found, str):
            message = f"market {self._section}: what instruments returned {found}"
            raise DataError(message, section=self._section)
        good: dict[Symbol, Instrument] = {}
        refused: dict[Symbol, str] = {}
        for symbol, instrument in found.items():
            wrong = SYMBOL(symbol)
            if wrong:
                message = f"market {self._section}: the symbol of an instrument {wrong}"
                raise DataError(message, section=self._section)
            name = Symbol(str(symbol))
            wrong = INSTRUMENT(instrument)
            if not wrong and isinstance(instrument, Instrument) and instrument.symbol == name:
                # What was kept in the one that came, such as its hash, is not relied on.
                good[name] = attrs.evolve(instrument)
            else:
                refused[name] = wrong or "is filed under another symbol"
        return good, refused

    async def moment(
        self, symbols: Sequence[Symbol], *, indicators: str = "", with_books: bool = False
    ) -> MarketView:
        """Return the market as it is now, for these symbols in this order.

        A symbol that cannot be had is named in `missing` and does not hurt the others.

        Args:
            symbols: to look at.
            indicators: name of the list of indicators, "" for that of all.
            with_books: ask for order books, too, where the market has them.

        Raises:
            EndOfDataError: the recording is over.
        """
        key = tuple(symbols), indicators, with_books
        if (known := self._known(key)) is not None:
            return known
        turn = self._turns.get(key)
        if turn is None:
            turn = self._turns[key] = Turn()
        async with turn:
            if (known := self._known(key)) is not None:
                return known
            return await self._look(key)

    async def quotes(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, Quote]:
        """Return the current quotes; symbols without one are left out.

        Raises:
            EndOfDataError: the recording is over.
        """
        self._check_range()
        answers = await self._board.get(symbols)
        return {s: answer for s, answer in answers.items() if isinstance(answer, Quote)}

    def sources(self, symbol: Symbol, indicators: str = "") -> _Sources:
        """Return where shown bars come from, by interval; a bad recording raises `DataError`."""
        return self._sources_beside(symbol, indicators) if indicators else self._sources_of(symbol)

    def closed_bars(self, symbol: Symbol, after: datetime) -> Candles | None:
        """Return the finest bars known of a coin that closed after a moment and by now.

        Of a recording those of its resolution, of a live market what was fetched for decisions:
        nothing is fetched here. None where none are known.
        """
        found = self._finest_bars(symbol)
        if found is None:
            return None
        length = interval_ms(found.interval)
        moments = [to_ms(after) - length, to_ms(self._clock.now()) - length]
        first, last = np.searchsorted(found.open_time, moments, side="right")
        return found[int(first) : int(last)]

    def _finest_bars(self, symbol: Symbol) -> Candles | None:
        if not self._calls.is_recorded:
            sources = dict(self._sources.get(symbol, ()))
            source = sources.get(min(self._intervals, key=interval_ms))
            return source.candles if isinstance(source, LiveSeries) else None
        if symbol not in self._finest:
            interval = self._calls.recorded().resolution
            try:
                bars = self._calls.history(symbol, interval)
                self._finest[symbol] = checked_bars(self._section, symbol, interval, bars)
            except ProviderError:
                # Whoever decides on the coin is told; its marks are watched all the same.
                self._finest[symbol] = None
        return self._finest[symbol]

    def _known(self, key: _Key) -> MarketView | None:
        known = self._moments.get(key)
        if known is None:
            return None
        fresh_until, moment = known
        now = self._clock.now()
        if now == moment.time:
            return moment
        is_fresh = moment.time <= now < moment.time + self._max_age and to_ms(now) < fresh_until
        return moment if is_fresh and self._shares_answers else None

    async def _look(self, key: _Key) -> MarketView:
        symbols, own, with_books = key
        self._check_range()
        answers = await self._board.get(symbols)
        missing = {s: answer for s, answer in answers.items() if isinstance(answer, str)}
        books: Mapping[Symbol, OrderBook] = {}
        if with_books:
            books = await self._books.get([s for s in symbols if s not in missing])
        now, shown = await self._series(symbols, missing, own)
        snapshots: dict[Symbol, MarketSnapshot] = {}
        encoded: dict[Symbol, Sequence[EncodedSeries]] = {}
        fresh_until = to_ms(now + self._max_age)
        for symbol, found in shown.items():
            quote = answers[symbol]
            assert isinstance(quote, Quote)  # noqa: S101 - the others are in `missing`
            series = {interval: each.series for interval, each in found}
            book = books.get(symbol)
            snapshots[symbol] = MarketSnapshot(
                symbol=symbol, time=now, quote=quote, series=series, book=book
            )
            encoded[symbol] = [each for _, each in found]
            fresh_until = min(fresh_until, *[each.fresh_until for _, each in found])
        moment = MarketView(
            time=now,
            snapshots=MappingProxyType(snapshots),
            missing=missing,
            series=encoded,
        )
        self._moments[key] = (fresh_until, moment)
        return moment

    async def _series(
        self, symbols: Sequence[Symbol], missing: dict[Symbol, str], own: str
    ) -> tuple[datetime, Mapping[Symbol, _Found]]:
        """Return the time, and the series shown at it; puts into `missing` what cannot be had."""
        for _ in range(_ROUNDS):
            now = self._clock.now()
            shown: dict[Symbol, _Found] = {}
            lacking: list[Source] = []
            for symbol in symbols:
                if symbol not in missing:
                    try:
                        shown[symbol] = self._ready(symbol, own, to_ms(now), lacking)
                    except EndOfDataError:
                        raise
                    except ProviderError as error:
                        missing[symbol] = str(error)
            if not lacking:
                return now, shown
            async with anyio.create_task_group() as tasks:
                for source in lacking:
                    tasks.start_soon(source.fetch)
            # A bar may have closed while the others were fetched: look again at the new time.
        message = f"market {self._section}: bars close faster than they can be fetched"
        missing.update((s, message) for s in symbols if s not in missing)
        return now, {}

    def _ready(self, symbol: Symbol, own: str, now: int, lacking: list[Source]) -> _Found:
        found: _Found = []
        for interval, source in self.sources(symbol, own):
            shown = source.ready(now)
            if shown is None:
                lacking.append(source)
            else:
                found.append((interval, shown))
        return found

    def _sources_of(self, symbol: Symbol) -> _BarSources:
        sources = self._sources.get(symbol)
        if sources is None:
            if symbol in self._refused:
                message = f"market {self._section}: {symbol}: {self._refused[symbol]}"
                raise DataError(message, section=self._section)
            if symbol not in self._instruments:
                known = sorted(self._instruments)
                message = (
                    f"market {self._section}: there is no {symbol}{did_you_mean(symbol, known)}"
                )
                hints = ("see symbols in market.yaml and in manager.yaml",)
                raise DataError(message, section=self._section, hints=hints)
            sources = tuple((each, self._source(symbol, each)) for each in self._intervals)
            self._sources[symbol] = sources
        return sources

    def _sources_beside(self, symbol: Symbol, own: str) -> _Sources:
        key = symbol, own
        sources = self._beside.get(key)
        if sources is None:
            shared = self._sources_of(symbol)
            sources = tuple((each, s.beside(own, self._own[own])) for each, s in shared)
            self._beside[key] = sources
        return sources

    def _source(self, symbol: Symbol, interval: Interval) -> BarSource:
        if self._calls.is_recorded:
            return RecordedSeries(
                section=self._section,
                symbol=symbol,
                interval=interval,
                candles=self._calls.history(symbol, interval),
                indicators=self._indicators,
                bars=self._bars,
            )
        return LiveSeries(
            section=self._section,
            symbol=symbol,
            interval=interval,
            calls=self._calls,
            clock=self._clock,
            indicators=self._indicators,
            bars=self._bars,
            max_age=self._max_age,
            ward=self._ward,
            further=[each for listed in self._own.values() for each in listed],
        )

    def _check_range(self) -> None:
        if not self._calls.is_recorded:
            return
        recorded = self._calls.recorded()
        if self._clock.now() > recorded.end:
            message = f"market {self._section}: the recording ends at {recorded.end:%Y-%m-%d %H:%M}"
            raise EndOfDataError(message, section=self._section)
