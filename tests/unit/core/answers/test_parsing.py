"""Reading answers: lenient in form, strict about money."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof0_core.answers.parsing import parse
from nof0_core.domain.decision import Decision, Judgement, Signal
from nof0_core.errors import InvalidOutputError

ENTRY = {
    "signal": "buy_to_enter",
    "symbol": "BTC",
    "leverage": 5,
    "position_size_usd": 1000.5,
    "entry_price": 100000,
    "stop_loss": 98000,
    "take_profit": 106000,
    "risk_usd": 20,
    "confidence": 80,
    "invalidation_condition": "3m close below 98500",
    "reasoning": "trend is up",
}
HOLD = {"signal": "hold", "symbol": "ETH"}
CLOSE = {"signal": "close", "symbol": "SOL"}


def entry(**changes):
    return json.dumps([ENTRY | changes])


def reasons(text):
    with pytest.raises(InvalidOutputError) as caught:
        parse(text)
    assert caught.value.output == text
    return caught.value.reasons


def test_all_fields_of_an_entry_are_read_exactly():
    (decision,) = parse(entry()).decisions

    assert decision == Decision(
        signal=Signal.BUY_TO_ENTER,
        symbol="BTC",
        leverage=5,
        position_size_usd=Decimal("1000.5"),
        entry_price=Decimal(100_000),
        stop_loss=Decimal(98_000),
        take_profit=Decimal(106_000),
        risk_usd=Decimal(20),
        confidence=80.0,
        invalidation_condition="3m close below 98500",
        reasoning="trend is up",
    )


def test_a_price_keeps_every_digit():
    (decision,) = parse(entry(entry_price=1).replace(": 1,", ": 0.12345678901234567,")).decisions

    assert decision.entry_price == Decimal("0.12345678901234567")


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(json.dumps([CLOSE]), id="list"),
        pytest.param(json.dumps(CLOSE), id="single object"),
        pytest.param(json.dumps({"decisions": [CLOSE]}), id="wrapped list"),
        pytest.param(json.dumps({"decisions": CLOSE}), id="wrapped object"),
        pytest.param(f"```json\n{json.dumps([CLOSE], indent=2)}\n```", id="fenced"),
        pytest.param(f"My view [1]: sell. Set {{x}}.\n{json.dumps([CLOSE])}\n", id="prose"),
        pytest.param(f"<answer>\n{json.dumps([CLOSE])}\n</answer><|eot_id|>", id="marks"),
        pytest.param(f"RSI was [31.2, 30.8, 29.9].\n{json.dumps([CLOSE])}", id="after numbers"),
        pytest.param(f"<think>or {entry()}?</think>{json.dumps([CLOSE])}", id="after thinking"),
        pytest.param(f"{json.dumps([CLOSE])}\nSo: {json.dumps([CLOSE])}", id="said twice"),
        pytest.param(f"indicators: [] {json.dumps([CLOSE])}", id="beside an empty list"),
        pytest.param('[{"signal": " CLOSE ", "symbol": " SOL "}]', id="case and spaces"),
    ],
)
def test_forms_that_mean_the_same_are_read_the_same(text):
    (decision,) = parse(text).decisions

    assert (decision.signal, decision.symbol) == (Signal.CLOSE, "SOL")


@pytest.mark.parametrize("place", [0, 50, 150])
def test_of_too_long_an_answer_closes_are_read_and_nothing_else(place):
    listed = [HOLD] * 100 + [json.loads(entry())[0]] * 50
    listed.insert(place, CLOSE)
    listed += [CLOSE, {"signal": "close"}]

    *closes, refused = parse(json.dumps(listed)).elements

    assert [(e.signal, e.symbol) for e in closes] == [(Signal.CLOSE, "SOL")]
    assert not refused.is_approved
    assert refused.verdicts[0].message == (
        "153 decisions, at most 100 are read; of these, closes alone"
    )


@pytest.mark.parametrize("text", ["[]", '{"decisions": []}', "```json\n[]\n```"])
def test_an_empty_list_is_an_answer_that_does_nothing(text):
    assert parse(text).elements == ()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("", "no JSON found", id="nothing"),
        pytest.param("I would rather wait.", "no JSON found", id="prose alone"),
        pytest.param("[41.2, 43.5, 47.1]", "no decision found", id="a list of numbers"),
        pytest.param('{"rsi14": [41.2, 43.5]}', "no decision found", id="an indicator"),
        pytest.param('[{"action": "buy"}]', "no decision found", id="another contract"),
        pytest.param('{"decisions": [1, 2]}', "must be an object", id="numbers as decisions"),
        pytest.param('{"decisions": null}', "must be an object", id="null as decisions"),
        pytest.param(entry()[:-20], "damaged JSON", id="cut off"),
        pytest.param(f"[{json.dumps(CLOSE)}, {entry()[1:60]}", "damaged JSON", id="cut in second"),
        pytest.param(f"{json.dumps([CLOSE])} or {entry()}", "2 different answers", id="two"),
        pytest.param("[" * 100_000, "nested too deeply", id="deep"),
        pytest.param("{ " * 5000, "very many brackets", id="brackets"),
        pytest.param(" " * 200_001, "200001 characters", id="long"),
        pytest.param(json.dumps([HOLD] * 101), "101 decisions", id="many"),
        pytest.param(f"[{', '.join([entry()[1:-1]] * 101)}]", "101", id="many entries"),
        pytest.param(
            json.dumps([CLOSE | {"symbol": f"C{n}"} for n in range(101)]), "101", id="many closes"
        ),
        pytest.param(
            f"For example {entry()} would be bold, so I wait.", "goes on after", id="an example"
        ),
        pytest.param(
            f"I might say\n```json\n{entry()}\n```\nbut I would rather hold.",
            "goes on after",
            id="an example in a fence",
        ),
        pytest.param(f"{json.dumps([CLOSE])}\nDone.", "goes on after", id="a word after it"),
        pytest.param("Say [] or nothing.", "goes on after", id="an empty example"),
    ],
)
def test_unusable_answers_are_refused_with_a_reason(text, reason):
    assert any(reason in found for found in reasons(text))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"signal": "buy"}, "signal must be one of", id="unknown signal"),
        pytest.param({"signal": None}, "signal must be one of", id="null signal"),
        pytest.param({"signal": ["hold"]}, "signal must be one of", id="signal in a list"),
        pytest.param({"symbol": ""}, "symbol must name", id="no symbol"),
        pytest.param({"symbol": 7}, "symbol must name", id="symbol a number"),
        pytest.param({"symbol": "../etc"}, "symbol must name", id="symbol with dots"),
        pytest.param({"entry_price": "N/A"}, "entry_price must be a number", id="N/A"),
        pytest.param({"entry_price": "1e5"}, "entry_price must be a number", id="exponent text"),
        pytest.param({"entry_price": "100,000"}, "entry_price must be a number", id="comma"),
        pytest.param({"entry_price": "$100"}, "entry_price must be a number", id="dollar"),
        pytest.param({"entry_price": float("nan")}, "entry_price must be a number", id="NaN"),
        pytest.param({"entry_price": float("inf")}, "entry_price must be a number", id="Infinity"),
        pytest.param({"entry_price": True}, "entry_price must be a number", id="true"),
        pytest.param({"entry_price": None}, "entry_price is missing", id="null"),
        pytest.param({"entry_price": 0}, "entry_price must be above 0", id="zero"),
        pytest.param({"stop_loss": -1}, "stop_loss must be from 0", id="negative"),
        pytest.param({"position_size_usd": 10**13}, "must be from 0 to 1e12", id="huge"),
        pytest.param({"position_size_usd": 10**4000}, "must be from 0 to 1e12", id="very huge"),
        pytest.param({"leverage": 2.5}, "leverage must be a whole number", id="leverage 2.5"),
        pytest.param({"leverage": "10x"}, "leverage must be a number", id="leverage 10x"),
        pytest.param({"confidence": 101}, "confidence must be from 0 to 100", id="confidence 101"),
        pytest.param({"confidence": None}, "confidence must be from 0 to 100", id="unsure"),
    ],
)
def test_a_malformed_element_is_refused_and_costs_only_itself(changes, reason):
    bad = ENTRY | changes
    answer = parse(json.dumps([HOLD, bad, CLOSE]))

    assert [d.signal for d in answer.decisions] == [Signal.HOLD, Signal.CLOSE]
    judgement = answer.elements[1]
    assert isinstance(judgement, Judgement)
    assert not judgement.is_approved
    (verdict,) = judgement.verdicts
    assert (verdict.check, verdict.code) == ("schema", "malformed")
    assert reason in verdict.message
    assert any(reason in found for found in reasons(json.dumps([bad])))


def test_numbers_beyond_all_measure_cost_only_their_element():
    text = json.dumps([CLOSE, ENTRY]).replace("1000.5", "1e99999999999999999999")

    (decision,) = parse(text).decisions
    assert decision.symbol == "SOL"


def test_a_key_that_stands_twice_is_not_guessed():
    twice = '[{"signal": "hold", "symbol": "BTC", "signal": "close"}]'

    assert reasons(twice) == ("a key stands twice in one decision",)


def test_a_malformed_element_is_recorded_with_what_could_be_read():
    answer = parse(json.dumps([HOLD, ENTRY | {"leverage": 0}]))

    decision = answer.elements[1].decision
    assert (decision.signal, decision.symbol) == (Signal.BUY_TO_ENTER, "BTC")
    assert "'leverage': 0" in decision.reasoning


def test_plain_decimals_in_quotes_are_numbers():
    quoted = entry(entry_price="100000.5", leverage="5", confidence="80")
    (decision,) = parse(quoted).decisions

    assert decision.entry_price == Decimal("100000.5")
    assert (decision.leverage, decision.confidence) == (5, 80.0)


def test_numbers_of_hold_and_close_are_not_looked_at():
    noise = {"leverage": "N/A", "entry_price": "", "stop_loss": 0, "confidence": "high"}
    answer = parse(json.dumps([HOLD | noise, CLOSE | noise]))

    assert [d.signal for d in answer.decisions] == [Signal.HOLD, Signal.CLOSE]
    assert [d.confidence for d in answer.decisions] == [None, None]


def test_exits_that_are_null_or_zero_are_none():
    (decision,) = parse(entry(stop_loss=None, take_profit=0)).decisions

    assert (decision.stop_loss, decision.take_profit) == (None, None)


def test_chain_of_thought_is_the_key_else_the_prose_and_the_thinking():
    keyed = json.dumps({"chain_of_thought": "up", "decisions": [HOLD]})
    assert parse(f"ignored {keyed}").chain_of_thought == "up"

    loose = f"<think>first</think> Then this.\n```json\n{json.dumps([HOLD])}\n```"
    assert parse(loose).chain_of_thought == "first\nThen this."


def test_text_that_cannot_be_written_is_replaced():
    answer = parse('[{"signal": "hold", "symbol": "BTC", "reasoning": "bad \\ud800 half"}]')

    assert answer.decisions[0].reasoning == "bad ? half"


def test_judgements_are_merged_in_the_order_of_the_answer():
    answer = parse(json.dumps([HOLD, {"signal": "?"}, CLOSE]))
    judged = tuple(Judgement(decision=d, is_approved=True) for d in answer.decisions)

    merged = answer.merged(judged)
    assert [j.is_approved for j in merged] == [True, False, True]
    assert merged[1] is answer.elements[1]


@given(st.text(alphabet=st.characters(), max_size=200) | st.text('[]{}",:-0123456789.eN \n'))
def test_any_text_is_read_or_refused(text):
    try:
        answer = parse(text)
    except InvalidOutputError:
        return
    assert all(isinstance(e, Decision | Judgement) for e in answer.elements)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@given(st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(ENTRY, values)), max_size=3))
def test_only_sound_numbers_get_through(elements):
    try:
        answer = parse(json.dumps([HOLD, *(ENTRY | element for element in elements)]))
    except InvalidOutputError:
        return
    assert len(answer.elements) == len(elements) + 1
    for decision in answer.decisions[1:]:
        if decision.signal.is_entry:
            assert 0 < decision.position_size_usd <= 10**12
            assert 0 < decision.entry_price <= 10**12
            assert isinstance(decision.leverage, int)
            assert decision.leverage >= 1
            assert 0 <= decision.confidence <= 100
