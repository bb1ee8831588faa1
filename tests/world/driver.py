"""The one place that knows how the engine is called, and what it promises by now."""

from __future__ import annotations

from nof0_core.domain.order import OrderPurpose
from nof0_core.execution.engine import ExecutionEngine

CHECKS = frozenset({"agrees", "twice", "resent", "halted", "growth", "protected", "aged"})
"""The invariants that are held against the engine.

agrees: 3 minutes after the last fault ledger and venue agree to the last digit. twice: no order
executes more than its size. resent: no order is sent twice. halted: no entry leaves while halted.
growth: the net position grows only by entries, and by closes against another trader's opposite
position. protected: no position is longer without stop, close or reason than its deadline. aged: no
entry leaves on data older than allowed.
"""


class Driver:
    """One life of an execution engine, which raises nothing whatever the venue does."""

    def __init__(self, engine: ExecutionEngine, state, venue_account) -> None:
        self.engine, self.state, self.venue_account = engine, state, venue_account

    async def submit(self, approved, quotes):
        await self.engine.submit(approved, quotes)

    async def sync(self, quotes):
        await self.engine.sync(quotes)

    async def guard(self, quotes):
        await self.engine.guard(quotes)

    async def close(self, trader, symbol, quotes):
        await self.engine.close(trader, symbol, quotes, OrderPurpose.FLATTEN)

    async def flatten(self, traders, quotes):
        await self.engine.flatten(traders, quotes)
