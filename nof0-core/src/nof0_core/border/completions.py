"""What an answer of a model's backend must be like, and the calls it says it has made.

Texts may hold anything: they are cleaned afterwards. What numbers mean is for the risk gate.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import cast

from nof0_core.border.records import Record, joined, parts
from nof0_core.border.values import (
    TEXT_BYTES,
    is_bool,
    number,
    optional,
    shown,
    text,
    whole,
    word,
)
from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.model import Completion, ModelCall, Usage
from nof0_core.domain.vocabulary import CallOutcome

DECISIONS = 100
"""A backend may decide so much at once; text is read no further either."""
CALLS = 1000
"""A question may take so many calls."""

_AMOUNT = optional(number())
_TOKENS = whole(least=0, most=10**12)


def percent(value: object) -> str:
    """Check a number from 0 to 100, an `int` or a `float`."""
    if type(value) not in (int, float):
        return f"is {shown(value)} ({type(value).__name__}), not a float"
    if not math.isfinite(value):  # type: ignore[arg-type]  # a number
        return f"is {value}"
    return "" if 0 <= value <= 100 else f"is {shown(value)}, not in 0…100"  # type: ignore[operator]


def letters(value: object) -> str:
    """Check a text that is cleaned before anybody writes or shows it."""
    if type(value) is not str:
        return f"is {shown(value)} ({type(value).__name__}), not a str"
    size = len(value)
    return "" if size <= TEXT_BYTES else f"has {size} letters, more than {TEXT_BYTES}"


DECISION = Record(
    Decision,
    signal=word(Signal),
    symbol=letters,
    leverage=optional(whole(least=-(10**6), most=10**6)),
    position_size_usd=_AMOUNT,
    entry_price=_AMOUNT,
    stop_loss=_AMOUNT,
    take_profit=_AMOUNT,
    risk_usd=_AMOUNT,
    confidence=optional(percent),
    invalidation_condition=letters,
    reasoning=letters,
)
"""Types alone: whether a size or a leverage is allowed, the risk gate says."""
USAGE = Record(
    Usage,
    prompt_tokens=_TOKENS,
    completion_tokens=_TOKENS,
    cached_tokens=_TOKENS,
    reasoning_tokens=_TOKENS,
    cost_usd=number(least=0),
)
COMPLETION = Record(
    Completion,
    model=text(least=1),
    text=letters,
    decisions=optional(parts(DECISION, most=DECISIONS)),
    chain_of_thought=letters,
    usage=USAGE,
    attempts=whole(least=1, most=1000),
)
CALL = Record(
    ModelCall,
    model=letters,
    outcome=word(CallOutcome),
    detail=letters,
    usage=USAGE,
    is_estimate=is_bool,
)


def wrong_answer(answer: object) -> str:
    """Say what is wrong with what a backend has returned, "" where nothing is."""
    wrong = COMPLETION(answer)
    return f"the backend's answer: {joined('completion', wrong)}" if wrong else ""


def sorted_calls(noted: Iterable[object]) -> tuple[list[ModelCall], str]:
    """Return the calls among what backends have noted, and what is wrong with the first other.

    The sentence is "" where nothing is wrong.
    """
    good: list[ModelCall] = []
    first = ""
    for place, call in enumerate(noted):
        if place >= CALLS:
            return good, first or f"the backend's calls: there are more than {CALLS}"
        wrong = CALL(call)
        if not wrong:
            good.append(cast("ModelCall", call))
        elif not first:
            first = f"the backend's calls: {joined('call', wrong)}"
    return good, first
