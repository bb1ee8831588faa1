"""Excerpts of long answers: rows that are written anew, with what a first look needs."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterable
from typing import TypeVar

import msgspec

from nof0_api.schemas.rows import CandleSeries
from nof0_core.sources import Row, SourceDownError

T = TypeVar("T")
_HOUR = 3600.0
_MISSHAPEN = "a row has not the shape it should have"


class _Told(msgspec.Struct):
    llm_response: dict[str, msgspec.Raw] = {}


def decided(number: int, rows: Iterable[Row]) -> list[Row]:
    """Take the first `number` cycles in which something was decided, without what was read.

    Raises:
        SourceDownError: a row is no cycle.
    """
    taken: list[Row] = []
    for row in rows:
        if len(taken) == number:
            break
        if _read(row, _Told).llm_response:
            parts = _read(row, dict[str, msgspec.Raw])
            short = {**parts, "messages": [], "user_prompt": ""}
            taken.append(Row(row.model, row.marker, msgspec.Raw(msgspec.json.encode(short))))
    return taken


def spanning(hours: int, rows: Iterable[Row]) -> list[Row]:
    """Take of each coin two bars: the one that opened `hours` before the newest, and the newest.

    They are of the shortest bars that reach back so far; coins of which none do are left out.

    Raises:
        SourceDownError: a row is none of candles.
    """
    best: dict[str, tuple[float, CandleSeries]] = {}
    for row in rows:
        series = _read(row, CandleSeries)
        times = _opened(series)
        if len(times) < 2 or times[0] > times[-1] - hours * _HOUR:
            continue
        length = min(later - earlier for earlier, later in itertools.pairwise(times))
        if series.symbol in best and best[series.symbol][0] <= length:
            continue
        at = bisect.bisect_right(times, times[-1] - hours * _HOUR) - 1
        two = msgspec.structs.replace(series, bars=[series.bars[at], series.bars[-1]])
        best[series.symbol] = (length, two)
    return [
        Row("", 0, msgspec.Raw(msgspec.json.encode(two)), symbol)
        for symbol, (_, two) in best.items()
    ]


def _opened(series: CandleSeries) -> list[float]:
    """Return the seconds at which the bars of a series opened."""
    times = [bar[0] for bar in series.bars if bar and isinstance(bar[0], float)]
    if len(times) < len(series.bars):
        raise SourceDownError(_MISSHAPEN)
    return times


def _read(row: Row, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(row.text, type=shape)
    except msgspec.MsgspecError as error:
        raise SourceDownError(_MISSHAPEN) from error
