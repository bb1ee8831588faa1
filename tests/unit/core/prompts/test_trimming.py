"""A prompt over its limit loses its oldest bars, at last its past, and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof0_core.errors import PromptError
from nof0_core.prompts import PromptBook
from nof0_core.prompts.figures import estimate
from nof0_core.prompts.sample import sample_context
from nof0_core.prompts.trimming import longest, newest

ROOT = Path(__file__).parents[4]
SYSTEM = ROOT / "prompts" / "manager" / "default.tmpl"
USER = ROOT / "prompts" / "executor" / "default_prompt.tmpl"


def rendered(limit):
    book = PromptBook(SYSTEM, USER, "1", max_tokens=limit)
    return book.render(sample_context(), trader_name="Calm")


def size(prompt):
    return sum(estimate(message.content) for message in prompt.messages)


FULL = rendered(None)
SERIES = re.compile(r"^[a-z_0-9]+: [-0-9. n/a]+$", re.MULTILINE)


def test_a_prompt_within_its_limit_is_left_alone():
    assert rendered(size(FULL)) == FULL
    assert FULL.cut == ""


@pytest.mark.parametrize("share", [0.95, 0.8, 0.7, 0.6])
def test_as_many_of_the_newest_bars_as_fit_are_shown_and_all_else_is(share):
    limit = int(size(FULL) * share)
    prompt = rendered(limit)

    assert size(prompt) <= limit
    bars = int(re.search(r"newest (\d+) of 10 bars", prompt.cut)[1])
    first, _, rest = prompt.messages[1].content.partition("\n")
    assert first == prompt.cut
    full = FULL.messages[1].content
    assert SERIES.sub("", rest) == SERIES.sub("", full)
    for short, whole in zip(SERIES.findall(rest), SERIES.findall(full), strict=True):
        (name, shown), (_, all_) = short.split(": "), whole.split(": ")
        assert shown.split() == all_.split()[-bars:], name
    assert prompt.messages[0] == FULL.messages[0]
    assert prompt.digest != FULL.digest
    one_more = newest(sample_context(), bars + 1)
    more = PromptBook(SYSTEM, USER, "1").render(one_more, trader_name="Calm")
    assert bars + 1 == longest(sample_context()) or size(more) + estimate(prompt.cut) > limit


def test_where_not_one_bar_fits_the_past_goes_before_anything_else_does():
    one_bar = PromptBook(SYSTEM, USER, "1").render(newest(sample_context(), 1), trader_name="Calm")
    prompt = rendered(size(one_bar) - 100)

    assert size(prompt) <= size(one_bar) - 100
    assert "Your last answer and trades are not shown either." in prompt.cut
    text = prompt.messages[1].content
    assert text.startswith(prompt.cut)
    assert "# Your last answer" not in text
    assert "# Trades closed last" not in text
    assert SERIES.search(text)
    kept = text.partition("# Open positions")[2]
    assert kept == FULL.messages[1].content.partition("# Open positions")[2]


def test_where_all_bars_are_one_bar_the_past_alone_is_left_out():
    young = newest(sample_context(), 1)
    whole = PromptBook(SYSTEM, USER, "1").render(young, trader_name="Calm")
    limit = size(whole) - 100
    prompt = PromptBook(SYSTEM, USER, "1", max_tokens=limit).render(young, trader_name="Calm")
    assert prompt.cut == (
        f"Your last answer and trades are left out so that the prompt keeps to {limit} tokens. "
        "Nothing else is left out."
    )


def test_what_cannot_fit_is_refused_and_not_cut_elsewhere():
    with pytest.raises(PromptError, match=r"max_prompt_tokens \(500\), also with one bar"):
        rendered(500)


@given(st.text(max_size=200), st.text(max_size=200))
def test_the_estimate_grows_with_the_text(one, other):
    both = estimate(one + other)
    assert max(estimate(one), estimate(other)) <= both <= estimate(one) + estimate(other)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [("", 0), ("close", 1), ("closed", 2), ("121850.5", 4), ("a b", 2), ("价格", 2), ("\n\n  ", 0)],
)
def test_the_estimate_is_what_its_description_says(text, tokens):
    assert estimate(text) == tokens
