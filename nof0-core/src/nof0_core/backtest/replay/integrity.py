"""Records that are not as they were written, found while they are read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from nof0_core.config.effective import Document, digest_of, text_digest
from nof0_core.domain.event import ConfigLoaded
from nof0_core.ids import TraderId
from nof0_core.journal.formats import genesis

if TYPE_CHECKING:
    from nof0_core.journal import Record

MOST_SETTINGS = 5
"""So many settings that are not as in the files are named."""


class Integrity:
    """What does not fit its hash or digest, by the number of the record.

    It proves less than `nof0 journal verify` and costs less: a journal whose hashes were all made
    anew is none of its business.
    """

    def __init__(self, present: Document | None = None) -> None:
        """Begin; `present` is the configuration as its files say it now, where they are there."""
        self._present = present
        self.changed: dict[int, str] = {}
        """Records that were changed, or before which others were taken out, in a sentence each."""
        self.templates: dict[str, str] = {}
        """Templates that are not what their digest says, a sentence by digest."""
        self._last: dict[TraderId, str] = {}

    def look(self, record: Record) -> None:
        """See whether the next record has the hash it ought to have, and follows the one before."""
        known = self._last.get(record.stream, genesis(record.stream))
        self._last[record.stream] = record.hash
        name = f"record {record.seq} of {record.stream}"
        if record.compute_hash() != record.hash:
            self.changed[record.seq] = f"{name} was changed after it was written"
        elif record.prev != known:
            self.changed[record.seq] = f"before {name} something was taken out or put in"

    def look_at_config(self, seq: int, body: ConfigLoaded) -> None:
        """See whether a configuration and its templates are those that their digests name."""
        if digest_of(body.config) != body.digest:
            told = f"the configuration in record {seq} was changed after it was written"
            found = list(_differing(self._present, body.config)) if self._present else []
            if found:
                told += f" ({'; '.join(found[:MOST_SETTINGS])})"
            self.changed[seq] = told
        for each in body.templates:
            if text_digest(each.text) != each.digest:
                self.templates[each.digest] = (
                    f"the template {each.name} in record {seq} has another text than it had "
                    f"(digest {text_digest(each.text)[:12]}…, was {each.digest[:12]}…)"
                )

    def before(self, seq: int) -> int | None:
        """Return the first changed record up to a number, None for none."""
        return next((n for n in sorted(self.changed) if n <= seq), None)

    def among(self, seqs: Collection[int]) -> Iterator[str]:
        """Yield what is wrong with some records."""
        return (self.changed[seq] for seq in seqs if seq in self.changed)


def _differing(present: object, recorded: object, path: str = "") -> Iterator[str]:
    """Yield what a recorded configuration has other than another one, by key."""
    if isinstance(present, Mapping) and isinstance(recorded, Mapping):
        for key in dict.fromkeys((*present, *recorded)):
            inner = f"{path}.{key}" if path else str(key)
            yield from _differing(present.get(key), recorded.get(key), inner)
    elif (one := _by_id(present)) and (other := _by_id(recorded)):
        yield from _differing(one, other, path)
    elif present != recorded:
        yield f"{path} {recorded} there, {present} in the files"


def _by_id(value: object) -> dict[str, Any]:
    """Return the entries of a list such as that of traders by their ids; empty for any other."""
    if not isinstance(value, list):
        return {}
    return {each["id"]: each for each in value if isinstance(each, Mapping) and "id" in each}
