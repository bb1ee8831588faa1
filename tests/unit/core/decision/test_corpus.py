"""Hostile and malformed answers, each with what has to become of it."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof0_core.answers.extraction import DEEPEST
from nof0_core.answers.parsing import parse
from nof0_core.clock import stopwatch
from nof0_core.decision.result import CycleStatus
from nof0_core.domain.decision import Decision, Judgement
from nof0_core.errors import InvalidOutputError
from nof0_core.protocols.llm import CallLog

CORPUS = Path(__file__).parents[3] / "data" / "answers"
EXPECTED = json.loads((CORPUS / "expected.json").read_text(encoding="utf-8"))
CLOSE = '{"signal": "close", "symbol": "ETH"}'
MEGABYTES = 5 * 1024 * 1024


def answer_of(name):
    return (CORPUS / f"{name}.txt").read_text(encoding="utf-8")


def test_every_answer_has_an_expectation_and_every_expectation_an_answer():
    assert {path.stem for path in CORPUS.glob("*.txt")} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_an_answer_of_the_corpus_becomes_what_is_expected(name):
    text, expected = answer_of(name), EXPECTED[name]

    if "refused" in expected:
        with pytest.raises(InvalidOutputError) as caught:
            parse(text)
        assert any(expected["refused"] in reason for reason in caught.value.reasons)
        return
    answer = parse(text)
    assert [f"{d.signal} {d.symbol}" for d in answer.decisions] == expected["decisions"]
    malformed = [e.verdicts[0].message for e in answer.elements if isinstance(e, Judgement)]
    wanted = expected.get("malformed", [])
    assert len(malformed) == len(wanted)
    assert all(part in message for part, message in zip(wanted, malformed, strict=True))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("word " * (MEGABYTES // 5), "more than 200000", id="5 MB of prose"),
        pytest.param(f"[{CLOSE}]" + " " * MEGABYTES, "more than 200000", id="5 MB of blanks"),
        pytest.param("[" * MEGABYTES, "more than 200000", id="5 MB of brackets"),
        pytest.param("[" * 190_000, "nested too deeply", id="190,000 levels"),
        pytest.param("[" * 80_000 + "]" * 80_000, "nested too deeply", id="80,000 closed levels"),
        pytest.param('{"a":' * 30_000, "nested too deeply", id="30,000 objects"),
        pytest.param("{[" * 90_000, "damaged JSON", id="180,000 brackets"),
        pytest.param("{ x" * 60_000, "very many brackets", id="60,000 openings"),
        pytest.param('["' * 90_000, "very many brackets", id="90,000 open texts"),
        pytest.param("<think>" * 28_000, "no JSON found", id="28,000 thoughts"),
        pytest.param("<think></think>" * 13_000, "no JSON found", id="13,000 empty thoughts"),
        pytest.param("x</think>" * 22_000, "no JSON found", id="22,000 ends of thoughts"),
        pytest.param("```json\n" * 20_000, "no JSON found", id="20,000 fences"),
        pytest.param('"' * 199_000, "no JSON found", id="199,000 quotes"),
        pytest.param("[" * 900 + " " * 190_000, "very many brackets", id="blanks after brackets"),
        pytest.param("[" * 900 + "1," * 90_000, "very many brackets", id="list never closed"),
        pytest.param('["a",' * 900 + '"b",' * 40_000, "very many brackets", id="texts in it"),
        pytest.param("[" * 900 + '"' + "b" * 190_000, "very many brackets", id="text never closed"),
        pytest.param(
            " ".join(f'{{"signal": {n}}}' for n in range(11_000)),
            "10 or more different answers",
            id="11,000 objects",
        ),
    ],
)
def test_large_answers_are_refused_quickly(text, reason):
    started = stopwatch()
    with pytest.raises(InvalidOutputError) as caught:
        parse(text)
    assert any(reason in found for found in caught.value.reasons)
    assert stopwatch() - started < 5


@pytest.mark.parametrize("levels", [*range(1, 60), 200, 400, 600, 800, 900, 950, 1000, 5000])
def test_nesting_is_read_to_a_fixed_depth_and_never_breaks(levels):
    deep = "[" * levels + "]" * levels
    text = f'{{"decisions": [{{"signal": "close", "symbol": "ETH", "x": {deep}}}]}}'
    if levels + 3 > DEEPEST + 1:
        with pytest.raises(InvalidOutputError, match="nested too deeply"):
            parse(text)
    else:
        assert parse(text).decisions[0].symbol == "ETH"


@pytest.mark.anyio
@pytest.mark.parametrize("name", EXPECTED)
async def test_the_executor_gets_over_every_answer_and_the_journal_takes_it(
    maker, context, now, name
):
    made, _ = maker(answer_of(name))

    done = await made.decide(context(), now, CallLog())

    refused = "refused" in EXPECTED[name]
    assert done.status == (CycleStatus.INVALID_OUTPUT if refused else CycleStatus.OK)
    assert done.completion is not None
    assert msgspec.json.encode(done.judgements)
    ordered = [f"{a.decision.signal} {a.decision.symbol} {a.size_usd:.0f}" for a in done.approved]
    assert ordered == EXPECTED[name].get("approved", ordered)
    for approved in done.approved:
        decision = approved.decision
        assert decision.symbol in {"BTC", "ETH"}
        assert approved.size_usd is None or approved.size_usd <= Decimal(10_000) * 20


@pytest.mark.anyio
async def test_an_answer_without_end_is_not_kept_whole(maker, context, now):
    made, _ = maker("word " * (MEGABYTES // 5))

    done = await made.decide(context(), now, CallLog())

    assert done.status is CycleStatus.INVALID_OUTPUT
    assert len(done.completion.text) < 210_000
    assert "characters left out" in done.completion.text


names = st.sampled_from(sorted(EXPECTED))


@given(names, st.data())
def test_an_answer_cut_or_changed_anywhere_is_read_or_refused(name, data):
    text = answer_of(name)[:3000]
    at = data.draw(st.integers(0, len(text)))
    insert = data.draw(
        st.sampled_from(["", "{", "}", "[", "]", '"', ",", "<think>", "NaN", "\x00"])
    )
    skip = data.draw(st.integers(0, 5))
    try:
        answer = parse(text[:at] + insert + text[at + skip :])
    except InvalidOutputError:
        return
    assert all(isinstance(e, Decision | Judgement) for e in answer.elements)


def test_a_list_in_a_list_that_was_cut_off_is_not_read_as_the_inner_one():
    text = answer_of("nested-lists").rstrip()
    with pytest.raises(InvalidOutputError, match="damaged JSON"):
        parse(text[:-1])


BEGIN_WITH_AN_ANSWER = {
    "thinking-without-opening",
    "two-answers",
    "objects-one-after-another",
    "example-then-answer",
    "prose-around",
}
"""Answers whose beginning, taken by itself, is another answer than the whole."""


def finished_entries(text):
    """Return where each JSON object that is an entry by itself ends, and the entry."""
    found = []
    for start in (n for n, character in enumerate(text) if character == "{"):
        try:
            _, end = json.JSONDecoder().raw_decode(text, start)
            decisions = parse(text[start:end]).decisions
        except (json.JSONDecodeError, InvalidOutputError):
            continue
        found += [(end, d) for d in decisions if d.signal.is_entry]
    return found


@pytest.mark.parametrize("name", EXPECTED)
def test_an_answer_cut_off_anywhere_never_gives_an_entry_it_did_not_finish(name):
    text = answer_of(name)
    finished = finished_entries(text)
    try:
        whole = parse(text).decisions
    except InvalidOutputError:
        whole = ()
    for at in range(len(text)):
        try:
            part = parse(text[:at]).decisions
        except InvalidOutputError:
            continue
        for entry in (d for d in part if d.signal.is_entry):
            assert any(end <= at and entry == d for end, d in finished), at
            assert name in BEGIN_WITH_AN_ANSWER or entry in whole, at
