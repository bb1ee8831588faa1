"""What backs what in one trader's account: an isolated position itself, the rest together.

Rules of the venue (Hyperliquid documentation, "Margining" and "Liquidations"), applied to the
virtual account as if it stood alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import TypeVar

import attrs

from nof0_core.domain.instrument import Instrument
from nof0_core.domain.margin import initial_margin, maintenance
from nof0_core.domain.position import MarginMode
from nof0_core.errors import DataError
from nof0_core.ids import Symbol
from nof0_core.ledger.account import Account
from nof0_core.ledger.position import Position
from nof0_core.money import ZERO

V = TypeVar("V")


@attrs.frozen(kw_only=True)
class Pool:
    """Positions that are liquidated together, in the order they were opened.

    `equity` is what backs them at their marks and `needed` their maintenance margin, in USD.
    `rates` are their marginal maintenance rates, by coin. `mode` is how they are backed.
    """

    mode: MarginMode
    positions: tuple[Position, ...]
    equity: Decimal
    needed: Decimal
    rates: Mapping[Symbol, Decimal]


def pools(
    account: Account, marks: Mapping[Symbol, Decimal], instruments: Mapping[Symbol, Instrument]
) -> list[Pool]:
    """Divide an account: each isolated position, then the cross positions if there are any.

    Call it in a context of 50 digits.

    Raises:
        DataError: if the mark or the instrument of a held coin is missing.
    """
    free, found, together = account.cash, [], []
    for position in account.positions.values():
        if position.margin_mode is MarginMode.CROSS:
            together.append(position)
            continue
        own = own_usd(position)
        free -= own
        found.append(_pool((position,), own, marks, instruments))
    if together:
        found.append(_pool(together, free, marks, instruments))
    return found


def own_usd(position: Position) -> Decimal:
    """Return the cash an isolated position has taken from its account, in USD.

    That is the margin of what is still held at its entry (cost / leverage), less its share of the
    opening fees, with the funding since and what forced reductions left in it: so the venue reckons
    it, a trader's own reductions in proportion.
    """
    margin = initial_margin(abs(position.cost), position.leverage)
    return margin - position.entry_fees + position.open_funding + position.kept_margin


def _pool(
    positions: Sequence[Position],
    cash: Decimal,
    marks: Mapping[Symbol, Decimal],
    instruments: Mapping[Symbol, Instrument],
) -> Pool:
    equity, needed, rates = cash, ZERO, {}
    for position in positions:
        mark = _known(marks, position, "mark")
        instrument = _known(instruments, position, "instrument")
        worth = position.quantity * mark
        equity += worth - position.cost
        rule = maintenance(instrument, abs(worth))
        needed += rule.margin
        rates[position.symbol] = rule.rate
    return Pool(
        mode=positions[0].margin_mode,
        positions=tuple(positions),
        equity=equity,
        needed=needed,
        rates=rates,
    )


def _known(values: Mapping[Symbol, V], position: Position, what: str) -> V:
    found = values.get(position.symbol)
    if found is None:
        message = (
            f"no {what} for {position.symbol}: the account of {position.trader} holds it and cannot"
            " be valued"
        )
        raise DataError(message)
    return found
