from __future__ import annotations

import json

import pytest

from nof0_core.answers import answer_schema, validate
from nof0_core.domain.decision import Decision, Signal
from nof0_core.domain.model import Completion
from nof0_core.errors import InvalidOutputError
from nof0_core.testing import context, decision


def said(text):
    return Completion(model="m", text=text)


def test_a_text_is_read_and_its_coins_are_named_as_the_venue_does():
    answer = validate(said('[{"signal": "close", "symbol": "btc"}]'), context())
    assert answer.decisions == (Decision(signal=Signal.CLOSE, symbol="BTC"),)


def test_typed_decisions_are_taken_and_named_whatever_the_text_says():
    typed = decision(symbol="btc")
    done = Completion(model="m", text="no JSON at all", decisions=(typed,))
    (found,) = validate(done, context()).decisions
    assert found.symbol == "BTC"
    assert found.position_size_usd == typed.position_size_usd


def test_what_cannot_be_used_is_raised_with_its_reasons():
    with pytest.raises(InvalidOutputError, match="signal must be one of"):
        validate(said('[{"signal": "panic", "symbol": "BTC"}]'), context())


def test_a_malformed_element_harms_no_other():
    text = '[{"signal": "panic", "symbol": "BTC"}, {"signal": "close", "symbol": "BTC"}]'
    answer = validate(said(text), context())
    assert [element.decision.signal for element in answer.elements[:1]] == [Signal.HOLD]
    assert [each.signal for each in answer.decisions] == [Signal.CLOSE]


@pytest.mark.parametrize("is_typed", [True, False])
def test_secrets_are_taken_out_of_all_texts(is_typed):
    text = '[{"signal": "hold", "symbol": "BTC", "reasoning": "the key is k-123"}]'
    typed = (Decision(signal=Signal.HOLD, symbol="BTC", reasoning="the key is k-123"),)
    done = Completion(model="m", text=text, decisions=typed if is_typed else None)
    answer = validate(done, context(), redact=lambda words: words.replace("k-123", "***"))
    assert [each.reasoning for each in answer.decisions] == ["the key is ***"]


def test_an_answer_that_keeps_to_the_schema_can_be_read():
    shown = answer_schema(context().symbols)
    element = shown["properties"]["decisions"]["items"]
    filled = dict.fromkeys(element["required"]) | {"signal": "hold", "symbol": "BTC"}
    assert element["properties"]["symbol"]["enum"] == list(context().symbols)
    text = json.dumps({"chain_of_thought": None, "decisions": [filled]})
    (hold,) = validate(said(text), context()).decisions
    assert (hold.signal, hold.position_size_usd) == (Signal.HOLD, None)
