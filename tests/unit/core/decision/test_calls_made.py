"""What is recorded of a log of calls: the calls that can be, without secrets, and their sum."""

from __future__ import annotations

from decimal import Decimal

import attrs
import pytest

from nof0_core.border.completions import CALLS
from nof0_core.decision.calls_made import read_calls
from nof0_core.domain.model import Completion, ModelCall, Usage
from nof0_core.domain.vocabulary import CallOutcome
from nof0_core.protocols.llm import CallLog
from nof0_core.redaction import MARK, Redactor

KEY = "a-key-that-nobody-may-read"
USAGE = Usage(prompt_tokens=10, completion_tokens=2, cost_usd=Decimal("0.01"))
CALL = ModelCall(model="m", outcome=CallOutcome.ANSWERED, usage=USAGE)


def read(*calls):
    log = CallLog()
    for call in calls:
        log.add(call)
    return read_calls(log, Redactor([KEY]).text)


def test_calls_are_recorded_in_order_and_without_secrets():
    refused = ModelCall(model="n", outcome=CallOutcome.REFUSED, detail=f"bad key {KEY} \ud800")
    made = read(refused, CALL)
    assert made.calls == (attrs.evolve(refused, detail=f"bad key {MARK} ?"), CALL)
    assert made.wrong == ""


@pytest.mark.parametrize(
    "junk",
    [
        None,
        CallLog(),
        [CALL],
        attrs.evolve(CALL, model=None),
        attrs.evolve(CALL, outcome="paid"),
        attrs.evolve(CALL, usage=Usage(prompt_tokens=-1)),
        attrs.evolve(CALL, usage=Usage(cost_usd=Decimal("NaN"))),
        attrs.evolve(CALL, is_estimate=1),
    ],
)
def test_what_is_no_call_is_told_and_left_out_alone(junk):
    made = read(CALL, junk, CALL)
    assert made.calls == (CALL, CALL)
    assert made.wrong.startswith("the backend's calls: ")
    assert made.usage(None) == USAGE + USAGE


def test_an_endless_log_is_told_and_read_no_further():
    assert read(*[CALL] * CALLS).wrong == ""
    made = read(*[CALL] * (CALLS + 1))
    assert len(made.calls) == CALLS
    assert f"more than {CALLS}" in made.wrong


def test_usage_is_the_sum_of_the_calls_whatever_the_answer_says_of_itself():
    said = Completion(model="m", usage=Usage(prompt_tokens=999))
    assert read(CALL, CALL).usage(said) == USAGE + USAGE
    assert read().usage(None) == Usage()


def test_where_no_call_was_noted_usage_is_what_the_answer_says():
    assert read().usage(Completion(model="m", usage=USAGE)) == USAGE
