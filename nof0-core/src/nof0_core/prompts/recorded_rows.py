"""Rows of a recording, written a stretch ahead of what is shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import accumulate

from nof0_core.domain.candles import FloatArray
from nof0_core.indicators.window import Window
from nof0_core.prompts.scale import SMALL_VOLUMES, Scale, form_of, number, volume_form

_AHEAD = 256
"""Bars that are written at a time; no template sees them before they are shown."""


_TABLES = 16
"""Choices of rows that are kept at hand; each template makes one or a few."""

_Joined = tuple[str, list[int]]
_Table = list[tuple[str, str, list[int] | None, "_Row"]]
"""Name with colon of each row, its text, where its numbers begin, and the row."""


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
        self._tables: dict[tuple[str, ...], _Table] = {}

    def belongs(self, window: Window) -> bool:
        """Tell whether a window is one of this recording, with the same indicators."""
        known = self._window
        return window.whole is known.whole and window.arrays is known.arrays

    def lines(self, window: Window, names: Sequence[str]) -> list[str]:
        """Return rows of a window that has bars, each with its name in front."""
        begin, end = self._place(window)
        key = tuple(names)
        table = self._tables.get(key) or self._table(key)
        # A row is a piece of a text, but for one whose format depends on what is shown.
        return [
            prefix + (text[places[begin] : places[end] - 1] if places else row.text(begin, end))
            for prefix, text, places, row in table
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
            self._tables.clear()
        self._window = window
        return now.start - self._first, now.stop - self._first

    def _table(self, names: tuple[str, ...]) -> _Table:
        rows = [self._rows.get(name) or self._written(name) for name in names]
        while len(self._tables) >= _TABLES:
            del self._tables[next(iter(self._tables))]
        made = self._tables[names] = [(row.prefix, *row.joined(), row) for row in rows]
        return made

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

    def joined(self) -> tuple[str, list[int] | None]:
        """Return all numbers as one text and where each begins; None where that may change."""
        return "", None


class _PlainRow(_Row):
    """A row with one format for all numbers."""

    __slots__ = ("_places", "_whole")

    def __init__(self, name: str, values: FloatArray, form: str) -> None:
        super().__init__(name)
        self._whole, self._places = _joined(values.tolist(), form)

    def text(self, begin: int, end: int) -> str:
        return self._whole[self._places[begin] : self._places[end] - 1]

    def joined(self) -> tuple[str, list[int] | None]:
        return self._whole, self._places


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
    if any(value != value for value in values):  # noqa: PLR0124 - NaN alone differs from itself
        whole = " ".join([number(form, value) for value in values])
    else:
        # All at once is several times as quick as one by one.
        whole = " ".join([form] * len(values)) % tuple(values)
    return whole, [0, *accumulate([len(text) + 1 for text in whole.split(" ")])]
