"""What differs is shown to the last byte, with as little around it as tells the place."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nof0_core.backtest.replay.difference import Part, text_difference, value_difference
from nof0_core.domain.decision import Decision, Signal


@given(st.text(), st.text())
def test_there_is_a_difference_where_there_is_one(one, other):
    found = text_difference(Part.PROMPT, one, other)
    assert bool(found) is (one != other)
    assert all(each.lines for each in found)


def test_one_letter_is_a_line_taken_away_and_one_put_in():
    text = "\n".join(map(str, range(50)))
    [found] = text_difference(Part.PROMPT, text, text.replace("25", "2S"), name="user")
    assert found.lines == (
        "--- recorded user",
        "+++ now user",
        "@@ -25,3 +25,3 @@",
        " 24",
        "-25",
        "+2S",
        " 26",
    )


def test_line_ends_are_a_difference_too():
    [found] = text_difference(Part.PROMPT, "a\nb\n", "a\nb")
    assert found.lines == ("(they differ in line ends alone)",)


def test_values_are_compared_field_by_field():
    one = Decision(signal=Signal.HOLD, symbol="BTC", confidence=80.0)
    other = Decision(signal=Signal.HOLD, symbol="BTC", confidence=80.5)
    assert value_difference(Part.DECISION, [one], [one]) == []
    [found] = value_difference(Part.DECISION, [one], [other])
    assert [line.strip() for line in found.lines if line[0] in "+-"][2:] == [
        '-  "confidence": 80.0,',
        '+  "confidence": 80.5,',
    ]
