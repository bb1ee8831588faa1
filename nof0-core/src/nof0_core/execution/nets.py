"""What the ledger expects the venue to hold net, and what the venue said."""

from __future__ import annotations

import math
from decimal import Decimal

import anyio

from nof0_core.domain.account import AccountReport
from nof0_core.execution.flights import Seen
from nof0_core.ids import Symbol, TraderId
from nof0_core.money import ZERO
from nof0_core.state.engine_state import EngineState

FRESH_FOR = 5.0
"""How old (real seconds) a report may be that lets an order go beyond the net position."""


class Nets:
    """Net positions of one venue account; answered executions that are not booked yet count."""

    def __init__(self, *, venue_account: str, state: EngineState) -> None:
        self._venue_account = venue_account
        self._state = state
        self._asked_at = -math.inf
        self._told: dict[Symbol, Decimal] = {}

    def see(self, seen: Seen[AccountReport]) -> None:
        """Take over the positions of a report."""
        if seen.asked_at >= self._asked_at:
            self._asked_at = seen.asked_at
            self._told = {p.symbol: p.quantity for p in seen.answer.positions}

    def holders(self, symbol: Symbol) -> dict[TraderId, Decimal]:
        """Return the signed quantity in coins of everybody who holds a coin."""
        held = self._state.held(self._venue_account)
        return {p.trader: p.quantity for p in held if p.symbol == symbol}

    def expected(self, symbol: Symbol) -> Decimal:
        """Return the net position in coins that the venue should have."""
        return sum(self.holders(symbol).values(), ZERO)

    def told(self, symbol: Symbol) -> Decimal | None:
        """Return the net position in coins the venue has told just now, None if it has not."""
        if anyio.current_time() - self._asked_at >= FRESH_FOR:
            return None
        return self._told.get(symbol, ZERO)

    def doubt(self, symbol: Symbol) -> str:
        """Say why the net position of a coin is not known for sure; empty if it is."""
        told, expected = self.told(symbol), self.expected(symbol)
        if told is None:
            return "there is no fresh report of the venue's net position"
        if told != expected:
            return f"the venue has {told} {symbol} net, the ledger {expected}"
        return ""
