"""A series written out as rows of numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from nof0_core.domain.candles import FloatArray
from nof0_core.domain.snapshot import Series
from nof0_core.ids import Symbol
from nof0_core.prompts.scale import Scale, form_of, number
from nof0_core.prompts.view import Later, View

_KEPT = 64


class _Row(NamedTuple):
    """A row that was written: its numbers as bytes, how they are written, and each of them."""

    values: bytes
    form: str
    pieces: list[str]


class SeriesText:
    """The rows of one series; each is written when it is first asked for.

    What was written of the series as it was `before` is not written again: as a rule all bars but
    the newest are the same, to the bit.
    """

    def __init__(
        self,
        series: Series,
        decimals: int,
        scale: Callable[[str], Scale],
        before: SeriesText | None = None,
    ) -> None:
        """Take the series, the digits of the coin's price and what tells a row's scale."""
        self.series = series
        self._decimals = decimals
        self._scale = scale
        self._before = before
        self._gone = -1 if before is None else _gone(before.series, series)
        self._rows: dict[str, _Row] = {}
        self._lines: dict[str, str] = {}
        self._tables: dict[tuple[str, ...], str] = {}

    def view(self) -> View:
        """Return what templates see of the series."""
        bars = self.series.candles
        return View(
            "series",
            interval=self.series.interval,
            bars=len(bars),
            newest=Later(lambda: f"{bars.last_close_time:%Y-%m-%d %H:%M} UTC"),
            rows=Later(self.rows),
            table=self.table,
            last=Later(self.last),
        )

    def rows(self) -> tuple[tuple[str, str], ...]:
        """Return name and values of all rows: close, volume, then the indicators."""
        return tuple((name, self._row(name)) for name in self._names())

    def table(self, without: Sequence[str] = ()) -> str:
        """Return all rows as lines, those named left out."""
        key = tuple(without)
        known = self._tables.get(key)
        if known is None:
            lines = [f"{name}: {self._row(name)}" for name in self._names() if name not in key]
            known = self._tables[key] = "\n".join(lines)
        return known

    def last(self) -> View:
        """Return the newest value of each row; None where there is none yet."""
        bars, values = self.series.candles, {}
        if len(bars):
            values = {"close": float(bars.close[-1]), "volume": float(bars.volume[-1])}
        values.update((name, self.series.last(name)) for name in self.series.indicators)
        # NaN compares as false with anything; None makes a template say what it means.
        return View("last", **{n: v if v == v else None for n, v in values.items()})  # noqa: PLR0124

    def forget_before(self) -> None:
        """Let go of the series before: somebody else goes on from here."""
        self._before = None

    def _names(self) -> tuple[str, ...]:
        return ("close", "volume", *self.series.indicators)

    def _row(self, name: str) -> str:
        line = self._lines.get(name)
        if line is None:
            row = self._rows[name] = self._written(name, self._values(name))
            line = self._lines[name] = " ".join(row.pieces)
        return line

    def _values(self, name: str) -> FloatArray:
        if name == "close":
            return self.series.candles.close
        if name == "volume":
            return self.series.candles.volume
        return self.series.indicators[name]

    def _written(self, name: str, values: FloatArray) -> _Row:
        """Write what is new of a row: whatever differs in a bit is."""
        found = values.tobytes()
        form = form_of(values, self._scale(name), self._decimals)
        before = None if self._before is None else self._before._rows.get(name)  # noqa: SLF001
        if before is not None and before.form == form:
            kept = before.pieces[self._gone :] if self._gone >= 0 else []
            size = len(kept) * values.itemsize
            if size and before.values[-size:] == found[:size]:
                if size == len(found):
                    return _Row(found, form, kept)
                fresh = [number(form, value) for value in values[len(kept) :].tolist()]
                return _Row(found, form, kept + fresh)
        return _Row(found, form, [number(form, value) for value in values.tolist()])


class SeriesTexts:
    """Keeps what was written of the series shown last: the next one is written from there."""

    def __init__(self, scale: Callable[[str], Scale]) -> None:
        """Start empty; `scale` tells the scale of a row by its name."""
        self._scale = scale
        self._kept: dict[tuple[int, int], tuple[Series, View]] = {}
        self._newest: dict[tuple[Symbol, str, int], SeriesText] = {}

    def view(self, symbol: Symbol, series: Series, decimals: int) -> View:
        """Return the view of a coin's series for a price with so many digits after the point."""
        key = (id(series), decimals)
        known = self._kept.get(key)
        if known is not None:
            return known[1]
        while len(self._kept) >= _KEPT:
            del self._kept[next(iter(self._kept))]
        whose = symbol, series.interval, decimals
        before = self._newest.pop(whose, None)
        if before is not None:
            before.forget_before()
        while len(self._newest) >= _KEPT:
            del self._newest[next(iter(self._newest))]
        text = self._newest[whose] = SeriesText(series, decimals, self._scale, before)
        view = text.view()
        # The series is kept, too, so that no other object can get its id meanwhile.
        self._kept[key] = (series, view)
        return view


def _gone(before: Series, now: Series) -> int:
    """Return how many bars of a series are older than the first of what came after; -1: unknown."""
    times = now.candles.open_time
    if not len(times):
        return -1
    first, known = times.item(0), before.candles.open_time.tolist()
    return known.index(first) if first in known else -1
