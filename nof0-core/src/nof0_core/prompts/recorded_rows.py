"""Rows of a recording, written a stretch ahead of what is shown."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Sequence
from itertools import accumulate

from nof0_core.domain.candles import FloatArray
from nof0_core.indicators.window import Window
from nof0_core.prompts.scale import SMALL_VOLUMES, Scale, form_of, number, volume_form

_AHEAD = 256
"""Bars that are written at a time; no template sees them before they are shown."""


_Joined = tuple[str, "array[int]"]


class RecordedRows:
    """Texts of the rows of one recording; what is shown of them is a piece of a longer text.

    While windows overlap, what comes behind them is written along; one that lies elsewhere is
    written alone.
    """

    def __init__(self, window: Window, decimals: int, scale: Callable[[str], Scale]) -> None:
        """Take a window of the recording, the digits of the price and what tells a row's scale."""
        self._window = window
        self._decimals = decimals
        self._scale = scale
        self._first = self._end = 0
        self._rows: dict[str, _Row] = {}

    def belongs(self, window: Window) -> bool:
        """Tell whether a window is one of this recording, with the same indicators."""
        known = self._window
        return window.whole is known.whole and window.arrays is known.arrays

    def lines(self, window: Window, names: Sequence[str]) -> list[str]:
        """Return rows of a window that has bars, each with its name in front."""
        begin, end = self._place(window)
        rows = self._rows
        return [
            row.prefix + row.text(begin, end)
            for row in [rows.get(name) or self._written(name) for name in names]
        ]

    def text(self, window: Window, name: str) -> str:
        """Return the numbers of a row of a window that has bars."""
        begin, end = self._place(window)
        return (self._rows.get(name) or self._written(name)).text(begin, end)

    def _place(self, window: Window) -> tuple[int, int]:
        """Return where a window lies in the stretch that is written, and move that if need be."""
        before, now = self._window.stretch, window.stretch
        if not self._first <= now.start <= now.stop <= self._end:
            goes_on = before.start < now.start < before.stop
            self._first, self._end = now.start, now.stop + (_AHEAD if goes_on else 0)
            self._rows.clear()
        self._window = window
        return now.start - self._first, now.stop - self._first

    def _written(self, name: str) -> _Row:
        whole = self._window.whole
        assert whole is not None  # noqa: S101 - `SeriesTexts` has looked
        if name == "close":
            column = whole.close
        else:
            column = whole.volume if name == "volume" else self._window.arrays[name]
        values = column[self._first : self._end]
        scale = self._scale(name)
        made = (
            _VolumeRow(name, values)
            if scale is Scale.VOLUME
            else _PlainRow(name, values, form_of(values, scale, self._decimals))
        )
        self._rows[name] = made
        return made


class _Row:
    """A row of a stretch."""

    __slots__ = ("prefix",)

    def __init__(self, name: str) -> None:
        self.prefix = f"{name}: "

    def text(self, begin: int, end: int) -> str:
        """Return the numbers of bars `begin` to `end`, of which there is at least one."""
        raise NotImplementedError


class _PlainRow(_Row):
    """A row with one format for all numbers."""

    __slots__ = ("_places", "_whole")

    def __init__(self, name: str, values: FloatArray, form: str) -> None:
        super().__init__(name)
        self._whole, self._places = _joined(values.tolist(), form)

    def text(self, begin: int, end: int) -> str:
        return self._whole[self._places[begin] : self._places[end] - 1]


class _VolumeRow(_Row):
    """A row whose format depends on the largest number that is shown."""

    __slots__ = ("_digits", "_forms", "_values")

    def __init__(self, name: str, values: FloatArray) -> None:
        super().__init__(name)
        self._values: list[float] = values.tolist()
        # Infinity and NaN less themselves are NaN, which is not 0: they have no say.
        self._digits = bytes(
            sum(abs(v) < most for most in SMALL_VOLUMES) if v - v == 0 else len(SMALL_VOLUMES)
            for v in self._values
        )
        self._forms: dict[int, _Joined] = {}

    def text(self, begin: int, end: int) -> str:
        digits = min(self._digits[begin:end])
        known = self._forms.get(digits)
        if known is None:
            known = self._forms[digits] = _joined(self._values, volume_form(digits))
        whole, places = known
        return whole[places[begin] : places[end] - 1]


def _joined(values: Sequence[float], form: str) -> _Joined:
    """Return numbers with blanks between them, and where each begins; of the end as well."""
    texts = [number(form, value) for value in values]
    places = accumulate((len(text) + 1 for text in texts), initial=0)
    return " ".join(texts), array("I", places)
