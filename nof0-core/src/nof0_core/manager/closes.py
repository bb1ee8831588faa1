"""When each coin was closed last."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import attrs

from nof0_core.domain.trade import ClosedTrade
from nof0_core.ids import Symbol, TraderId


@attrs.define(kw_only=True, eq=False)
class _Seen:
    """How many trades were looked at, and the latest close among them by coin (UTC)."""

    count: int = 0
    latest: dict[Symbol, datetime] = attrs.field(factory=dict)


class LastCloses:
    """Keeps the latest close of each trader's coins.

    Trades come in the order of booking, which need not be that of closing: one may be booked days
    after it happened. So all of them count, and each is looked at once.
    """

    def __init__(self) -> None:
        self._seen: dict[TraderId, _Seen] = {}

    def of(self, trader: TraderId, trades: Sequence[ClosedTrade]) -> Mapping[Symbol, datetime]:
        """Return the times (UTC) by coin; costs what is new since the last call.

        Args:
            trader: whose trades they are.
            trades: all of them, in the order of booking; they only ever become more.
        """
        seen = self._seen.setdefault(trader, _Seen())
        for trade in trades[seen.count :]:
            known = seen.latest.get(trade.symbol, trade.exit.time)
            seen.latest[trade.symbol] = max(known, trade.exit.time)
        seen.count = len(trades)
        return seen.latest
