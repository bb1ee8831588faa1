from __future__ import annotations

from datetime import timedelta

import attrs
import pytest

from nof0_core.domain.model import ModelCall
from nof0_core.domain.quality import AnswerCount
from nof0_core.domain.vocabulary import CallOutcome, CycleStatus
from nof0_core.state.answer_count import counted

NEITHER, USABLE, UNUSABLE = (0, 0), (1, 1), (1, 0)


@pytest.fixture
def cycle(script):
    script.transfer("ann", "1000")

    def make(status, **more):
        return script.ended(script.account("ann"), status=status, **more)

    return make


def of(record):
    found = counted(record)
    return found.asked, found.usable


ENDINGS = {
    "ok": USABLE,
    "no_data": NEITHER,
    "stale_data": NEITHER,
    "unreadable_equity": NEITHER,
    "model_timeout": UNUSABLE,
    "model_error": UNUSABLE,
    "invalid_output": UNUSABLE,
    "budget_exceeded": NEITHER,
    "interrupted": NEITHER,
    "replay_miss": NEITHER,
    "provider_error": NEITHER,
    "internal_error": NEITHER,
}


def test_every_ending_of_a_cycle_counts_in_a_known_way(cycle):
    assert {status.value: of(cycle(status)) for status in CycleStatus} == ENDINGS


@pytest.mark.parametrize("status", ["interrupted", "provider_error", "internal_error"])
def test_an_answer_that_led_to_orders_was_usable_however_they_ended(cycle, status):
    assert of(cycle(status, decided=7)) == USABLE


def test_a_budget_spent_between_two_calls_leaves_a_model_that_was_asked(cycle):
    unsent = ModelCall(model="m", outcome=CallOutcome.BUDGET)
    refused = ModelCall(model="m", outcome=CallOutcome.REFUSED)
    assert of(cycle("budget_exceeded", calls=(unsent,))) == NEITHER
    assert of(cycle("budget_exceeded", calls=(refused, unsent))) == UNUSABLE


def test_a_stop_during_the_question_counts_as_neither(cycle):
    cut_off = ModelCall(model="m", outcome=CallOutcome.UNKNOWN)
    assert of(cycle("interrupted", calls=(cut_off,))) == NEITHER


def test_counts_and_the_newest_trouble_are_kept_per_trader(script, cycle):
    assert (script.ledger.standing("ann").answers, script.ledger.standing("ann").trouble) == (
        AnswerCount(),
        "",
    )
    for status, error in (("ok", ""), ("stale_data", "old"), ("model_error", "refused " * 90)):
        script.tell(cycle(status, error=error))
    assert script.ledger.standing("ann").answers == AnswerCount(asked=2, usable=1)
    assert script.ledger.standing("ann").trouble.startswith("model_error: refused refused")
    assert len(script.ledger.standing("ann").trouble) == 300
    late = cycle("budget_exceeded")
    script.tell(late)
    assert script.ledger.standing("ann").trouble == "budget_exceeded"
    # A cycle that was due earlier says nothing of how it is now.
    script.tell(attrs.evolve(late, scheduled=late.scheduled - timedelta(hours=1)))
    script.tell(cycle("ok", error="the venue took no order"))
    assert script.ledger.standing("ann").trouble == ""
    assert script.ledger.standing("bob").answers == AnswerCount()
