"""What an account is worth, as a function of marks, while nothing of it changes but these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

import numpy as np

from nof0_core.domain.account import AccountState
from nof0_core.domain.candles import FloatArray
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.margin import maintenance_rates
from nof0_core.ids import Symbol
from nof0_core.ledger import Pool
from nof0_core.money import EXACT, decimal

_CAUTION = 1e-9
"""By how much, relatively, thresholds in floats are moved to the safe side."""
_CENTS = 1e-6
"""The same absolutely, in USD."""


class AccountLine:
    """One trader's account: exact at single marks, in floats along many.

    Valid until something is booked to the account.
    """

    def __init__(
        self,
        account: AccountState,
        pools: Sequence[Pool],
        instruments: Mapping[Symbol, Instrument],
    ) -> None:
        """Take the account, valued now, and what it holds by what backs it."""
        self.symbols = tuple(holding.symbol for holding in account.holdings)
        self.holds = {one.symbol: one.quantity > 0 for one in account.holdings}
        self.is_sound = not account.unpriced and account.equity > 0 and account.growth.base > 0
        self.index = account.index
        self._cash, self._growth = account.cash, account.growth
        self._held = [
            (
                holding.symbol,
                holding.quantity,
                EXACT.subtract(
                    EXACT.multiply(holding.quantity, holding.mark), holding.unrealized_pnl
                ),
            )
            for holding in account.holdings
        ]
        self._free = float(
            EXACT.subtract(self._cash, sum((cost for _, _, cost in self._held), Decimal(0)))
        )
        self._scale = float(self._growth.index) / float(self._growth.base) if self.is_sound else 0.0
        self._quantities = {symbol: float(quantity) for symbol, quantity, _ in self._held}
        marks = {holding.symbol: float(holding.mark) for holding in account.holdings}
        self._pools: list[tuple[float, list[tuple[Symbol, float, float]]]] = []
        for pool in pools:
            base, positions = float(pool.equity), []
            for symbol in (position.symbol for position in pool.positions):
                quantity = self._quantities[symbol]
                base -= quantity * marks[symbol]
                rate = float(max(maintenance_rates(instruments[symbol])))
                positions.append((symbol, quantity, rate))
            self._pools.append((base, positions))

    def index_at(self, marks: Mapping[Symbol, Decimal]) -> Decimal:
        """Return the index of the account at these marks, to the last digit."""
        equity = self._cash
        for symbol, quantity, cost in self._held:
            worth = EXACT.subtract(EXACT.multiply(quantity, marks[symbol]), cost)
            equity = EXACT.add(equity, worth)
        return self._growth.at(equity)

    def indices(self, marks: Mapping[Symbol, FloatArray]) -> FloatArray:
        """Return the index along marks of one length, in floats."""
        found: FloatArray = self._equity(marks) * self._scale
        return found

    def highest_and_last(self, marks: Mapping[Symbol, FloatArray]) -> tuple[Decimal, Decimal]:
        """Return the highest index along marks of one length and the one at their end, exactly."""
        if len(marks) == 1:
            # What is worth the most with one coin is plain from its marks alone.
            [(symbol, path)] = marks.items()
            newest = path.item(-1)
            extreme = np.maximum if self.holds[symbol] else np.minimum
            best = newest if len(path) == 1 else float(extreme.reduce(path))
            index = self.index_at({symbol: decimal(newest)})
            if best == newest:
                return index, index
            return max(index, self.index_at({symbol: decimal(best)})), index
        found = self.indices(marks)

        def exact(place: int) -> Decimal:
            return self.index_at({s: decimal(float(each[place])) for s, each in marks.items()})

        index = exact(len(found) - 1)
        highest = float(found.max())
        # What floats cannot tell apart is looked at exactly, equal marks once.
        near = np.flatnonzero(found >= highest - abs(highest) * 1e-12)
        seen: dict[tuple[float, ...], int] = {}
        for place in near.tolist():
            seen.setdefault(tuple(float(each[place]) for each in marks.values()), place)
        return max(index, *(exact(place) for place in seen.values())), index

    def first_danger(
        self,
        marks: Mapping[Symbol, FloatArray],
        *,
        day_start: float | None,
        day_limit: float,
        peak: float | None,
        fall_limit: float,
    ) -> int | None:
        """Return the first place along the marks at which a limit may be reached, None for none.

        Args:
            marks: of the coins held, of one length.
            day_start: index at the beginning of the day; None: the day's loss has no limit.
            day_limit: of the day's loss, as a fraction.
            peak: highest index so far; None: the drawdown has no limit.
            fall_limit: of the drawdown, as a fraction.
        """
        if len(marks) == 1:
            [only] = marks.values()
            if self._is_far(only, day_start, day_limit, peak, fall_limit):
                return None
        equity = self._equity(marks)
        danger = equity <= _CENTS
        for base, positions in self._pools:
            backing, needed = np.full(len(equity), base), np.zeros(len(equity))
            for symbol, quantity, rate in positions:
                worth = quantity * marks[symbol]
                backing += worth
                needed += abs(worth) * rate
            danger |= backing <= needed * (1 + _CAUTION) + _CENTS
        index = equity * self._scale
        if day_start is not None:
            danger |= index <= day_start * (1 - day_limit) * (1 + _CAUTION)
        if peak is not None:
            highest = np.maximum(np.maximum.accumulate(index), peak)
            danger |= index <= highest * (1 - fall_limit) * (1 + _CAUTION)
        at = int(danger.argmax()) if len(danger) else 0
        return at if len(danger) and danger[at] else None

    def _is_far(
        self,
        marks: FloatArray,
        day_start: float | None,
        day_limit: float,
        peak: float | None,
        fall_limit: float,
    ) -> bool:
        """Tell whether one coin at its worst and at its best mark at once would reach no limit."""
        if not len(marks):
            return True
        [quantity] = self._quantities.values()
        low, high = float(np.minimum.reduce(marks)), float(np.maximum.reduce(marks))
        worst, best = (low, high) if quantity > 0 else (high, low)
        equity = self._free + quantity * worst
        if not equity > _CENTS:
            return False
        for base, positions in self._pools:
            backing, needed = base, 0.0
            for _, held, rate in positions:
                backing += held * worst
                needed += abs(held) * high * rate
            if not backing > needed * (1 + _CAUTION) + _CENTS:
                return False
        index = equity * self._scale
        if day_start is not None and not index > day_start * (1 - day_limit) * (1 + _CAUTION):
            return False
        if peak is None:
            return True
        highest = max((self._free + quantity * best) * self._scale, peak)
        return index > highest * (1 - fall_limit) * (1 + _CAUTION)

    def _equity(self, marks: Mapping[Symbol, FloatArray]) -> FloatArray:
        first, *others = self.symbols
        equity = self._free + self._quantities[first] * marks[first]
        for symbol in others:
            equity += self._quantities[symbol] * marks[symbol]
        return equity
