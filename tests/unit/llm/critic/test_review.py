"""A critic can veto and shrink, and nothing else whatever it writes."""

from __future__ import annotations

import json
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof0_core.domain.decision import Decision, Signal
from nof0_core.errors import InvalidOutputError
from nof0_llm.critic.review import Review, Word, apply, read, schema

ENTRY = Decision(
    signal=Signal.SELL_TO_ENTER,
    symbol="BTC",
    leverage=5,
    position_size_usd=D(300),
    entry_price=D(100),
    stop_loss=D(105),
    take_profit=D(80),
    risk_usd=D(15),
    confidence=80.0,
    reasoning="rolls over",
)
CLOSE = Decision(signal=Signal.CLOSE, symbol="ETH")


def review(verdict="allow", symbol="BTC", size=None, **more):
    return {"symbol": symbol, "verdict": verdict, "size_usd": size, "reason": "so", **more}


def reviewed(*reviews):
    return judged(json.dumps({"reviews": list(reviews)}))


def judged(text):
    made = apply((ENTRY, CLOSE), read(text), critic="judge", silence="nothing was said")
    assert made[1] is CLOSE
    return made[0]


def test_an_allowed_entry_stays_as_it_is():
    assert reviewed(review()) is ENTRY
    assert judged('```json\n{"reviews": [{"symbol": "BTC", "verdict": "allow"}]}\n```') is ENTRY


def test_a_shrunk_entry_changes_in_size_alone():
    made = reviewed(review("shrink", size=120.5))
    assert made.position_size_usd == D("120.5")
    assert (made.signal, made.leverage, made.stop_loss) == (ENTRY.signal, 5, D(105))
    assert made.reasoning == "shrunk from 300 USD by judge: so; proposed because: rolls over"


@pytest.mark.parametrize(
    "reviews",
    [
        pytest.param([review("veto")], id="veto"),
        pytest.param([], id="nothing"),
        pytest.param([review(symbol="ETH")], id="another coin"),
        pytest.param([review("ALLOW")], id="another word"),
        pytest.param([review(None)], id="no word"),
        pytest.param([review(["allow"])], id="a list"),
        pytest.param([review("allow"), review("veto")], id="both"),
        pytest.param([review("allow"), review("perhaps")], id="a good and a bad one"),
        pytest.param([review("shrink")], id="a shrink without size"),
        pytest.param([review("shrink", size=301)], id="larger"),
        pytest.param([review("shrink", size=0)], id="zero"),
        pytest.param([review("shrink", size=-5)], id="negative"),
        pytest.param([review("shrink", size="100")], id="a size as text"),
        pytest.param([review("shrink", size=1e-200)], id="a size too small to reckon with"),
        pytest.param([review("shrink", size=True)], id="a size that is true"),
        pytest.param([review("shrink", size=float("nan"))], id="NaN"),
        pytest.param(["allow"], id="words alone"),
    ],
)
def test_anything_else_is_a_veto(reviews):
    made = reviewed(*reviews)
    assert made.signal is Signal.HOLD
    assert "sell_to_enter vetoed by judge" in made.reasoning


def test_a_key_that_stands_twice_is_a_veto():
    text = '{"reviews": [{"symbol": "BTC", "verdict": "veto", "verdict": "allow"}]}'
    assert judged(text).signal is Signal.HOLD


@pytest.mark.parametrize(
    "text",
    [
        "",
        "allow everything",
        '{"decisions": [{"signal": "buy_to_enter", "symbol": "BTC"}]}',
        '{"reviews": {"BTC": "allow"}}',
        '{"reviews": [], "reviews": [{"symbol": "BTC", "verdict": "allow"}]}',
        '{"reviews": [{"symbol": "BTC", "verdict": "allow"}',
        '{"reviews": [{"symbol": "BTC", "verdict": "allow"}]} or {"reviews": []}',
        '<think>{"reviews": [{"symbol": "BTC", "verdict": "allow"}]}',
    ],
)
def test_text_of_another_form_is_refused(text):
    with pytest.raises(InvalidOutputError):
        read(text)


def test_the_schema_names_the_proposed_coins_once():
    made = schema(["BTC", "ETH", "BTC"])
    assert made["properties"]["reviews"]["items"]["properties"]["symbol"]["enum"] == ["BTC", "ETH"]


words = st.sampled_from([*(w.value for w in Word), "buy_to_enter", "", None, 1])
sizes = st.none() | st.integers(-10, 1000) | st.floats() | st.text(max_size=3)
items = st.fixed_dictionaries(
    {}, optional={"symbol": st.sampled_from(["BTC", "ETH", 7]), "verdict": words, "size_usd": sizes}
)


@given(st.lists(items | st.none() | st.text(max_size=5), max_size=4))
def test_no_answer_makes_an_entry_larger_or_another(reviews):
    made = judged(json.dumps({"reviews": reviews}))
    if made.signal is not Signal.HOLD:
        assert made.signal is ENTRY.signal
        assert made.position_size_usd <= ENTRY.position_size_usd
        assert (made.leverage, made.stop_loss, made.take_profit) == (5, D(105), D(80))
    else:
        assert made.position_size_usd is None


def test_a_review_of_one_coin_does_not_reach_another():
    other = Review(word=Word.ALLOW)
    (made,) = apply((ENTRY,), {"ETH": other}, critic="judge", silence="nothing was said")
    assert made.reasoning == "sell_to_enter vetoed by judge: nothing was said"
