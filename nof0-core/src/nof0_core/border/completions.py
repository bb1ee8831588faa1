"""What an answer of a model's backend must be like, and the calls it says it has made.

Texts may hold anything: they are cleaned afterwards. What numbers mean is for the risk gate.
"""

from __future__ import annotations

import math

from nof0_core.border.records import Record, joined, rows
from nof0_core.border.values import (
    is_bool,
    number,
    optional,
    shown,
    whole,
    word,
)
from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.model import Completion, ModelCall, Usage
from nof0_core.domain.vocabulary import CallOutcome

DECISIONS = 1000
"""An answer has no more."""
_MOST = 10**15
_COUNT = whole(least=0, most=_MOST)
_AMOUNT = optional(number())


def _words(value: object) -> str:
    # Of any length: a long answer is refused where it is read, and its record shortened.
    return "" if type(value) is str else f"is {shown(value)} ({type(value).__name__}), not a str"


def _finite(value: object) -> str:
    # A whole number of per cent is as good as a broken one.
    if type(value) not in (float, int):
        return f"is {shown(value)} ({type(value).__name__}), not a float"
    return "" if math.isfinite(value) else f"is {value}"  # type: ignore[arg-type]  # a number


USAGE = Record(
    Usage,
    prompt_tokens=_COUNT,
    completion_tokens=_COUNT,
    cached_tokens=_COUNT,
    reasoning_tokens=_COUNT,
    cost_usd=number(least=0),
)
CALL = Record(
    ModelCall,
    model=_words,
    outcome=word(CallOutcome),
    detail=_words,
    usage=USAGE,
    is_estimate=is_bool,
)
DECISION = Record(
    Decision,
    signal=word(Signal),
    symbol=_words,
    leverage=optional(whole(least=-_MOST, most=_MOST)),
    position_size_usd=_AMOUNT,
    entry_price=_AMOUNT,
    stop_loss=_AMOUNT,
    take_profit=_AMOUNT,
    risk_usd=_AMOUNT,
    confidence=optional(_finite),
    invalidation_condition=_words,
    reasoning=_words,
)
COMPLETION = Record(
    Completion,
    model=_words,
    text=_words,
    decisions=optional(rows(DECISION, most=DECISIONS)),
    chain_of_thought=_words,
    usage=USAGE,
    attempts=whole(least=0, most=_MOST),
)


def wrong_answer(answer: object) -> str:
    """Say what is wrong with what a backend has returned, "" where nothing is."""
    wrong = COMPLETION(answer)
    return f"the backend's answer: {joined('completion', wrong)}" if wrong else ""


def wrong_call(call: object) -> str:
    """Say what is wrong with a call a backend has noted, "" where nothing is."""
    wrong = CALL(call)
    return f"the backend's calls: {joined('call', wrong)}" if wrong else ""
