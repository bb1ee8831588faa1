"""What all traders did over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import ClassVar

import msgspec

from nof0_core.analysis.performance import KeptPerformance, PerformanceTracker
from nof0_core.domain.account import AccountState
from nof0_core.domain.body import Body
from nof0_core.domain.context import Performance
from nof0_core.domain.event import (
    CycleEnded,
    CyclesHeld,
    Event,
    HourMarked,
    HoursMarked,
    Transferred,
)
from nof0_core.domain.trade import ClosedTrade
from nof0_core.domain.view import EquityPoint
from nof0_core.ids import TraderId, is_shared
from nof0_core.state.changes import Change, together
from nof0_core.state.history import NOTHING_YET, Standing, TraderHistory
from nof0_core.state.projection import Handler


class _Dump(msgspec.Struct):
    standing: Standing
    trades: tuple[bytes, bytes]
    curve: tuple[bytes, bytes]
    sums: KeptPerformance


class Histories:
    """The history of each trader; closed trades are handed over by the ledger."""

    name: ClassVar[str] = "histories"
    version: ClassVar[int] = 2

    def __init__(self) -> None:
        self._histories: dict[TraderId, TraderHistory] = {}

    @property
    def handlers(self) -> Mapping[type[Body], Handler]:
        """Return the handlers by kind of event."""
        return {
            Transferred: self._transferred,
            HourMarked: self._hour_marked,
            HoursMarked: self._hours_marked,
            CycleEnded: self._cycle_ended,
            CyclesHeld: self._cycles_held,
        }

    def trades(self, trader: TraderId) -> Sequence[ClosedTrade]:
        """Return a trader's closed trades in the order they closed."""
        found = self._histories.get(trader)
        return found.trades.read() if found else ()

    def curve(self, trader: TraderId) -> Sequence[EquityPoint]:
        """Return a trader's hourly equity, oldest first."""
        found = self._histories.get(trader)
        return found.curve.read() if found else ()

    def standing(self, trader: TraderId) -> Standing:
        """Return where a trader stands, also one that has not begun."""
        found = self._histories.get(trader)
        return found.standing if found else NOTHING_YET

    def performance(self, trader: TraderId, account: AccountState) -> Performance:
        """Return a trader's statistics so far, with its account as it is now."""
        found = self.of(trader)
        return found.sums.performance(account, found.standing.cycles)

    def of(self, trader: TraderId) -> TraderHistory:
        """Return a trader's history; a new one is none of ours before it is kept."""
        return self._histories.get(trader) or TraderHistory(trader)

    def closed(self, trade: ClosedTrade) -> Change:
        """Return how to take over a trade that the ledger has found closed."""
        history = self.of(trade.trader)
        return self._kept(history, trade.trader, history.trade(trade))

    def dump(self) -> bytes:
        """Return all histories, as MessagePack."""
        return msgspec.msgpack.encode(
            {
                trader: _Dump(
                    each.standing, each.trades.dump(), each.curve.dump(), each.sums.keep()
                )
                for trader, each in self._histories.items()
            }
        )

    def load(self, data: bytes) -> None:
        """Take over what `dump` has returned."""
        found = msgspec.msgpack.decode(data, type=dict[TraderId, _Dump])
        for trader, dump in found.items():
            history = self._histories[trader] = TraderHistory(trader)
            history.standing = dump.standing
            history.trades.load(*dump.trades)
            history.curve.load(*dump.curve)
            history.sums = PerformanceTracker.of(dump.sums)

    def _kept(self, history: TraderHistory, trader: TraderId, change: Change) -> Change:
        def keep() -> None:
            self._histories.setdefault(trader, history)
            change()

        return keep

    def _transferred(self, event: Event, body: Transferred) -> Change:
        changes = [
            self._kept(history, trader, partial(history.start, event.time, amount))
            for trader, amount in body.amounts.items()
            if not is_shared(trader)
            for history in [self.of(trader)]
        ]
        return together(changes)

    def _hour_marked(self, event: Event, body: HourMarked) -> Change:  # noqa: ARG002 - a handler
        changes = [
            self._kept(history, state.trader, history.point(state))
            for state in body.accounts
            if not is_shared(state.trader)
            for history in [self.of(state.trader)]
        ]
        return together(changes)

    def _hours_marked(self, event: Event, body: HoursMarked) -> Change:  # noqa: ARG002 - a handler
        changes = [
            self._kept(history, state.trader, history.still(state, body.count))
            for state in body.accounts
            if not is_shared(state.trader)
            for history in [self.of(state.trader)]
        ]
        return together(changes)

    def _cycle_ended(self, event: Event, body: CycleEnded) -> Change:  # noqa: ARG002 - a handler
        history = self.of(body.trader)
        return self._kept(history, body.trader, partial(history.end_cycle, body))

    def _cycles_held(self, event: Event, body: CyclesHeld) -> Change:  # noqa: ARG002 - a handler
        history = self.of(body.trader)
        return self._kept(history, body.trader, partial(history.hold, body))
