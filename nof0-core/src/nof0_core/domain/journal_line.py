"""A line of the journal, and a checkpoint, as they stand in their files."""

from __future__ import annotations

from datetime import datetime

import attrs

from nof0_core.ids import TraderId


@attrs.frozen(kw_only=True)
class JournalLine:
    """One record's bytes, without the line break, and what tells it from others.

    `hash` is the record's own, in hex; it covers all that came before it in its stream. `time`
    (UTC) and `type` are those of the event, `took` is how many seconds of real time the machine
    spent on what it tells.
    """

    seq: int
    time: datetime
    stream: TraderId
    type: str
    line: bytes
    hash: str
    took: float = 0.0


@attrs.frozen(kw_only=True)
class CheckpointFile:
    """All bytes of a checkpoint; `seq` and `hash` are those of the record it was made after."""

    seq: int
    hash: str
    data: bytes = attrs.field(repr=False)
