"""What a model marked as thought decides nothing, whatever the mark."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof0_core.answers import parse
from nof0_core.errors import InvalidOutputError

CLOSE = json.dumps({"decisions": [{"signal": "close", "symbol": "SOL"}]})
HOLD = json.dumps([{"signal": "hold", "symbol": "BTC"}])

MARKS = [
    *[(f"<{word}>", f"</{word}>") for word in ("think", "Thinking", "thought", "analysis")],
    *[(f"<{word}>", f"</{word}>") for word in ("reasoning", "reflection", "scratchpad", "draft")],
    *[(f"<{word}>", f"</{word}>") for word in ("antThinking", "seed:think", "market_analysis")],
    ('<think effort="high">', "</think>"),
    ("[THINK]", "[/THINK]"),
    ("[reasoning]", "[/reasoning]"),
    ("\u25c1think\u25b7", "\u25c1/think\u25b7"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|START_THINKING|>", "<|END_THINKING|>"),
    ("<|channel|>analysis<|message|>", "<|end|><|start|>assistant<|channel|>final<|message|>"),
    ("<|channel|>commentary to=x<|message|>", "<|end|><|channel|>final<|message|>"),
    ("<|channel>thought\n", "<channel|>"),
    ("<!-- ", " -->"),
    ("```thinking\n", "\n```\n"),
]

marks = pytest.mark.parametrize("mark", MARKS, ids=[opening.strip() for opening, _ in MARKS])


@marks
@pytest.mark.parametrize("after", ["", "Nothing to do.", " \n"])
@pytest.mark.parametrize("within", ["{}", "maybe {} - no", "```json\n{}\n```"])
def test_the_only_json_in_a_thought_is_no_answer(mark, after, within):
    with pytest.raises(InvalidOutputError):
        parse(f"{mark[0]}{within.format(CLOSE)}{mark[1]}{after}")


@marks
def test_a_thought_that_is_cut_off_is_no_answer(mark):
    with pytest.raises(InvalidOutputError):
        parse(f"{mark[0]}maybe {CLOSE} and then {mark[1] if mark[0] == '[reasoning]' else ''}")


@marks
def test_what_follows_a_thought_is_the_answer(mark):
    answer = parse(f"{mark[0]}maybe {CLOSE}{mark[1]}\n{HOLD}")

    assert [(d.signal, d.symbol) for d in answer.decisions] == [("hold", "BTC")]
    assert "maybe" in answer.chain_of_thought


@given(
    mark=st.sampled_from(MARKS),
    other=st.sampled_from(MARKS),
    prose=st.text("abc .\n", max_size=20),
    more=st.text("xyz .\n", max_size=20),
)
def test_thoughts_in_a_row_and_inside_each_other_are_thoughts(mark, other, prose, more):
    thought = f"{mark[0]}{prose}{other[0]}{CLOSE}{other[1]}{more}{CLOSE}{mark[1]}"
    with pytest.raises(InvalidOutputError):
        parse(f"{thought}{other[0]}{CLOSE}{other[1]}so I wait")


@pytest.mark.parametrize("name", ["hypothesis", "alternative", "example", "previous"])
def test_an_answer_within_a_mark_nobody_knows_is_sent_back(name):
    with pytest.raises(InvalidOutputError, match=f"inside of <{name}>"):
        parse(f"<{name}>{CLOSE}</{name}>")


@pytest.mark.parametrize("name", ["answer", "final_answer", "output", "json", "tool_call", "s"])
def test_an_answer_within_a_mark_of_answers_is_one(name):
    end = "" if name == "s" else f"</{name}>"
    assert parse(f"<{name}>\n{HOLD}\n{end}").decisions[0].symbol == "BTC"


def test_signs_that_only_look_like_marks_hide_nothing():
    text = f"[Note] price <EMA20 and > EMA50 <br/> [1] a < b > c `code` <think/>\n{HOLD}"
    assert parse(text).decisions[0].symbol == "BTC"
