"""Records that are not as they were written, found while they are read."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

from nof0_core.config.effective import digest_of, text_digest
from nof0_core.domain.event import ConfigLoaded
from nof0_core.ids import TraderId
from nof0_core.journal.formats import genesis

if TYPE_CHECKING:
    from nof0_core.journal import Record

NEAR = 20
"""So many changed records are told one by one."""


class Integrity:
    """What does not fit its hash or digest, by the number of the record.

    It proves less than `nof0 journal verify` and costs less: a journal whose hashes were all made
    anew is none of its business.
    """

    def __init__(self) -> None:
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
            self.changed[seq] = f"the configuration in record {seq} (limits, …) was changed"
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
