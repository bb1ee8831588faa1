"""What a model wants, and what is said about it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

import attrs

from nof0_core.ids import Symbol


class Signal(StrEnum):
    """What to do with a symbol."""

    BUY_TO_ENTER = "buy_to_enter"
    SELL_TO_ENTER = "sell_to_enter"
    HOLD = "hold"
    CLOSE = "close"

    @property
    def is_entry(self) -> bool:
        """Return whether the signal opens a position."""
        return self is _BUY or self is _SELL


# A look-up of a member in its class costs more than all else of the question, which is asked often.
_BUY, _SELL = Signal.BUY_TO_ENTER, Signal.SELL_TO_ENTER


@attrs.frozen(kw_only=True)
class Decision:
    """One element of a model's answer, already of the right types but not yet judged.

    `position_size_usd` is the notional wanted in USD, leverage included (margin = size /
    leverage). Prices are in USD per coin. `confidence` is 0–100. Entries need all numbers but
    `take_profit` (where the trader has targets switched off); hold and close need none.
    """

    signal: Signal
    symbol: Symbol
    leverage: int | None = None
    position_size_usd: Decimal | None = None
    entry_price: Decimal | None = None
    stop_loss: Decimal | None = None
    take_profit: Decimal | None = None
    risk_usd: Decimal | None = None
    confidence: float | None = None
    invalidation_condition: str = ""
    reasoning: str = ""


class VerdictKind(StrEnum):
    """What a risk check says."""

    ALLOW = "allow"
    SHRINK = "shrink"
    VETO = "veto"


@attrs.frozen(kw_only=True)
class Verdict:
    """The word of one risk check on one decision.

    `check` is the `type` of the check. `code` is a short stable word for machines
    (`confidence_below_minimum`), `message` a sentence with the numbers. A shrink names in
    `size_usd` the largest notional the check would allow, in `leverage` the highest leverage, or
    both. `numbers` has the figures compared.
    """

    kind: VerdictKind
    check: str = ""
    code: str = ""
    message: str = ""
    size_usd: Decimal | None = None
    leverage: int | None = None
    numbers: Mapping[str, Decimal] = attrs.field(factory=dict)


ALLOW = Verdict(kind=VerdictKind.ALLOW)
CHECK_FAILED = "check_failed"
"""The code of the veto that stands for a check that raised or gave no usable verdict."""


@attrs.frozen(kw_only=True)
class Judgement:
    """All that was said about one decision; what the journal keeps.

    For an approved entry `size_usd`, `leverage`, `risk_usd` and `reward_risk` are the engine's own
    numbers, computed from the mark with fees and slippage. `verdicts` holds every check that did
    not simply allow.
    """

    decision: Decision
    is_approved: bool
    verdicts: tuple[Verdict, ...] = ()
    size_usd: Decimal | None = None
    leverage: int | None = None
    risk_usd: Decimal | None = None
    reward_risk: Decimal | None = None
