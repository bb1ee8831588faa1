"""What traders did over time: curve, trades and cycles."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import attrs

from nof0_core.domain.account import AccountState
from nof0_core.domain.event import CycleEnded
from nof0_core.domain.trade import ClosedTrade
from nof0_core.domain.view import EquityPoint


@attrs.define(kw_only=True, eq=False)
class Activity:
    """One trader's history.

    `home` is the section of its account, None while it has none. `started_at` and `initial_capital`
    are those of the first transfer.
    """

    home: str | None = None
    started_at: datetime | None = None
    initial_capital: Decimal | None = None
    trades: list[ClosedTrade] = attrs.field(factory=list)
    curve: list[EquityPoint] = attrs.field(factory=list)
    cycles: int = 0
    last_cycle: datetime | None = None
    last_status: str = ""

    def start(self, time: datetime, amount: Decimal) -> None:
        """Take the first transfer for the beginning; later ones change nothing."""
        if self.started_at is None:
            self.started_at = time
            self.initial_capital = amount

    def mark(self, state: AccountState) -> None:
        """Add a point to the curve; the same hour told again replaces what was there."""
        point = EquityPoint(time=state.time, equity=state.equity, deposited=state.deposited)
        if self.curve and state.time <= self.curve[-1].time:
            if state.time == self.curve[-1].time:
                self.curve[-1] = point
            return
        self.curve.append(point)

    def end_cycle(self, record: CycleEnded) -> None:
        """Count a cycle."""
        self.cycles += 1
        if self.last_cycle is None or record.scheduled >= self.last_cycle:
            self.last_cycle = record.scheduled
            self.last_status = record.status
