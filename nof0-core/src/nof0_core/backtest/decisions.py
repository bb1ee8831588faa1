"""What traders did and why, as far as a page has room for it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

import attrs

from nof0_core.domain.cycle_event import CycleEnded
from nof0_core.domain.decision import Judgement, Signal
from nof0_core.domain.event import Event
from nof0_core.ids import Symbol, TraderId

MOST = 60
"""So many of a trader are kept, the newest."""
_LONGEST = 600


@attrs.frozen(kw_only=True)
class DecisionNote:
    """One decision that was more than to hold: at `time` (UTC), on `symbol`.

    `verdict` is empty where it was approved as it was, else what the risk checks said. `reasoning`
    is the model's own, cut after 600 characters. `size_usd` is the notional that was approved.
    """

    time: datetime
    symbol: Symbol
    signal: Signal
    size_usd: Decimal | None
    confidence: float | None
    is_approved: bool
    verdict: str
    reasoning: str


class DecisionLog:
    """Listens to a run: of each trader how many decisions there were, and the newest of them."""

    def __init__(self) -> None:
        self.counts: dict[TraderId, int] = {}
        self._kept: dict[TraderId, deque[tuple[datetime, Judgement]]] = {}

    def notice(self, event: Event) -> None:
        """Take in one event."""
        body = event.body
        if not isinstance(body, CycleEnded):
            return
        for judgement in body.judgements:
            if judgement.decision.signal is not Signal.HOLD:
                self.counts[body.trader] = self.counts.get(body.trader, 0) + 1
                kept = self._kept.setdefault(body.trader, deque(maxlen=MOST))
                kept.append((event.time, judgement))

    def newest(self, trader: TraderId) -> Iterator[DecisionNote]:
        """Yield what is kept of a trader, newest first."""
        for time, judgement in reversed(self._kept.get(trader, ())):
            yield _note(time, judgement)


def _note(time: datetime, judgement: Judgement) -> DecisionNote:
    decision = judgement.decision
    reasoning = decision.reasoning
    if len(reasoning) > _LONGEST:
        reasoning = f"{reasoning[:_LONGEST]} …"
    return DecisionNote(
        time=time,
        symbol=decision.symbol,
        signal=decision.signal,
        size_usd=judgement.size_usd,
        confidence=decision.confidence,
        is_approved=judgement.is_approved,
        verdict="; ".join(one.message for one in judgement.verdicts if one.message),
        reasoning=reasoning,
    )
