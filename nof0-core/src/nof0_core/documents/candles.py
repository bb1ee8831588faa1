"""`candles.json`: the newest closed bars that traders were shown, for charts."""

from __future__ import annotations

from collections import deque
from typing import Any

import msgspec

from nof0_core.documents.wire import encode
from nof0_core.market.record import BAR_COLUMNS

_COLUMNS = ("open_time", *BAR_COLUMNS)

Key = tuple[str, str, str]
"""Market section, symbol, interval."""


class _Table(msgspec.Struct):
    columns: list[str] | None
    bars: list[msgspec.Raw]


class _Entry(msgspec.Struct):
    series: dict[str, _Table]


_entries = msgspec.json.Decoder(dict[str, _Entry])
_bar = msgspec.json.Decoder(list[float | None])


class CandleFile:
    """Collects bars from recorded markets; `most` of each coin and interval are kept.

    A record has the bars that the one before it had not, the first of a day or run the last few
    alone. Where more time passes between two of them, as while the engine stands still, bars are
    missing; none is made up.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._bars: dict[Key, deque[bytes]] = {}
        self._newest: dict[Key, float] = {}
        self._rows: list[bytes] | None = []

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
                if table.bars and tuple((table.columns or ())[: len(_COLUMNS)]) == _COLUMNS:
                    self._extend((section, symbol, interval), table.bars)

    def rows(self) -> list[bytes]:
        """Return a row per market section, coin and interval; the same list while no bar closed."""
        if self._rows is None:
            self._rows = [
                b'{"market":%b,"symbol":%b,"interval":%b,"bars":[%b]}'
                % (*map(encode, key), b",".join(bars))
                for key, bars in sorted(self._bars.items())
            ]
        return self._rows

    def _extend(self, key: Key, bars: list[msgspec.Raw]) -> None:
        newest = self._newest.get(key, 0)
        fresh: list[list[float | None]] = []
        for raw in reversed(bars):
            bar = _bar.decode(raw)
            if (bar[0] or 0) <= newest:
                break
            fresh.append(bar[: len(_COLUMNS)])
        if not fresh:
            return
        kept = self._bars.setdefault(key, deque(maxlen=self._most))
        kept.extend(encode([(bar[0] or 0) / 1000, *bar[1:]]) for bar in reversed(fresh))
        self._newest[key] = fresh[0][0] or 0
        self._rows = None
