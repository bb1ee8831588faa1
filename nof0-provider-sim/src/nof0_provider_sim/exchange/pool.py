"""What backs what: the cross positions together, every isolated position for itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal

import attrs

from nof0_core.domain.instrument import Instrument
from nof0_core.domain.margin import maintenance
from nof0_core.ids import Symbol
from nof0_core.money import EXACT, ZERO
from nof0_provider_sim.exchange.account import PRICE_STEP, Account, Position, worth

Marks = Mapping[Symbol, Decimal]
Instruments = Mapping[Symbol, Instrument]
_NEAR = Decimal("1E-12")
"""Equity in USD above maintenance margin that counts as nothing when a crossing is looked for."""
_ROUNDS = 30


@attrs.frozen(kw_only=True)
class Pool:
    """Positions that are liquidated together, and the cash behind them in USD."""

    raw_usd: Decimal
    positions: Mapping[Symbol, Position]
    is_cross: bool

    def equity(self, marks: Marks) -> Decimal:
        """Return cash plus the value of the positions, in USD."""
        return self.raw_usd + worth(self.positions, marks)

    def maintenance(self, marks: Marks, instruments: Instruments) -> Decimal:
        """Return the equity below which the pool is liquidated, in USD."""
        total = ZERO
        for symbol, position in self.positions.items():
            total += maintenance(instruments[symbol], abs(position.quantity) * marks[symbol]).margin
        return total

    def spare(self, marks: Marks, instruments: Instruments) -> Decimal:
        """Return equity minus maintenance margin, in USD."""
        return self.equity(marks) - self.maintenance(marks, instruments)

    def crossing(self, start: Marks, end: Marks, instruments: Instruments) -> dict[Symbol, Decimal]:
        """Return the marks at which nothing is spare, all moving evenly from `start` to `end`.

        At `start` something must be spare, at `end` less than nothing. Maintenance grows faster
        than notional from tier to tier, so what is spare is a concave function of the way gone: a
        chord never overshoots, and each round lands on the next tier at least.
        """
        at, spare, last = dict(start), self.spare(start, instruments), self.spare(end, instruments)
        for _ in range(_ROUNDS):
            if spare <= _NEAR:
                break
            part = EXACT.divide(spare, spare - last)
            at = {symbol: mark + (end[symbol] - mark) * part for symbol, mark in at.items()}
            spare = self.spare(at, instruments)
        return {symbol: mark.quantize(PRICE_STEP, context=EXACT) for symbol, mark in at.items()}


def pools(account: Account) -> Iterator[Pool]:
    """Iterate over the isolated positions by symbol, then the cross positions if there are any."""
    cross: dict[Symbol, Position] = {}
    for symbol in sorted(account.positions):
        position = account.positions[symbol]
        if position.raw_usd is None:
            cross[symbol] = position
        else:
            yield Pool(raw_usd=position.raw_usd, positions={symbol: position}, is_cross=False)
    if cross:
        yield Pool(raw_usd=account.cross_raw_usd, positions=cross, is_cross=True)


def pool_of(account: Account, *, symbol: Symbol | None) -> Pool | None:
    """Return the pool of an isolated coin, or of all cross positions for None, as it is now."""
    for pool in pools(account):
        if (pool.is_cross and symbol is None) or (not pool.is_cross and symbol in pool.positions):
            return pool
    return None
