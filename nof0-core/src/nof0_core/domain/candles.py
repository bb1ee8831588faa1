"""Closed price bars as arrays."""

from __future__ import annotations

import functools
import re
from datetime import UTC, datetime, timedelta
from mmap import mmap
from typing import Any, NewType

import attrs
import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
TimeArray = npt.NDArray[np.int64]

Interval = NewType("Interval", str)
"""Length of a bar as users and venues write it: `1m`, `3m`, `15m`, `1h`, `4h`, `1d`, `1w`."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@functools.cache
def interval_ms(interval: str) -> int:
    """Return the length of a bar in milliseconds.

    Raises:
        ValueError: if the text is not a positive whole number followed by s, m, h, d or w.
    """
    found = re.fullmatch(r"([1-9]\d{0,4})([smhdw])", interval)
    if not found:
        message = f'not a bar interval: "{interval}" (write 1m, 3m, 15m, 1h, 4h, 1d)'
        raise ValueError(message)
    return int(found[1]) * _UNITS[found[2]] * 1000


def to_ms(moment: datetime) -> int:
    """Convert an aware datetime to milliseconds since 1970, UTC, rounding down."""
    return (moment - _EPOCH) // _MILLISECOND


def from_ms(milliseconds: int) -> datetime:
    """Convert milliseconds since 1970 to an aware UTC datetime."""
    # A product of a timedelta is made in a third of the time of one by keyword.
    return _EPOCH + int(milliseconds) * _MILLISECOND


def readonly(array: npt.ArrayLike, dtype: npt.DTypeLike = np.float64) -> npt.NDArray[Any]:
    """Return the values as an array of immutable bytes: nobody can make it writable again.

    Many look at the same bars. Copies, unless the array, or what it is a view of, is one already:
    bytes, or a file that was mapped into memory for reading alone.
    """
    result = np.asarray(array, dtype=dtype)
    owner: object = result.base
    if isinstance(owner, np.ndarray):
        owner = owner.base
    if isinstance(owner, bytes) or (isinstance(owner, memoryview | mmap) and _is_fixed(owner)):
        return result
    return np.frombuffer(result.tobytes(), dtype=result.dtype).reshape(result.shape)


def _is_fixed(owner: memoryview | mmap) -> bool:
    with memoryview(owner) as view:
        return view.readonly and isinstance(view.obj, bytes | mmap)


def _floats(array: npt.ArrayLike) -> FloatArray:
    return readonly(array)


def _times(array: npt.ArrayLike) -> TimeArray:
    return readonly(array, np.int64)


_same = attrs.cmp_using(eq=np.array_equal)


@attrs.frozen(kw_only=True)
class Candles:
    """Closed bars of one symbol and interval, oldest first.

    All arrays have shape (n,), are read-only and aligned. `open_time` is the time a bar opens, in
    milliseconds UTC, strictly ascending; a bar closes at `open_time` + the interval. Prices are in
    USD per coin, `volume` in coins.
    """

    interval: Interval
    open_time: TimeArray = attrs.field(converter=_times, eq=_same)
    open: FloatArray = attrs.field(converter=_floats, eq=_same)
    high: FloatArray = attrs.field(converter=_floats, eq=_same)
    low: FloatArray = attrs.field(converter=_floats, eq=_same)
    close: FloatArray = attrs.field(converter=_floats, eq=_same)
    volume: FloatArray = attrs.field(converter=_floats, eq=_same)

    def __len__(self) -> int:
        """Return the number of bars."""
        return len(self.open_time)

    def __getitem__(self, window: slice) -> Candles:
        """Return the bars of a slice, sharing memory."""
        # The arrays are converted and read-only already, and so are their slices.
        part = object.__new__(Candles)
        put = object.__setattr__
        put(part, "interval", self.interval)
        put(part, "open_time", self.open_time[window])
        put(part, "open", self.open[window])
        put(part, "high", self.high[window])
        put(part, "low", self.low[window])
        put(part, "close", self.close[window])
        put(part, "volume", self.volume[window])
        return part

    @property
    def last_close_time(self) -> datetime:
        """Return when the newest bar closed, UTC; the candles must not be empty."""
        return from_ms(int(self.open_time[-1]) + interval_ms(self.interval))
