"""What was safe on disk once, noted outside of the journal: it must still be there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import attrs

from nof0_core.ids import TraderId
from nof0_core.journal.places import day_file, kept_file
from nof0_core.journal.scan import Fault


@attrs.frozen(kw_only=True)
class StreamAnchor:
    """The newest record of a stream that was on disk for good: number, hash, day of its file."""

    seq: int
    hash: str
    day: date


@attrs.frozen(kw_only=True)
class Anchor:
    """The newest record of all that were on disk for good, and that of each stream.

    `last` is number and hash, 0 for none. `source` names where it was noted.
    """

    last: tuple[int, str]
    streams: Mapping[TraderId, StreamAnchor] = attrs.field(factory=dict)
    source: str = "the anchor"


class AnchorCheck:
    """Looks for the anchored records while a journal is read."""

    def __init__(self, anchor: Anchor | None) -> None:
        self._anchor = anchor
        self._streams = anchor.streams if anchor is not None else {}
        self._found: dict[TraderId, str] = {}
        self._last: dict[TraderId, int] = {}

    def resume(self, stream: TraderId, seq: int, digest: str) -> None:
        """Begin behind a record of a stream; that those before it are there is known."""
        self._last[stream] = seq
        wanted = self._streams.get(stream)
        if wanted is not None and wanted.seq <= seq:
            self._found[stream] = digest if wanted.seq == seq else wanted.hash

    def take(self, stream: TraderId, seq: int, digest: str) -> None:
        """See one record of a stream, in their order."""
        self._last[stream] = seq
        wanted = self._streams.get(stream)
        if wanted is not None and seq == wanted.seq:
            self._found[stream] = digest

    def faults(self, root: Path, places: Mapping[TraderId, Path]) -> Iterator[Fault]:
        """Yield the streams whose anchored record is not there, once all was read."""
        if self._anchor is None:
            return
        for stream, wanted in sorted(self._streams.items()):
            found = self._found.get(stream)
            if found == wanted.hash:
                continue
            directory = places.get(stream, root / stream)
            kept = kept_file(directory, wanted.day)
            path = kept or day_file(directory, wanted.day)
            if found is not None:
                problem = "it is another one now: the journal was written anew"
            elif kept is None:
                problem = "the file is missing"
            else:
                last = self._last.get(stream)
                end = f"ends at record {last}" if last else "has no record"
                problem = f"the stream {end}: its end was cut off"
            message = (
                f"{self._anchor.source} says that this record of {stream} was safe on disk "
                f"({wanted.day}): {problem}"
            )
            yield Fault(what="anchor", message=message, file=str(path), seq=wanted.seq)
