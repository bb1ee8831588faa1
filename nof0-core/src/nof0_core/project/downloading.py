"""Downloading the history of a market into the recordings of a data directory."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import attrs
import numpy as np

from nof0_core.border.foreign import Origin, reraise
from nof0_core.border.pages import checked_page, checked_rates
from nof0_core.cancellation import Apart
from nof0_core.clock import SystemClock, wall_time
from nof0_core.config.model import Config
from nof0_core.domain.candles import Interval, from_ms, interval_ms, to_ms
from nof0_core.errors import Nof0Error, ProviderError, TransientError, UsageError
from nof0_core.ids import Symbol
from nof0_core.project.outside_a_run import sections_on
from nof0_core.protocols import MarketCapability, OptionalMarketMethods, market_with
from nof0_core.recordings.keeping import KeptSeries, history_folder
from nof0_core.runtime import clocks, origins

WITHIN = 120.0
"""Seconds of real time that one page may take."""
BREAKING_OFF = 1.0
WRITTEN_EVERY = 50_000
"""After so many new rows the file is written; a kill costs no more than that."""
_PLAIN = re.compile(r"[A-Za-z0-9]+")

T = TypeVar("T")


@attrs.frozen(kw_only=True)
class SeriesReport:
    """What became of one series: `interval` None for funding rates.

    `first` is when its first row begins, `until` up to when it reaches now (UTC, None: it has no
    rows); `gaps` is how many there are, `missing` how many rows they lack. `trouble` is why it ends
    before what was asked for, "" if it does not. `is_left_behind` tells that a page neither came
    nor could be broken off.
    """

    symbol: Symbol
    interval: Interval | None
    path: Path
    added: int = 0
    rows: int = 0
    first: datetime | None = None
    until: datetime | None = None
    gaps: int = 0
    missing: int = 0
    trouble: str = ""
    is_left_behind: bool = False


Progress = Callable[[Symbol, Interval | None, float], object]
"""Told which part (0 to 1) of a series is there."""


@attrs.frozen(kw_only=True)
class Wanted:
    """What is to be downloaded: all of these, from `start` until `end` (UTC).

    `form` is `parquet` or `csv`; empty: that of the file that is there, else Parquet.
    """

    section: str
    symbols: Sequence[Symbol]
    intervals: Sequence[Interval]
    start: datetime
    end: datetime
    has_funding: bool = True
    form: str = ""


async def download(
    config: Config, wanted: Wanted, progress: Progress = lambda *_: None
) -> list[SeriesReport]:
    """Download series one after the other; each goes on where its file ends.

    Only closed bars are kept, and only what `border` lets pass. Whatever happens, what was written
    is whole and stays: a series that ends early says why in `trouble`, and the next is tried.

    Raises:
        UsageError: no trader uses the section, its market cannot do this, or what is wanted makes
            no sense.
        Nof0Error: the market does not open.
    """
    _check(config, wanted)
    section = config.markets[wanted.section]
    origin = origins.of_section(config, "market", section)
    now = wall_time()
    wanted = attrs.evolve(wanted, end=min(wanted.end, now))
    driver = clocks.driver_on(SystemClock())
    reports = []
    async with sections_on(config, driver) as sections:
        for name in section.markets:
            sections.markets[name] = await sections.open("market", config.markets[name])
        opened = await sections.open("market", section)
        provider = market_with(opened, MarketCapability.DOWNLOAD)
        if provider is None:
            message = f"market {wanted.section} ({section.kind.type}) has no history to download"
            raise UsageError(message)
        series: list[tuple[Symbol, Interval | None]] = [
            (symbol, interval)
            for symbol in wanted.symbols
            for interval in (*wanted.intervals, *([None] if wanted.has_funding else []))
        ]
        for symbol, interval in series:
            loader = _Loader(provider, origin, wanted, symbol, interval, progress)
            reports.append(await loader.load(history_folder(config.state_dir, wanted.section)))
    return reports


def _check(config: Config, wanted: Wanted) -> None:
    if wanted.section not in config.markets:
        there = ", ".join(config.markets)
        message = f"no trader uses a market section {wanted.section}"
        raise UsageError(message, hints=(f"market sections in use: {there}",))
    for symbol in wanted.symbols:
        if not _PLAIN.fullmatch(symbol):
            message = f'"{symbol}" cannot be the name of a file'
            raise UsageError(message)
    for interval in wanted.intervals:
        try:
            interval_ms(interval)
        except ValueError as error:
            raise UsageError(str(error)) from None
    if wanted.start >= min(wanted.end, wall_time()):
        message = f"nothing lies between {wanted.start:%Y-%m-%d %H:%M} and the end"
        raise UsageError(message)


class _Loader:
    """One series on its way into its file."""

    def __init__(
        self,
        provider: OptionalMarketMethods,
        origin: Origin,
        wanted: Wanted,
        symbol: Symbol,
        interval: Interval | None,
        progress: Progress,
    ) -> None:
        self._provider = provider
        self._origin = origin
        self._wanted = wanted
        self._symbol = symbol
        self._interval = interval
        self._progress = progress
        self._is_left_behind = False

    async def load(self, folder: Path) -> SeriesReport:
        """Load what is missing up to the end; return what there is then."""
        kept = KeptSeries(folder, self._symbol, self._interval, self._wanted.form)
        trouble = ""
        try:
            await self._fill(kept)
        except (Nof0Error, OSError) as error:
            trouble = str(error)
        finally:
            # Also where somebody has had enough of waiting.
            kept.write()
        first, until = kept.first, kept.next
        gaps, missing = kept.gaps
        return SeriesReport(
            symbol=self._symbol,
            interval=self._interval,
            path=kept.path,
            added=kept.added,
            rows=len(kept),
            first=None if first is None else from_ms(first),
            until=None if until is None else from_ms(until),
            gaps=gaps,
            missing=missing,
            trouble=trouble,
            is_left_behind=self._is_left_behind,
        )

    async def _fill(self, kept: KeptSeries) -> None:
        start, end = to_ms(self._wanted.start), to_ms(self._wanted.end)
        begin = start if kept.next is None else kept.next
        if begin + (kept.length_ms if self._interval else 0) > end:
            self._progress(self._symbol, self._interval, 1.0)
            return
        pages = self._pages(from_ms(begin))
        async for page in self._each(pages):
            after = begin if kept.next is None else max(begin, kept.next)
            self._add(kept, page, after)
            reached = kept.next or begin
            part = (reached - start) / max(1, end - start)
            self._progress(self._symbol, self._interval, max(0.0, min(1.0, part)))
            if kept.unwritten >= WRITTEN_EVERY:
                kept.write()
        self._progress(self._symbol, self._interval, 1.0)

    def _pages(self, begin: datetime) -> AsyncIterator[Any]:
        try:
            if self._interval is None:
                return self._provider.download_funding(self._symbol, begin, self._wanted.end)
            return self._provider.download(self._symbol, self._interval, begin, self._wanted.end)
        except BaseException as error:  # noqa: BLE001 - foreign code raises anything
            self._reraise(error)

    def _add(self, kept: KeptSeries, page: object, after: int) -> None:
        section, end = self._wanted.section, self._wanted.end
        if self._interval is None:
            rates = checked_rates(section, self._symbol, page, after=after, end=end)
            kept.add([np.array([t for t, _ in rates]), np.array([r for _, r in rates])])
            return
        bars = checked_page(section, self._symbol, self._interval, page, after=after, end=end)
        times = bars.open_time.astype(np.float64)
        kept.add([times, bars.open, bars.high, bars.low, bars.close, bars.volume])

    async def _each(self, pages: AsyncIterator[T]) -> AsyncIterator[T]:
        """Yield page after page, each asked for in a task that can be left behind."""
        while True:

            async def ask() -> T:
                return await anext(pages)

            work = Apart(ask)
            try:
                if not await work.is_done(WITHIN):
                    message = f"{self._origin.part}: no page within {WITHIN:g} s"
                    raise TransientError(message)
            finally:
                if not work.done.is_set():
                    self._is_left_behind = not await work.break_off(BREAKING_OFF)
            if isinstance(work.error, StopAsyncIteration):
                return
            if work.error is not None:
                self._reraise(work.error)
            yield work.answer

    def _reraise(self, error: BaseException) -> NoReturn:
        reraise(
            error,
            origin=self._origin,
            verb="download",
            allowed=(ProviderError,),
            make=TransientError,
        )
