"""What a market view is recorded as: each bar once.

One object, an entry per symbol, as in the exact form (`nof0_core.market.record`), but a series is::

    "3m": {"columns": ["open_time", "open", ..., "ema20"], "first": 1752451200000, "count": 10,
           "bars": [[1752452820000, 118990.0, ..., null]]}

`first` is the open time of the window's first bar (null without bars), `count` how many it has.
`bars` are those the record of this series before it had not, with the bytes they have now.
`columns` is null where `bars` is empty. A series with a list of indicators that some traders have
of their own names it, in `indicators` after `bars`, and is another than the one without. A reader
keeps for each section, symbol, interval and such name the bars of its newest record: it takes over
`bars`, of which the newest with an open time counts, and drops what opened before `first`; where
`bars` has `count` rows it drops everything before.

A run begins anew with each day (UTC): every day can be read without the one before it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

import attrs
import msgspec

from nof0_core.domain.candles import Interval
from nof0_core.domain.event import MarketSeen
from nof0_core.ids import Symbol
from nof0_core.market.record import join_entries, join_series
from nof0_core.market.view import EncodedSeries, MarketView

Key = tuple[str, Symbol, Interval, str]
"""Market section, symbol, interval, name of the list of indicators."""


@attrs.define(eq=False)
class _Written:
    """The newest recorded window of a series, and for each of its bars the number of its record."""

    shown: EncodedSeries
    records: list[int]
    _again: tuple[bytes, int] | None = None

    def again(self) -> tuple[bytes, int]:
        """Return what the same window is written as now, and the earliest of its records."""
        if self._again is None:
            self._again = _text(self.shown, ()), min(self.records)
        return self._again


class WrittenBars:
    """Knows which bars stand in the market records of this run and day."""

    def __init__(self) -> None:
        """Begin: everything is still to be written."""
        self._day: date | None = None
        self._series: dict[Key, _Written] = {}

    def prepare(
        self, section: str, view: MarketView, time: datetime
    ) -> tuple[MarketSeen, Callable[[int], None]]:
        """Return what to record of a view, and what is told the number of that record.

        Nothing has changed until that is called; it has to happen before the next view is prepared,
        or not at all.

        Args:
            section: of the market.
            view: what traders see.
            time: of the record (UTC); its day decides what can be referred to.
        """
        day = time.astimezone(UTC).date()
        known = self._series if day == self._day else {}
        fresh: list[tuple[Key, EncodedSeries, list[int]]] = []
        since: list[int] = []
        entries: list[bytes] = []
        for entry in view.entries:
            texts: list[bytes] = []
            for each in entry.series:
                key = section, entry.symbol, each.series.interval, each.own
                was = known.get(key)
                if was is not None and was.shown is each and each.rows:
                    text, earliest = was.again()
                    texts.append(text)
                    since.append(earliest)
                    continue
                new, records = _news(was, each)
                fresh.append((key, each, records))
                texts.append(_text(each, new))
                since.extend(filter(None, records))
            entries.append(join_series(entry.head, texts))

        def take(seq: int) -> None:
            self._day, self._series = day, known
            for key, each, records in fresh:
                known[key] = _Written(each, [record or seq for record in records])

        body = MarketSeen(
            section=section,
            digest=view.digest,
            since=min(since, default=None),
            snapshots=msgspec.Raw(join_entries(entries)),
        )
        return body, take


def open_time(row: bytes) -> int:
    """Read when an encoded bar opened (milliseconds UTC).

    Raises:
        ValueError: it does not begin like one.
    """
    return int(row[1 : row.index(b",")])


def _news(was: _Written | None, now: EncodedSeries) -> tuple[Sequence[bytes], list[int]]:
    """Return which bars of a window are to be written, and in which record each stands, or 0.

    All are to be written where a reader could not tell which bars of the window before are gone:
    where one that is not older than the new window has no successor in it, as when a provider takes
    a bar back or the clock is set back.
    """
    rows = now.rows
    size = len(rows)
    if was is None or was.shown.head != now.head or not rows:
        return rows, [0] * size
    before = was.shown.rows
    if before and open_time(before[-1]) < open_time(rows[0]):
        # Nothing of it is left, as where moments in between were left out.
        return rows, [0] * size
    if rows[0] in before:
        # As a rule the window has moved on by a bar or two.
        gone = before.index(rows[0])
        kept = len(before) - gone
        if before[gone:] == rows[:kept]:
            return rows[kept:], [*was.records[gone:], *[0] * (size - kept)]
    known = dict(zip(before, was.records, strict=True))
    records = [known.pop(row, 0) for row in rows]
    new = [row for row, record in zip(rows, records, strict=True) if not record]
    first, replaced = open_time(rows[0]), set(map(open_time, new))
    if any(time >= first and time not in replaced for time in map(open_time, known)):
        return rows, [0] * size
    return new, records


def _text(series: EncodedSeries, bars: Sequence[bytes]) -> bytes:
    """Write a series with some of its bars."""
    rows, head = series.rows, series.head
    if rows and not bars:
        head = head[: head.index(b"[")] + b"null"
    first = b"%d" % open_time(rows[0]) if rows else b"null"
    own = b',"indicators":"%b"' % series.own.encode() if series.own else b""
    written = b",".join(bars)
    return b'%b,"first":%b,"count":%d,"bars":[%b]%b}' % (head, first, len(rows), written, own)
