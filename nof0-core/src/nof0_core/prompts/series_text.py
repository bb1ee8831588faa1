"""A series written out as rows of numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nof0_core.domain.snapshot import Series
from nof0_core.prompts.scale import Scale, numbers
from nof0_core.prompts.view import Later, View

_KEPT = 64


class SeriesText:
    """The rows of one series; each is written when it is first asked for."""

    def __init__(self, series: Series, decimals: int, scale: Callable[[str], Scale]) -> None:
        """Take the series, the digits of the coin's price and what tells a row's scale."""
        self.series = series
        self._decimals = decimals
        self._scale = scale
        self._rows: dict[str, str] = {}
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

    def _names(self) -> tuple[str, ...]:
        return ("close", "volume", *self.series.indicators)

    def _row(self, name: str) -> str:
        text = self._rows.get(name)
        if text is None:
            bars = self.series.candles
            if name == "close":
                values = bars.close
            elif name == "volume":
                values = bars.volume
            else:
                values = self.series.indicators[name]
            text = self._rows[name] = numbers(values, self._scale(name), self._decimals)
        return text


class SeriesTexts:
    """Keeps what was written of the series shown last: it serves until their next bar closes."""

    def __init__(self, scale: Callable[[str], Scale]) -> None:
        """Start empty; `scale` tells the scale of a row by its name."""
        self._scale = scale
        self._kept: dict[tuple[int, int], tuple[Series, View]] = {}

    def view(self, series: Series, decimals: int) -> View:
        """Return the view of a series for a price with so many digits after the point."""
        key = (id(series), decimals)
        known = self._kept.get(key)
        if known is not None:
            return known[1]
        while len(self._kept) >= _KEPT:
            del self._kept[next(iter(self._kept))]
        view = SeriesText(series, decimals, self._scale).view()
        # The series is kept, too, so that no other object can get its id meanwhile.
        self._kept[key] = (series, view)
        return view
