"""A series written out as rows of numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from nof0_core.domain.candles import interval_ms
from nof0_core.domain.snapshot import Series
from nof0_core.ids import Symbol
from nof0_core.indicators.window import Window
from nof0_core.prompts.figures import minute
from nof0_core.prompts.recorded_rows import RecordedRows
from nof0_core.prompts.scale import Scale, form_of, number
from nof0_core.prompts.view import Function, Later, LateView, View

_KEPT = 64
_RECORDINGS = 256


_Row = tuple[bytes, str, str]
"""A row that was written: its numbers as bytes, how each is written, and the text."""


class SeriesText:
    """The rows of one series; each is written when it is first asked for.

    What was written of the series as it was `before` is not written again: as a rule all bars but
    the newest are the same, to the bit.
    """

    __slots__ = (
        "_before",
        "_decimals",
        "_gone",
        "_recorded",
        "_rows",
        "_scale",
        "_tables",
        "series",
    )

    def __init__(
        self,
        series: Series,
        decimals: int,
        scale: Callable[[str], Scale],
        before: SeriesText | None = None,
        recorded: RecordedRows | None = None,
    ) -> None:
        """Take the series, the digits of the coin's price and what tells a row's scale.

        `recorded` writes the rows of the recording it is a piece of.
        """
        self.series = series
        self._decimals = decimals
        self._scale = scale
        self._recorded = recorded
        self._before = before
        self._gone = -1 if before is None else _gone(before.series, series)
        self._rows: dict[str, _Row] = {}
        self._tables: dict[tuple[str, ...], str] = {}

    def view(self) -> View:
        """Return what templates see of the series."""
        return LateView(
            "series",
            self,
            _LATER,
            interval=self.series.interval,
            bars=len(self.series.candles),
            table=Function(self.table),
        )

    def newest(self) -> str:
        """Return when the newest bar closed."""
        candles = self.series.candles
        return minute(candles.open_time.item(-1) + interval_ms(candles.interval))

    def rows(self) -> tuple[tuple[str, str], ...]:
        """Return name and values of all rows: close, volume, then the indicators."""
        names = self._names()
        if self._recorded is not None:
            window = _window(self.series)
            return tuple((name, self._recorded.text(window, name)) for name in names)
        self._write(names)
        return tuple((name, self._rows[name][2]) for name in names)

    def table(self, without: Sequence[str] = ()) -> str:
        """Return all rows as lines, those named left out."""
        key = tuple(without)
        known = self._tables.get(key)
        if known is None:
            names = [name for name in self._names() if name not in key]
            known = self._tables[key] = "\n".join(self._lines(names))
        return known

    def _lines(self, names: Sequence[str]) -> list[str]:
        if self._recorded is not None:
            return self._recorded.lines(_window(self.series), names)
        self._write(names)
        return [f"{name}: {self._rows[name][2]}" for name in names]

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

    def _write(self, names: Sequence[str]) -> None:
        """Write rows, of each what is new: whatever differs in a bit is."""
        bars, indicators, rows = self.series.candles, self.series.indicators, self._rows
        known = {} if self._before is None or self._gone < 0 else self._before._rows  # noqa: SLF001
        for name in names:
            if name in rows:
                continue
            if name == "close":
                values = bars.close
            else:
                values = bars.volume if name == "volume" else indicators[name]
            found = values.tobytes()
            form = form_of(values, self._scale(name), self._decimals)
            before = known.get(name)
            if before is not None and before[1] == form:
                gone = self._gone * values.itemsize
                kept = len(before[0]) - gone
                if 0 < kept <= len(found) and before[0][gone:] == found[:kept]:
                    text = before[2].split(" ", self._gone)[-1] if gone else before[2]
                    if kept < len(found):
                        fresh = values[kept // values.itemsize :].tolist()
                        text = " ".join([text, *[number(form, value) for value in fresh]])
                    rows[name] = found, form, text
                    continue
            text = " ".join([number(form, value) for value in values.tolist()])
            rows[name] = found, form, text


_LATER: Mapping[str, Later] = MappingProxyType(
    {"newest": SeriesText.newest, "rows": SeriesText.rows, "last": SeriesText.last}
)


class SeriesTexts:
    """Keeps what was written of the series shown last: the next one is written from there."""

    def __init__(self, scale: Callable[[str], Scale]) -> None:
        """Start empty; `scale` tells the scale of a row by its name."""
        self._scale = scale
        self._kept: dict[tuple[int, int], tuple[Series, View]] = {}
        self._newest: dict[tuple[Symbol, str, int], SeriesText] = {}
        self._recordings: dict[tuple[Symbol, int, int], RecordedRows] = {}

    def view(self, symbol: Symbol, series: Series, decimals: int) -> View:
        """Return the view of a coin's series for a price with so many digits after the point."""
        key = (id(series), decimals)
        known = self._kept.get(key)
        if known is not None:
            return known[1]
        while len(self._kept) >= _KEPT:
            del self._kept[next(iter(self._kept))]
        if _is_recorded(series):
            recorded = self._recording(symbol, _window(series), decimals)
            view = SeriesText(series, decimals, self._scale, recorded=recorded).view()
            self._kept[key] = (series, view)
            return view
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

    def _recording(self, symbol: Symbol, window: Window, decimals: int) -> RecordedRows:
        # What is kept has the indicators, too, so that no others can get their id meanwhile.
        whose = symbol, id(window.arrays), decimals
        known = self._recordings.get(whose)
        if known is None or not known.belongs(window):
            while len(self._recordings) >= _RECORDINGS:
                del self._recordings[next(iter(self._recordings))]
            known = self._recordings[whose] = RecordedRows(window, decimals, self._scale)
        return known


def _is_recorded(series: Series) -> bool:
    """Tell whether a series is, as it is, a piece of a recording and has bars."""
    window = series.indicators
    return type(window) is Window and window.bars is series.candles and len(series.candles) > 0


def _window(series: Series) -> Window:
    window = series.indicators
    assert type(window) is Window  # noqa: S101 - `_is_recorded` has looked
    return window


def _gone(before: Series, now: Series) -> int:
    """Return how many bars of a series are older than the first of what came after; -1: unknown."""
    times = now.candles.open_time
    if not len(times):
        return -1
    first, known = times.item(0), before.candles.open_time.tolist()
    return known.index(first) if first in known else -1
