"""Coins that rest for a trader because a stop was refused or lost."""

from __future__ import annotations

from datetime import timedelta

from nof0_core.domain.event import CoinRested
from nof0_core.ids import Symbol, TraderId
from nof0_core.state.recorder import Recorder

FIRST = timedelta(minutes=5)
"""How long a coin rests the first time, engine time."""
TIMES = 3
"""How many times as long it rests each further time."""
LONGEST = timedelta(days=1)


class CoinRests:
    """Lets coins rest, longer each time until a stop is accepted again; survives a restart."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder

    def begin(self, trader: TraderId, symbol: Symbol, reason: str) -> None:
        """Let a coin rest for a trader from now on."""
        last = self._recorder.state.rest(trader, symbol)
        count = last.count + 1 if last is not None else 1
        length = min(LONGEST, FIRST * TIMES ** min(count - 1, 10))
        self._recorder.record(
            trader,
            CoinRested(
                trader=trader,
                symbol=symbol,
                until=self._recorder.clock.now() + length,
                count=count,
                reason=reason,
            ),
        )
