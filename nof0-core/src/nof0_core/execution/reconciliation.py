"""Whether ledger and exchange account agree, and what follows where they do not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

import attrs

from nof0_core.border.quarantine import TOLD_AGAIN
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


@attrs.frozen(kw_only=True)
class Expected:
    """What the venue should show, with what it has answered and nobody has booked yet.

    `raw_usd` is in USD, `quantities` are signed, in coins; `notional` is the worth in USD of what
    is not booked.
    """

    raw_usd: Decimal
    quantities: Mapping[Symbol, Decimal]
    notional: Decimal

    def has_come_to(self, entry: Drift) -> bool:
        """Tell whether the ledger now says what the venue did: what was missing is booked."""
        if entry.symbol is None:
            return abs(self.raw_usd - entry.venue) <= CASH_TOLERANCE
        return self.quantities.get(entry.symbol, ZERO) == entry.venue


class Reconciliation:
    """Compares the ledger with the exchange account of one venue account.

    `drift` is what differs and is not explained yet; it outlives restarts. Until the first look,
    and after one that failed, nothing is known and entries are stopped.
    """

    def __init__(self, *, venue_account: str, recorder: Recorder) -> None:
        self.drift: tuple[Drift, ...] = recorder.state.drift(venue_account)
        self._venue_account = venue_account
        self._recorder = recorder
        self._is_known = False
        self._cash: Difference | None = None
        self._look: object = None
        self._unseen: frozenset[Drift] = frozenset()
        self._told: frozenset[Drift] = frozenset()
        self._told_at: dict[Drift, datetime] = {}

    def doubt(self) -> None:
        """Forget that both sides were compared, until they are again; no look is in a row then."""
        self._is_known = False
        self._unseen = frozenset()

    @property
    def is_quiet(self) -> bool:
        """Tell whether both sides were compared and agree, and nothing is to be seen again."""
        return self._is_known and not (self.drift or self._unseen or self._cash or self._told)

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
        ours = self.expected()
        return compare(
            raw_usd=ours.raw_usd,
            quantities=ours.quantities,
            room=ours.notional * UNBOOKED_ROOM,
            account=report.account,
            positions=report.positions,
            marks=marks,
        )

    def expected(self) -> Expected:
        """Return what the venue should show now."""
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
        return Expected(raw_usd=raw_usd, quantities=quantities, notional=notional)

    def conclude(self, drift: tuple[Drift, ...], look: object) -> None:
        """Take over what `differences` found at a look: record what is new and tell about it.

        What is not seen any more stays until it is explained: the ledger has come to what the venue
        had told, or the next look in a row does not show it either. Cash alone that has differed by
        the same amount for long enough was moved by somebody else: it is booked to the unassigned
        account, and with that explained.

        Args:
            drift: coins in alphabetical order, cash last.
            look: the report it was found in; the same one again is no further look.
        """
        if not drift and self.is_quiet and not self._recorder.state.drift(self._venue_account):
            self._look = look
            return
        self._is_known = True
        moved = self._moved_cash(drift)
        if moved is not None:
            self._book_moved(moved)
            drift = ()
            self.drift = tuple(entry for entry in self.drift if entry.what is not DriftKind.CASH)
        left = [*drift, *self._unexplained(drift, is_new=look is not self._look)]
        self._look = look
        self.drift = tuple(sorted(left, key=lambda entry: (entry.symbol is None, entry.symbol)))
        if self.drift != self._recorder.state.drift(self._venue_account):
            body = Reconciled(venue_account=self._venue_account, drift=self.drift)
            self._recorder.record(ENGINE, body)
        self._tell(drift)

    def _unexplained(self, drift: tuple[Drift, ...], *, is_new: bool) -> list[Drift]:
        """Return what is not in `drift` any more and stops entries all the same."""
        ours, seen = self.expected(), {entry.symbol for entry in drift}
        left, unseen = [], set()
        for entry in self.drift:
            if (
                entry.symbol in seen
                or ours.has_come_to(entry)
                or (is_new and entry in self._unseen)
            ):
                continue
            left.append(entry)
            if is_new or entry in self._unseen:
                unseen.add(entry)
        self._unseen = frozenset(unseen)
        return left

    def _tell(self, drift: tuple[Drift, ...]) -> None:
        """Tell what is new; what comes and goes, as stale answers do, once in `TOLD_AGAIN`."""
        told, self._told = self._told, self._told.intersection(self.drift).union(drift)
        now = self._recorder.clock.now()
        if self._told_at:
            recent = {e: at for e, at in self._told_at.items() if at <= now < at + TOLD_AGAIN}
            self._told_at = recent
        for entry in drift:
            if entry in told or entry in self._told_at:
                continue
            self._told_at[entry] = now
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
                equities={},
                reason=TransferReason.OUTSIDE,
            ),
        )
        way = "into" if amount > 0 else "out of"
        self._recorder.alert(
            "foreign_transfer",
            f"{self._venue_account}: {plain(abs(amount))} USD were moved {way} the account "
            f"by somebody else; booked to {UNASSIGNED}",
        )
