"""Counts of tokens and cost: at their highest reading, and never nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof0_core.domain.model import ModelPrice, Usage
from nof0_llm.openai.usage import counted

PRICE = ModelPrice(input=Decimal(3), output=Decimal(15), cached_input=Decimal(1))
WORST = Usage(prompt_tokens=5000, completion_tokens=4096)


def read(**told):
    return counted(told, WORST, PRICE)


@pytest.mark.parametrize(
    ("told", "tokens", "is_estimate"),
    [
        ({"prompt_tokens": 900, "completion_tokens": 60, "total_tokens": 2960}, (900, 2060), False),
        ({"prompt_tokens": 900, "completion_tokens": 60, "total_tokens": 960}, (900, 60), False),
        ({"prompt_tokens": 900, "completion_tokens": 60, "total_tokens": 5}, (900, 60), False),
        ({"prompt_tokens": 900}, (900, 4096), True),
        ({"prompt_tokens": 900, "completion_tokens": 0}, (900, 4096), True),
        ({"prompt_tokens": 900, "total_tokens": 970}, (900, 70), False),
        ({"completion_tokens": 60}, (5000, 60), True),
        ({"completion_tokens": 60, "total_tokens": 960}, (900, 60), False),
        ({"total_tokens": 9000}, (5000, 9000), True),
        ({"input_tokens": 900, "output_tokens": 60}, (900, 60), False),
        (
            {"input_tokens": 100, "cache_read_input_tokens": 800, "output_tokens": 60},
            (900, 60),
            False,
        ),
        ({"prompt_tokens": "900", "completion_tokens": 60.0}, (900, 60), False),
    ],
)
def test_counts_are_read_at_their_highest(told, tokens, is_estimate):
    found = read(**told)
    assert (found.usage.prompt_tokens, found.usage.completion_tokens) == tokens
    assert found.is_estimate is is_estimate


def test_thoughts_within_what_was_written_are_not_counted_twice():
    told = {"prompt_tokens": 900, "completion_tokens": 60, "total_tokens": 960}
    assert read(**told, completion_tokens_details={"reasoning_tokens": 40}).usage.tokens == 960
    assert read(**told, completion_tokens_details={"reasoning_tokens": 2000}).usage.tokens == 2960


def test_a_cost_the_endpoint_tells_is_booked_where_it_is_more():
    told = {"prompt_tokens": 1000, "completion_tokens": 100}
    assert read(**told, cost=0.5).usage.cost_usd == Decimal("0.5")
    assert read(**told, cost=0).usage.cost_usd == Decimal("0.0045")


@pytest.mark.parametrize("told", [None, {}, [], "", {"prompt_tokens": -3}, {"total_tokens": True}])
def test_nothing_counted_is_told_apart_from_zero(told):
    assert counted(told, WORST, PRICE) is None


counts = st.integers(0, 10**9) | st.none() | st.sampled_from(["7", -1, True, "many", 1.5])


@given(
    told=st.dictionaries(
        st.sampled_from(
            ["prompt_tokens", "completion_tokens", "total_tokens", "input_tokens", "output_tokens"]
        ),
        counts,
    )
)
def test_what_is_booked_is_never_below_any_count(told):
    found = counted(told, WORST, PRICE)
    numbers = {k: v for k, v in told.items() if type(v) is int and v > 0}
    if not numbers:
        return
    usage = found.usage
    assert usage.prompt_tokens >= max(numbers.get("prompt_tokens", 0), 1)
    assert usage.completion_tokens >= max(numbers.get("completion_tokens", 0), 1)
    assert usage.tokens >= numbers.get("total_tokens", 0)
    assert usage.cost_usd == PRICE.cost(usage)
