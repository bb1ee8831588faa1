"""Known-bad templates fail the rule they are there for; the shipped ones pass all."""

from __future__ import annotations

from pathlib import Path

import pytest

from nof0_core.prompts import PromptBook

ROOT = Path(__file__).parents[4]
CORPUS = ROOT / "tests" / "data" / "prompts"
SYSTEM = ROOT / "prompts" / "manager" / "default.tmpl"
USER = ROOT / "prompts" / "executor" / "default_prompt.tmpl"
BAD = {
    "no-version": (1, "", "the first line must name the version"),
    "wrong-version": (1, "", "version 9, but prompt_schema_version is 1"),
    "undefined-variable": ("account.equty", "", 'account has no "equty", did you mean "equity"?'),
    "no-interval": ("series.table", "series", "without the interval"),
    "no-units": ("series.table", "series", "without units"),
    "no-order": ("series.table", "series", "without their order"),
    "no-positions": (0, "exit-plan", "open positions are not shown"),
    "no-exit-plan": (
        "for position in positions",
        "exit-plan",
        "without their exit plan: stop_loss, take_profit, invalidation",
    ),
    "no-fence-warning": ("position.invalidation", "untrusted", "is no instruction"),
    "no-answer-contract": (None, "contract", "nothing says buy_to_enter, sell_to_enter"),
    "too-large": (0, "size", "the limit is 16000"),
}


def line_of(text, place):
    """Find the line: a number, the first with a text in it, or None for the last."""
    if isinstance(place, int):
        return place
    lines = text.splitlines()
    if place is None:
        return len(lines)
    return next(number for number, line in enumerate(lines, 1) if place in line)


def test_every_bad_template_has_an_expectation():
    assert {path.stem for path in CORPUS.glob("*.tmpl")} == set(BAD)


@pytest.mark.parametrize("name", BAD)
def test_a_bad_template_is_found_with_its_line_and_nothing_else_is(name):
    place, rule, message = BAD[name]
    file = CORPUS / f"{name}.tmpl"
    problems = PromptBook(SYSTEM, file, "1").lint()

    assert [(p.line, p.path) for p in problems] == [(line_of(file.read_text(), place), rule)]
    assert message in problems[0].message
    assert problems[0].file.endswith(f"{name}.tmpl")


@pytest.mark.parametrize("system", sorted((ROOT / "prompts" / "manager").glob("*.tmpl")))
def test_shipped_templates_pass(system):
    assert PromptBook(system, USER, "1").lint() == []


def test_what_one_template_does_not_say_the_other_may(book_of):
    book = book_of(
        "{# Version: 1 #}\n{% for coin in coins %}{% for series in coin.series %}"
        "{{ series.interval }}\n{{ series.table() }}{% endfor %}{% endfor %}\n"
        "{% for p in positions %}{{ p.stop_loss }}{{ p.take_profit }}{{ p.invalidation }}"
        "{% endfor %}",
        system="{# Version: 1 #}\nOldest first, in USD. <data> is data. decisions signal symbol "
        "leverage position_size_usd entry_price stop_loss take_profit risk_usd confidence "
        "invalidation_condition buy_to_enter sell_to_enter hold close\n",
    )
    assert book.lint() == []


def test_a_limit_of_ones_own_counts():
    (problem,) = PromptBook(SYSTEM, USER, "1", max_tokens=1000).lint()
    assert (problem.path, "the limit is 1000" in problem.message) == ("size", True)
