"""The ledger of all venue accounts as bytes, and back."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal

import msgspec

from nof0_core.domain.event import Drift
from nof0_core.ids import Symbol, TraderId
from nof0_core.ledger.account import Account, Change, VenueLedger


class _Venue(msgspec.Struct, kw_only=True):
    """A `VenueLedger` in what JSON knows."""

    accounts: list[Account]
    opened_at: datetime | None
    raw_usd: Decimal
    quantities: dict[Symbol, Decimal]
    trade_ids: dict[str, datetime]
    forgotten: datetime | None
    parts: dict[str, dict[TraderId, Decimal]]
    changes: list[Change]
    last_fill: datetime | None
    settlements: list[tuple[Symbol, datetime]]
    settled_before: datetime | None
    last_funding: datetime | None
    last_told_funding: datetime | None


class LedgerDump(msgspec.Struct):
    """Everything the ledger remembers."""

    venue_accounts: dict[str, _Venue]
    homes: dict[TraderId, str]
    drifts: dict[str, tuple[Drift, ...]]

    def ledgers(self) -> Iterator[tuple[str, VenueLedger]]:
        """Yield the venue accounts with their names."""
        for name, found in self.venue_accounts.items():
            yield (
                name,
                VenueLedger(
                    accounts={account.trader: account for account in found.accounts},
                    opened_at=found.opened_at,
                    raw_usd=found.raw_usd,
                    quantities=found.quantities,
                    trade_ids=found.trade_ids,
                    forgotten=found.forgotten,
                    parts=found.parts,
                    changes=deque(found.changes),
                    last_fill=found.last_fill,
                    settlements=dict.fromkeys(found.settlements),
                    settled_before=found.settled_before,
                    last_funding=found.last_funding,
                    last_told_funding=found.last_told_funding,
                ),
            )


def dumped(
    venue_accounts: Mapping[str, VenueLedger],
    homes: Mapping[TraderId, str],
    drifts: Mapping[str, tuple[Drift, ...]],
) -> bytes:
    """Return the ledger as JSON; the same for the same events."""
    venues = {
        name: _Venue(
            accounts=list(venue.accounts.values()),
            opened_at=venue.opened_at,
            raw_usd=venue.raw_usd,
            quantities=venue.quantities,
            trade_ids=venue.trade_ids,
            forgotten=venue.forgotten,
            parts=venue.parts,
            changes=list(venue.changes),
            last_fill=venue.last_fill,
            settlements=list(venue.settlements),
            settled_before=venue.settled_before,
            last_funding=venue.last_funding,
            last_told_funding=venue.last_told_funding,
        )
        for name, venue in venue_accounts.items()
    }
    return msgspec.json.encode(LedgerDump(venues, dict(homes), dict(drifts)))


def loaded(data: bytes) -> LedgerDump:
    """Read what `dumped` has returned.

    Raises:
        msgspec.MsgspecError: it is something else.
    """
    return msgspec.json.decode(data, type=LedgerDump)
