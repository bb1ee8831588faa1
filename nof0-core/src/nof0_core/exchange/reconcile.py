"""Comparing ledger and exchange account. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from nof0_core.domain.account import VenueAccount
from nof0_core.domain.event import Drift
from nof0_core.domain.position import VenuePosition
from nof0_core.ids import Symbol
from nof0_core.money import ZERO

CASH_TOLERANCE = Decimal("0.01")
"""Difference in USD below which cash agrees: venues cut fees and funding to 6 decimals."""


def compare(
    *,
    raw_usd: Decimal,
    sizes: Mapping[Symbol, Decimal],
    account: VenueAccount,
    positions: Sequence[VenuePosition],
) -> tuple[Drift, ...]:
    """Return every number on which the sums of the ledger and the venue differ.

    Positions must agree to the last lot; `raw_usd` (USD) within `CASH_TOLERANCE`. Coins are in
    alphabetical order, cash is last.
    """
    at_venue = {p.symbol: p.size for p in positions}
    drift = [
        Drift(what="position", symbol=symbol, ledger=ours, venue=theirs)
        for symbol in sorted({*sizes, *at_venue})
        if (ours := sizes.get(symbol, ZERO)) != (theirs := at_venue.get(symbol, ZERO))
    ]
    if abs(raw_usd - account.raw_usd) > CASH_TOLERANCE:
        drift.append(Drift(what="cash", symbol=None, ledger=raw_usd, venue=account.raw_usd))
    return tuple(drift)
