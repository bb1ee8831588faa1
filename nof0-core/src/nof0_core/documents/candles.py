"""`candles.json`: the newest closed bars that traders were shown, for charts."""

from __future__ import annotations

from collections import deque
from typing import Any

import msgspec

from nof0_core.documents.pieces import Part, Piece, Sheet
from nof0_core.documents.wire import encode
from nof0_core.market.record import BAR_COLUMNS

_COLUMNS = ("open_time", *BAR_COLUMNS)

PIECE_BARS = 50
"""Bars of a series that make a piece; its newest stay in the main file."""
KEPT = 20
"""The least that the main file has of a series, once there are so many."""

Key = tuple[str, str, str]
"""Market section, symbol, interval."""


KeptCandles = list[tuple[Key, float, list[bytes], list[list[bytes]]]]
"""A `CandleFile`, written down: of each series its newest open time, its bars, and its pieces."""


class _Table(msgspec.Struct):
    columns: list[str] | None
    bars: list[msgspec.Raw]


class _Entry(msgspec.Struct):
    series: dict[str, _Table]


_entries = msgspec.json.Decoder(dict[str, _Entry])
_bar = msgspec.json.Decoder(list[float | None])


def _beside(bar: list[float | None], names: list[str]) -> list[dict[str, float]]:
    """Return what stands behind the columns of a bar: its indicators by name, if it has any."""
    values = zip(names, bar[len(_COLUMNS) :], strict=False)
    found = {name: value for name, value in values if value is not None}
    return [found] if found else []


class CandleFile:
    """Collects bars from recorded markets; `most` of each coin and interval are kept.

    With `has_indicators` the last thing in a bar is an object of the indicators that were shown
    beside it, by name; those that had no value yet are missing.

    A record has the bars that the one before it had not, the first of a day or run the last few
    alone. Where more time passes between two of them, as while the engine stands still, bars are
    missing; none is made up.
    """

    def __init__(self, most: int, *, has_indicators: bool = False) -> None:
        self._most = most
        self._has_indicators = has_indicators
        self._bars: dict[Key, list[bytes]] = {}
        self._pieces: dict[Key, deque[Piece]] = {}
        self._newest: dict[Key, float] = {}
        self._sheet: Sheet | None = None

    def keep(self) -> KeptCandles:
        """Return all of it in what can be written down."""
        return [
            (
                key,
                self._newest[key],
                bars,
                [list(piece.rows) for piece in self._pieces.get(key, ())],
            )
            for key, bars in self._bars.items()
        ]

    def take(self, kept: KeptCandles) -> None:
        """Take over what `keep` has returned, into a new one."""
        for key, newest, bars, pieces in kept:
            self._newest[key], self._bars[key] = newest, bars
            self._pieces[key] = deque(Piece.of("candles", "bars", rows) for rows in pieces)

    def add(self, section: str, snapshots: Any) -> None:
        """Take over the bars of a market record that are newer than those known.

        Args:
            section: market section of the record.
            snapshots: JSON as bytes or `msgspec.Raw`, or what a JSON decoder made of it. Bars that
                are known are skipped over, not decoded.

        Raises:
            msgspec.MsgspecError: for anything that is not a record of a market.
        """
        if not isinstance(snapshots, bytes | msgspec.Raw):
            snapshots = encode(snapshots)
        for symbol, entry in _entries.decode(snapshots).items():
            for interval, table in entry.series.items():
                columns = table.columns or []
                if table.bars and tuple(columns[: len(_COLUMNS)]) == _COLUMNS:
                    names = columns[len(_COLUMNS) :] if self._has_indicators else []
                    self._extend((section, symbol, interval), table.bars, names)

    def sheet(self) -> Sheet:
        """Return what is to be written, a row per market section, coin and interval.

        It is the same object while no bar closed.
        """
        if self._sheet is None:
            pieces = [piece for each in self._pieces.values() for piece in each]
            series = sorted(self._bars.items())
            self._sheet = Sheet(
                rows=[
                    b'{"market":%b,"symbol":%b,"interval":%b,"bars":[%b]}'
                    % (*map(encode, key), b",".join(bars[-self._most :]))
                    for key, bars in series
                ],
                layout=[Part(1, bars=self._earlier(key)) for key, _ in series] if pieces else (),
                pieces=pieces,
                names=[piece.name for piece in pieces],
            )
        return self._sheet

    def _earlier(self, key: Key) -> tuple[Part, ...]:
        """Lay out the pieces of a series, oldest first; of the first one only what has room."""
        pieces = self._pieces[key]
        surplus = len(self._bars[key]) + PIECE_BARS * len(pieces) - self._most
        starts = [max(0, surplus), *[0] * len(pieces)]
        return tuple(piece.part(start=at) for piece, at in zip(pieces, starts, strict=False))

    def _extend(self, key: Key, bars: list[msgspec.Raw], names: list[str]) -> None:
        newest = self._newest.get(key, 0)
        fresh: list[list[float | None]] = []
        for raw in reversed(bars):
            bar = _bar.decode(raw)
            if (bar[0] or 0) <= newest:
                break
            fresh.append(bar)
        if not fresh:
            return
        kept = self._bars.setdefault(key, [])
        kept.extend(
            encode([(bar[0] or 0) / 1000, *bar[1 : len(_COLUMNS)], *_beside(bar, names)])
            for bar in reversed(fresh)
        )
        self._newest[key] = fresh[0][0] or 0
        self._seal(key)
        self._sheet = None

    def _seal(self, key: Key) -> None:
        """Move what is enough for pieces, and forget pieces of which nothing is kept."""
        kept, pieces = self._bars[key], self._pieces.setdefault(key, deque())
        while len(kept) >= PIECE_BARS + KEPT:
            pieces.append(Piece.of("candles", "bars", kept[:PIECE_BARS]))
            del kept[:PIECE_BARS]
        while pieces and len(kept) + PIECE_BARS * (len(pieces) - 1) >= self._most:
            pieces.popleft()
