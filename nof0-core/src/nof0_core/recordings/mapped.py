"""A recording as one file that is mapped into memory: many processes look at the same bytes.

The file begins with eight bytes of magic and the length of a JSON header, which says which series
follow and how long each is. Every array is of eight-byte numbers, little-endian, columns one after
the other.
"""

from __future__ import annotations

import json
import struct
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import numpy as np

from nof0_core.disk import replace_durably
from nof0_core.domain.candles import Candles, Interval
from nof0_core.errors import DataError
from nof0_core.ids import Symbol
from nof0_core.recordings.recording import Recording
from nof0_core.recordings.series import BarSeries, RateSeries

_MAGIC = b"nof0map1"
_COLUMNS = ("open_time", "open", "high", "low", "close", "volume")
_WIDTH = 8


def write_mapped(path: Path, recording: Recording) -> None:
    """Write a recording; the file is there as a whole or not at all.

    Raises:
        OSError: it could not be written.
    """
    header: list[dict[str, Any]] = []
    parts: list[bytes] = []
    for symbol, intervals in recording.intervals().items():
        for interval in intervals:
            bars = recording.series(symbol, interval).candles
            header.append({"symbol": symbol, "interval": interval, "count": len(bars)})
            parts += [
                np.ascontiguousarray(getattr(bars, name), "<i8" if number == 0 else "<f8").tobytes()
                for number, name in enumerate(_COLUMNS)
            ]
        rates = recording.rate(symbol)
        if rates is not None:
            times, values = rates.columns()
            header.append({"symbol": symbol, "interval": "", "count": len(times)})
            parts += [times.astype("<i8").tobytes(), values.astype("<f8").tobytes()]
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % _WIDTH)
    content = b"".join([_MAGIC, struct.pack("<Q", len(text)), text, *parts])
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_durably(path, content)


def open_mapped(path: Path) -> Recording:
    """Map a recording into memory: its bars are pages of the file, which nobody copies.

    Raises:
        DataError: the file is not one of `write_mapped`, or is cut off.
        OSError: it cannot be opened.
    """
    with path.open("rb") as file:
        found = mmap(file.fileno(), 0, access=ACCESS_READ)
    if found[: len(_MAGIC)] != _MAGIC:
        message = f"{path}: is no mapped recording"
        raise DataError(message, hints=("remove it: it is made anew",))
    (length,) = struct.unpack_from("<Q", found, len(_MAGIC))
    place = len(_MAGIC) + _WIDTH
    try:
        header = json.loads(found[place : place + length])
        return _recording(found, header, place + length)
    except ValueError as error:
        message = f"{path}: is cut off"
        raise DataError(message, hints=("remove it: it is made anew",)) from error


def _recording(found: mmap, header: list[dict[str, Any]], place: int) -> Recording:
    bars: dict[Symbol, dict[Interval, BarSeries]] = {}
    rates: dict[Symbol, RateSeries] = {}

    def column(form: str, count: int) -> Any:
        nonlocal place
        made = np.frombuffer(found, form, count, place)
        place += count * _WIDTH
        return made

    for each in header:
        symbol, count = Symbol(each["symbol"]), int(each["count"])
        if not each["interval"]:
            rates[symbol] = RateSeries(column("<i8", count), column("<f8", count))
            continue
        interval = Interval(each["interval"])
        columns = {
            name: column("<i8" if name == "open_time" else "<f8", count) for name in _COLUMNS
        }
        bars.setdefault(symbol, {})[interval] = BarSeries(Candles(interval=interval, **columns))
    return Recording(bars, rates)
