"""What bad answers of a venue stop."""

from __future__ import annotations

from collections.abc import Collection

from nof0_core.border.answers import BadRow
from nof0_core.border.quarantine import Ward
from nof0_core.ids import Symbol

GOOD_IN_A_ROW = 2
"""So many good reports in a row end the quarantine of a venue account."""
ACCOUNT = f"no entries there until {GOOD_IN_A_ROW} reports in a row are good"
ROW = "it is not booked, and no entries there until it is good or gone"


class VenueWard:
    """The quarantine of one venue account: the account for an answer, a coin for a row.

    It stops entries, and nothing that protects.
    """

    def __init__(self, ward: Ward) -> None:
        self._ward = ward
        self._good = 0
        self._refused: set[str] = set()
        self._rows: dict[str, set[Symbol | None]] = {}

    def refuse(self, verb: str, problem: str) -> None:
        """Put the account in quarantine for an answer."""
        self._good = 0
        self._refused.add(verb)
        self._ward.put(verb, problem, ACCOUNT)

    def note_good_report(self) -> None:
        """Count a good report."""
        if not self._refused:
            return
        self._good += 1
        if self._good >= GOOD_IN_A_ROW:
            for verb in self._refused:
                self._ward.release(verb, None)
            self._refused.clear()

    def refuse_rows(self, verb: str, bad: Collection[BadRow], *, is_all: bool) -> None:
        """Put the coins of bad rows in quarantine, the account for one that names none.

        Args:
            verb: the call they came with.
            bad: they.
            is_all: whether that are all there are, so that others of the verb are good or gone.
        """
        verb = f"a row of {verb}"
        if not bad and not self._rows.get(verb):
            return
        held = self._rows.setdefault(verb, set())
        if is_all:
            held.clear()
        held.update(row.symbol for row in bad)
        for row in bad:
            self._ward.put(verb, row.problem, ROW, symbol=row.symbol)
        self._ward.keep_only(verb, held)

    def refusal(self, symbol: Symbol) -> str:
        """Say why no entry on a coin may leave now; empty if one may."""
        return self._ward.refusal(symbol)
