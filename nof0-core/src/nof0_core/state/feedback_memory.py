"""What each trader will be told of its past with the next question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import msgspec

from nof0_core.domain.body import Body
from nof0_core.domain.event import CycleEnded, Event
from nof0_core.domain.feedback import Feedback, LastAnswer
from nof0_core.ids import TraderId
from nof0_core.state.changes import Change, unchanged
from nof0_core.state.feedback import answer_in
from nof0_core.state.histories import Histories
from nof0_core.state.projection import Handler
from nof0_core.state.recent_trades import NO_TRADES, RecentTrades


class FeedbackMemory:
    """What became of each trader's last answer, and its last trades."""

    name: ClassVar[str] = "feedback"
    version: ClassVar[int] = 1

    def __init__(self, histories: Histories) -> None:
        self._histories = histories
        self._answers: dict[TraderId, LastAnswer] = {}
        self._trades: dict[TraderId, RecentTrades] = {}

    @property
    def handlers(self) -> Mapping[type[Body], Handler]:
        """Return the handlers by kind of event."""
        return {CycleEnded: self._cycle_ended}

    def of(self, trader: TraderId) -> Feedback:
        """Return what a trader is told; every cycle asks, so trades are summed up once."""
        trades = self._histories.trades(trader)
        known = self._trades.get(trader, NO_TRADES)
        if known.count != len(trades):
            known = self._trades[trader] = known.grown(trades)
        return Feedback(answer=self._answers.get(trader), trades=known.told)

    def dump(self) -> bytes:
        """Return the last answers; trades are in the histories."""
        return msgspec.json.encode(self._answers)

    def load(self, data: bytes) -> None:
        """Take over what `dump` has returned."""
        self._answers = msgspec.json.decode(data, type=dict[TraderId, LastAnswer])
        self._trades = {}

    def _cycle_ended(self, event: Event, body: CycleEnded) -> Change:
        answer = answer_in(body, event.time)
        if answer is None:
            return unchanged

        def change() -> None:
            self._answers[body.trader] = answer

        return change
