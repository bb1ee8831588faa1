"""The last few trades of a trader, summed up once each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import localcontext
from itertools import chain

import attrs

from nof0_core.domain.feedback import PastTrade
from nof0_core.domain.trade import ClosedTrade
from nof0_core.ids import Symbol
from nof0_core.ledger.arithmetic import PRICE_STEP, quotient
from nof0_core.money import EXACT, ZERO

MOST_TRADES = 5

_Key = tuple[Symbol, str, str]
"""Coin, its entry and the order that closed it: fills of one closing order are one trade."""
_Parts = tuple[ClosedTrade, ...]


@attrs.frozen
class RecentTrades:
    """What is told of the end of a growing list of trades.

    `count` is how many there were, `seen` those that were looked at, newest first: as many as tell
    where the trades end that are told. `whole` has what was summed up, newest first, each with its
    parts.
    """

    count: int = 0
    seen: _Parts = ()
    whole: Mapping[_Key, tuple[_Parts, PastTrade]] = attrs.field(factory=dict)

    @property
    def told(self) -> tuple[PastTrade, ...]:
        """Return the last few trades, newest first."""
        return tuple([trade for _, trade in self.whole.values()])

    def grown(self, trades: Sequence[ClosedTrade]) -> RecentTrades:
        """Return what it is of a list that has become longer; costs what is new, as a rule.

        Args:
            trades: all of one trader, in the order they closed; they only ever become more.
        """
        newest = map(trades.__getitem__, range(len(trades) - 1, self.count - 1, -1))
        groups: dict[_Key, list[ClosedTrade]] = {}
        seen: list[ClosedTrade] = []
        for trade in chain(newest, self.seen):
            seen.append(trade)
            key = (trade.symbol, trade.entry.trade_id, trade.exit.venue_order_id)
            if key not in groups and len(groups) == MOST_TRADES:
                break
            groups.setdefault(key, []).append(trade)
        else:
            if len(seen) < len(trades):
                # A trade that was told had ended goes on: what is before it counts again.
                return NO_TRADES.grown(trades)
        whole: dict[_Key, tuple[_Parts, PastTrade]] = {}
        with localcontext(EXACT):
            for key, listed in groups.items():
                parts, was = tuple(listed), self.whole.get(key)
                whole[key] = was if was and was[0] == parts else (parts, _whole(parts))
        return RecentTrades(len(trades), tuple(seen), whole)


NO_TRADES = RecentTrades()
"""Those of a trader that has closed nothing yet."""


def _whole(parts: Sequence[ClosedTrade]) -> PastTrade:
    """Sum up the parts of one trade, newest first."""
    last = parts[0]
    size = sum([abs(part.quantity) for part in parts], ZERO)
    brought = sum([abs(part.quantity) * part.exit.price for part in parts], ZERO)
    return PastTrade(
        symbol=last.symbol,
        is_long=last.is_long,
        size=size,
        entry_price=last.entry.price,
        exit_price=quotient(brought, size, PRICE_STEP),
        fees=sum([part.fees for part in parts], ZERO),
        funding=sum([part.funding for part in parts], ZERO),
        net_pnl=sum([part.net_pnl for part in parts], ZERO),
        opened_at=last.entry.time,
        closed_at=last.exit.time,
        reason=last.reason,
    )
