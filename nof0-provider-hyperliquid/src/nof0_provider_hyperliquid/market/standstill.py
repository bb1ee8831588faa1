"""Prices that have stopped moving although the venue goes on answering."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal

import attrs

from nof0_core.ids import Symbol
from nof0_provider_hyperliquid.wire.contexts import Context

STILL = timedelta(minutes=1)
"""So long all prices, or one mark beside its moving oracle, may stand still."""
MOVED = Decimal("0.005")
"""By so much of its price the oracle has moved if the mark should have, too."""


@attrs.define
class _Mark:
    mark: Decimal
    oracle: Decimal
    since: datetime


class Standstill:
    """Tells of when prices are: the venue does not put a time to them.

    A good answer is of the moment it was asked for. Where not a single value of any coin has
    changed for longer than `STILL`, prices are of the moment they were first seen; so is a mark
    that has not moved for that long while its oracle has, by more than `MOVED`.
    """

    def __init__(self) -> None:
        self._seen: dict[Symbol, tuple[Context, datetime]] = {}
        self._marks: dict[Symbol, _Mark] = {}

    def look(self, contexts: Mapping[Symbol, Context], asked: datetime) -> dict[Symbol, datetime]:
        """Take in an answer to a request of `asked`; return the time of each coin's prices.

        An answer may have some of the coins: a change of any coin shows that the venue moves.
        """
        for symbol, context in contexts.items():
            known = self._seen.get(symbol)
            if known is None or known[0] != context or asked < known[1]:
                self._seen[symbol] = (context, asked)
        changed = max((since for _, since in self._seen.values()), default=asked)
        all_of = changed if asked - changed > STILL else asked
        return {
            symbol: min(all_of, self._mark(symbol, context, asked))
            for symbol, context in contexts.items()
        }

    def _mark(self, symbol: Symbol, context: Context, asked: datetime) -> datetime:
        known = self._marks.get(symbol)
        if known is None or known.mark != context.mark or asked < known.since:
            self._marks[symbol] = _Mark(mark=context.mark, oracle=context.oracle, since=asked)
            return asked
        has_moved = abs(context.oracle - known.oracle) > MOVED * known.oracle
        return known.since if has_moved and asked - known.since > STILL else asked
