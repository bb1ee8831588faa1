"""Spot balances, which in some modes are the collateral of perpetuals."""

from __future__ import annotations

from decimal import Decimal

import attrs

from nof0_core.money import ZERO
from nof0_provider_hyperliquid.wire.reading import number, record, rows


@attrs.frozen
class Balance:
    """Of one token: all there is, and what of it cannot be used otherwise."""

    total: Decimal = ZERO
    hold: Decimal = ZERO


def read_balance(answer: object, token: int) -> Balance:
    """Return the balance of the token with this index, 0 where there is none.

    Sides of outcome markets have no index; they and all other tokens are left alone.

    Raises:
        DataError: the answer to `spotClearinghouseState` has another form.
    """
    where = "spotClearinghouseState"
    for entry in rows(record(answer, where).get("balances"), f"{where}.balances"):
        row = record(entry, where)
        found = row.get("token")
        if isinstance(found, int) and not isinstance(found, bool) and found == token:
            return Balance(
                number(row.get("total"), f"{where}: total"),
                number(row.get("hold"), f"{where}: hold"),
            )
    return Balance()
