"""Whether ledger and exchange account agree, and what follows where they do not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

import attrs

from nof0_core.domain.account import AccountReport
from nof0_core.domain.event import Drift, Reconciled, Transferred
from nof0_core.domain.vocabulary import DriftKind, TransferReason
from nof0_core.errors import JournalError
from nof0_core.execution.compare import CASH_TOLERANCE, compare
from nof0_core.ids import ENGINE, UNASSIGNED, Symbol
from nof0_core.money import ZERO, plain
from nof0_core.state.recorder import Recorder

MOVED_AFTER = timedelta(minutes=5)
"""How long cash has to differ by the same amount to count as moved by somebody else, …"""
UNBOOKED_ROOM = Decimal("0.005")
"""How much of their value the fees and the rounding of executions may be that are not booked."""
MOVED_LOOKS = 3
"""… and at how many looks in a row: a statement may lag, and time may jump."""


@attrs.frozen(kw_only=True)
class Difference:
    """Cash alone that differs: by how many USD, since when (UTC), at how many looks in a row."""

    amount: Decimal
    since: datetime
    looks: int = 1


class Reconciliation:
    """Compares the ledger with the exchange account of one venue account.

    `drift` is what differed at the last look. Until the first one, and after one that failed,
    nothing is known and entries are stopped.
    """

    def __init__(self, *, venue_account: str, recorder: Recorder) -> None:
        self.drift: tuple[Drift, ...] = ()
        self._venue_account = venue_account
        self._recorder = recorder
        self._is_known = False
        self._cash: Difference | None = None

    def doubt(self) -> None:
        """Forget that both sides were compared, until they are again."""
        self._is_known = False

    def refusal(self, symbol: Symbol) -> str:
        """Say why no entry on a coin may leave now; empty if one may."""
        if not self._is_known:
            return "entries are stopped: the exchange account could not be read"
        if any(d.symbol in (symbol, None) for d in self.drift):
            return "entries are stopped: ledger and venue differ"
        return ""

    def differences(
        self, report: AccountReport, marks: Mapping[Symbol, Decimal]
    ) -> tuple[Drift, ...]:
        """Return what the ledger and a report of the venue differ on; nothing is recorded.

        Raises:
            JournalError: the ledger does not add up in itself.
        """
        problems = self._recorder.state.audit(self._venue_account)
        if problems:
            message = f"the ledger of {self._venue_account} does not add up: {'; '.join(problems)}"
            raise JournalError(message)
        totals = self._recorder.state.totals(self._venue_account)
        quantities, raw_usd, notional = dict(totals.quantities), totals.raw_usd, ZERO
        for record in self._recorder.state.unbooked(self._venue_account):
            # The venue has these coins already; what they cost exactly is not known yet.
            outcome, request = record.outcome, record.request
            price = (outcome.average_price if outcome else None) or request.limit_price
            change = request.side.sign * record.unbooked
            quantities[record.symbol] = quantities.get(record.symbol, ZERO) + change
            raw_usd -= change * price
            notional += abs(change) * price
        return compare(
            raw_usd=raw_usd,
            quantities=quantities,
            room=notional * UNBOOKED_ROOM,
            account=report.account,
            positions=report.positions,
            marks=marks,
        )

    def settle(self, drift: tuple[Drift, ...]) -> None:
        """Take over what `differences` found: record what is new and tell about it.

        Cash alone that has differed by the same amount for long enough was moved by somebody else:
        it is booked to the unassigned account, and with that explained.
        """
        self._is_known = True
        moved = self._moved_cash(drift)
        if moved is not None:
            self._book_moved(moved)
            drift = ()
        if drift == self.drift:
            return
        self.drift = drift
        self._recorder.record(ENGINE, Reconciled(venue_account=self._venue_account, drift=drift))
        for entry in drift:
            what = entry.symbol or entry.what
            self._recorder.alert(
                "drift",
                f"{self._venue_account}: {what} is {entry.ledger} in the ledger and {entry.venue} "
                "at the venue; no new entries until it is explained",
                symbol=entry.symbol,
            )

    def _moved_cash(self, drift: tuple[Drift, ...]) -> Decimal | None:
        """Return by how many USD cash has differed long enough to be booked, None if it has not."""
        if [entry.what for entry in drift] != [DriftKind.CASH]:
            self._cash = None
            return None
        now, amount = self._recorder.clock.now(), drift[0].venue - drift[0].ledger
        seen = self._cash
        if seen is None or abs(seen.amount - amount) > CASH_TOLERANCE:
            self._cash = Difference(amount=amount, since=now)
            return None
        self._cash = attrs.evolve(seen, amount=amount, looks=seen.looks + 1)
        is_settled = self._cash.looks >= MOVED_LOOKS and now - seen.since >= MOVED_AFTER
        return amount if is_settled else None

    def _book_moved(self, amount: Decimal) -> None:
        self._cash = None
        self._recorder.record(
            ENGINE,
            Transferred(
                venue_account=self._venue_account,
                amounts={UNASSIGNED: amount},
                reason=TransferReason.OUTSIDE,
            ),
        )
        way = "into" if amount > 0 else "out of"
        self._recorder.alert(
            "foreign_transfer",
            f"{self._venue_account}: {plain(abs(amount))} USD were moved {way} the account "
            f"by somebody else; booked to {UNASSIGNED}",
        )
