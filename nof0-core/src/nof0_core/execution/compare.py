"""Comparing ledger and exchange account. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from nof0_core.domain.account import VenueAccount
from nof0_core.domain.event import Drift
from nof0_core.domain.position import VenuePosition
from nof0_core.domain.vocabulary import DriftKind
from nof0_core.ids import Symbol
from nof0_core.money import ZERO

CASH_TOLERANCE = Decimal("0.01")
"""Difference in USD below which cash agrees: venues cut fees and funding to 6 decimals."""
PRICE_ROOM = Decimal("0.1")
"""How far from the mark a trade may have been that the ledger does not know yet."""


def compare(
    *,
    raw_usd: Decimal,
    quantities: Mapping[Symbol, Decimal],
    account: VenueAccount,
    positions: Sequence[VenuePosition],
    marks: Mapping[Symbol, Decimal],
    room: Decimal = ZERO,
) -> tuple[Drift, ...]:
    """Return every number on which the sums of the ledger and the venue differ.

    Positions must agree to the last lot; `raw_usd` (USD) within `CASH_TOLERANCE`. Cash that was
    paid or got for coins that differ, at their marks (USD) give or take `PRICE_ROOM`, is no
    difference of its own, nor is up to `room` USD more. Coins are in alphabetical order, cash is
    last.
    """
    at_venue = {p.symbol: p for p in positions}
    drift, paid, tolerance = [], ZERO, CASH_TOLERANCE + room
    room = tolerance
    for symbol in sorted({*quantities, *at_venue}):
        held = at_venue.get(symbol)
        ours, theirs = quantities.get(symbol, ZERO), held.quantity if held is not None else ZERO
        if ours == theirs:
            continue
        drift.append(Drift(what=DriftKind.POSITION, symbol=symbol, ledger=ours, venue=theirs))
        price = marks.get(symbol) or (held.entry_price if held is not None else ZERO)
        paid += (theirs - ours) * price
        room += abs(theirs - ours) * price * PRICE_ROOM
    difference = account.raw_usd - raw_usd
    # A correction without any trade leaves cash as it is, a missing trade changes it by its price.
    if abs(difference) > tolerance and abs(difference + paid) > room:
        drift.append(Drift(what=DriftKind.CASH, symbol=None, ledger=raw_usd, venue=account.raw_usd))
    return tuple(drift)
