"""The one place that knows how the engine is called, and what it promises by now."""

from __future__ import annotations

from collections import Counter

from nof0_core.domain.order import OrderPurpose
from nof0_core.errors import JournalError
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
    """One life of an execution engine. What it could not do is counted in `trouble`."""

    def __init__(self, engine: ExecutionEngine, state, venue_account, trouble: Counter) -> None:
        self.engine, self.state, self.venue_account = engine, state, venue_account
        self.trouble = trouble

    async def submit(self, approved, quotes):
        await self._call("submit", self.engine.submit, approved, quotes)

    async def sync(self, quotes):
        await self._call("sync", self.engine.sync, quotes)

    async def guard(self, quotes):
        await self._call("guard", self.engine.guard, quotes)

    async def close(self, trader, symbol, quotes):
        await self._call("close", self.engine.close, trader, symbol, quotes, OrderPurpose.FLATTEN)

    async def flatten(self, traders, quotes):
        await self._call("flatten", self.engine.flatten, traders, quotes)

    async def _call(self, name, function, *args):
        try:
            return await function(*args)
        except JournalError:
            raise
        except Exception as error:  # noqa: BLE001 - the manager survives these as well
            self.trouble[f"{name}: {type(error).__name__}"] += 1
