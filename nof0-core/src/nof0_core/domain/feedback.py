"""What a trader is told about what it did before."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from enum import StrEnum

import attrs

from nof0_core.domain.decision import Signal
from nof0_core.ids import Symbol


class Outcome(StrEnum):
    """How a decision failed to become what it asked for."""

    REFUSED = "refused"
    CUT = "cut"
    NOT_FILLED = "not filled"
    PARTLY_FILLED = "partly filled"


@attrs.frozen(kw_only=True)
class Shortfall:
    """A decision that was refused, cut down, or whose order was not filled whole.

    `reasons` are sentences with the numbers, each led by its code (`confidence_below_minimum: …`).
    They may quote what the model wrote.
    """

    symbol: Symbol
    signal: Signal
    outcome: Outcome
    reasons: tuple[str, ...]


@attrs.frozen(kw_only=True)
class LastAnswer:
    """What became of a trader's last answer, given at `time` (UTC).

    `error` says why all of it could not be read, else it is empty. `setbacks` are in the order of
    the answer, at most `MOST_SETBACKS` of `nof0_core.state.feedback`; `left_out` counts the others.
    """

    time: datetime
    error: str = ""
    setbacks: tuple[Shortfall, ...] = ()
    left_out: int = 0


@attrs.frozen(kw_only=True)
class PastTrade:
    """A trade as its trader remembers it: all that one order closed of one position.

    `size` is in coins and positive, prices are averages in USD per coin. `fees` are those of entry
    and exit, `funding` is negative where it was paid, and `net_pnl` is after both. `reason` is that
    of `ClosedTrade`.
    """

    symbol: Symbol
    is_long: bool
    size: Decimal
    entry_price: Decimal
    exit_price: Decimal
    fees: Decimal
    funding: Decimal
    net_pnl: Decimal
    opened_at: datetime
    closed_at: datetime
    reason: str


@attrs.frozen(kw_only=True)
class Feedback:
    """What a trader remembers: its last answer (None before the first) and trades, newest first."""

    answer: LastAnswer | None = None
    trades: tuple[PastTrade, ...] = ()
