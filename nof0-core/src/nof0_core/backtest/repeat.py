"""What a run that was repeated came to, as far as it is compared; a file can hold it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import attrs
import msgspec
import numpy as np

from nof0_core.backtest.cycle_log import CycleMark
from nof0_core.backtest.one_run import Lived
from nof0_core.backtest.series_marks import SeriesKey, SeriesMarks


@attrs.frozen(kw_only=True, eq=False)
class Repeat:
    """A run with another future: `cycles` there were, marks and transfers in their order.

    `error` says what ended it early, "" if nothing did; `is_word_broken` whether that was a rule
    that did not hold though it had said so. `seen` are the marks of all series.
    """

    marks: list[CycleMark]
    transfers: list[tuple[datetime, str]]
    cycles: int
    error: str
    is_word_broken: bool
    seen: Mapping[SeriesKey, SeriesMarks] = attrs.field(repr=False)

    @classmethod
    def of(cls, lived: Lived, moment: datetime) -> Repeat:
        """Keep what is compared of a run up to a moment (UTC)."""
        return cls(
            marks=lived.log.until(moment),
            transfers=lived.log.transfers,
            cycles=lived.log.cycles,
            error=lived.error,
            is_word_broken=lived.is_word_broken,
            seen=lived.seen,
        )

    def encoded(self) -> bytes:
        """Return what `decoded` makes another of."""
        seen = [
            (key, marks.closed.tobytes(), marks.rows.tobytes()) for key, marks in self.seen.items()
        ]
        return msgspec.msgpack.encode(
            _Kept(self.marks, self.transfers, self.cycles, self.error, self.is_word_broken, seen)
        )

    @classmethod
    def decoded(cls, data: bytes) -> Repeat:
        """Return what was encoded.

        Raises:
            ValueError: it is not that.
        """
        kept = msgspec.msgpack.decode(data, type=_Kept)
        seen = {
            key: SeriesMarks(
                closed=np.frombuffer(closed, np.int64), rows=np.frombuffer(rows, np.uint64)
            )
            for key, closed, rows in kept.seen
        }
        return cls(
            marks=kept.marks,
            transfers=kept.transfers,
            cycles=kept.cycles,
            error=kept.error,
            is_word_broken=kept.is_word_broken,
            seen=seen,
        )


class _Kept(msgspec.Struct, array_like=True):
    marks: list[CycleMark]
    transfers: list[tuple[datetime, str]]
    cycles: int
    error: str
    is_word_broken: bool
    seen: list[tuple[SeriesKey, bytes, bytes]]
