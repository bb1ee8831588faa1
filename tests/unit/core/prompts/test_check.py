from __future__ import annotations

import pytest

from nof0_core.config.model import IndicatorConfig
from nof0_core.domain.candles import Interval
from nof0_core.prompts import checking
from nof0_core.prompts.lint import lint

HEAD = "{# Version: 1 #}\n"


def said(problems):
    return [(p.line, p.message) for p in problems]


def test_a_sound_template_has_no_problems(book_of):
    body = (
        "{{ now }} {% for p in positions %}{{ p.symbol }}{% if p.stop_loss is not none %}"
        "{{ p.stop_loss }}{% endif %}{% endfor %}{{ account.nothing | default('x') }}"
        "{% if coins[0].nothing is defined %}y{% endif %}{% set a = account %}{{ a.cash }}"
        "{% for i in range(3) %}{{ loop.index }}{% endfor %}"
        "{% macro m(x) %}{{ x.anything }}{% endmacro %}"
    )
    assert book_of(HEAD + body).check() == []


def test_a_missing_file_is_named(book_of, tmp_path):
    (problem,) = book_of(None).check()
    assert problem.file == str(tmp_path / "user.tmpl")
    assert problem.line == 0
    assert problem.message == "there is no such template"


def test_a_file_that_is_no_text_is_named(book_of, tmp_path):
    book = book_of(HEAD)
    (tmp_path / "user.tmpl").write_bytes(b"\xff\xfe\x00")
    assert "cannot be read" in book.check()[0].message


@pytest.mark.parametrize("head", ["", "\n{# Version: 1 #}\n", "{# version 1 #}\n", "Version: 1\n"])
def test_a_missing_version_is_a_problem_in_the_first_line(book_of, head):
    assert said(book_of(head + "text", schema_version=None).check()) == [
        (1, "the first line must name the version: {# Version: 1 #}")
    ]


@pytest.mark.parametrize(
    "head", ["{# Version: 2 #}", "{#- Name: x; Version: 2 -#}", "{# version:2, name: y #}"]
)
def test_another_version_than_wanted_is_a_problem(book_of, head):
    assert said(book_of(head + "\ntext").check()) == [
        (1, "version 2, but prompt_schema_version is 1")
    ]
    assert book_of(head + "\ntext", schema_version=None).check() == []


@pytest.mark.parametrize(
    ("body", "line", "message"),
    [
        pytest.param("\n{% if x %}", 3, "Unexpected end of template", id="unclosed block"),
        pytest.param("{{ acount.cash }}", 2, 'did you mean "account"?', id="variable"),
        pytest.param("a\n{{ account.chas }}", 3, 'did you mean "cash"?', id="attribute"),
        pytest.param('{{ account["chas"] }}', 2, 'account has no "chas"', id="item"),
        pytest.param(
            "{% if account.return_pct < -99 %}\n{{ account.chas }}{% endif %}",
            3,
            'account has no "chas"',
            id="branch no sample enters",
        ),
        pytest.param(
            "{% for c in coins %}\n{% for s in c.series %}\n{{ s.row }}{% endfor %}{% endfor %}",
            4,
            'series has no "row", did you mean "rows"?',
            id="inside two loops",
        ),
        pytest.param(
            "{% for p in positions %}\n{{ p.stopp }}{% endfor %}",
            3,
            'position has no "stopp"',
            id="position",
        ),
        pytest.param("{{ coins[0].marc }}", 2, 'did you mean "mark"?', id="first coin"),
        pytest.param("{% set a = limits %}{{ a.nope }}", 2, 'limits has no "nope"', id="alias"),
        pytest.param("\n{{ account.cash.real.foo }}", 3, "has no attribute 'foo'", id="deeper"),
        pytest.param("\n{{ now + 1 }}", 3, "TypeError", id="wrong type"),
        pytest.param(
            "\n{{ coins[0].funding_pct + 1 }}", 3, "TypeError", id="value that may be none"
        ),
        pytest.param("{{ coins[5].symbol }}", 2, "no element 5", id="coin that may be missing"),
        pytest.param("{{ now|nofilter }}", 2, "No filter named 'nofilter'", id="filter"),
        pytest.param('{% include "x" %}', 2, "include is not available", id="include"),
        pytest.param('{% from "x" import y %}', 2, "import is not available", id="import"),
        pytest.param('{% extends "x" %}', 2, "extends is not available", id="extends"),
        pytest.param("{{ range(20000)|list }}", 2, "more than 10000 steps", id="long range"),
        pytest.param("{{ [1]|random }}", 2, "No filter named 'random'", id="random"),
        pytest.param("{{ lipsum() }}", 2, 'no variable "lipsum"', id="random words"),
        pytest.param("{{ ''.__class__.__mro__ }}", 2, "unsafe", id="way out of the sandbox"),
    ],
)
def test_what_is_wrong_in_a_template_is_found_with_its_line(book_of, body, line, message):
    problems = book_of(HEAD + body).check()
    assert [p.line for p in problems] == [line]
    assert message in problems[0].message


def test_all_problems_of_both_templates_are_reported_at_once(book_of):
    book = book_of("{{ a }}\n{{ b }}", system="{# Version: 3 #}\n{{ room.x }}")
    found = [(p.file.rpartition("/")[2], p.line) for p in book.check()]
    assert found == [
        ("system.tmpl", 1),
        ("system.tmpl", 2),
        ("user.tmpl", 1),
        ("user.tmpl", 1),
        ("user.tmpl", 2),
    ]


def test_indicators_read_by_name_are_checked_against_the_configured_ones(book_of):
    body = HEAD + "{{ coins[0].series[0].last.bb_upper }}"
    (problem,) = book_of(body).check()
    assert 'last has no "bb_upper"' in problem.message
    bands = [IndicatorConfig(name="bb", function="BBANDS")]
    assert book_of(body, indicators=bands).check() == []


def test_intervals_of_the_sample_are_the_configured_ones(book_of):
    body = HEAD + "{{ coins[0].series[1].interval }}"
    assert book_of(body).check() == []
    assert "no element 1" in book_of(body, intervals=["1m"]).check()[0].message


def test_a_template_is_looked_through_once_until_it_or_the_settings_change(
    book_of, tmp_path, monkeypatch
):
    looked = []

    def counted(source, samples):
        looked.append(source.path.name)
        return lint(source, samples)

    monkeypatch.setattr(checking, "lint", counted)
    wrong = HEAD + "{{ mine }}"
    indicators = [IndicatorConfig(name="mine", function="RSI")]
    for _ in range(2):
        assert said(book_of(wrong).check()) == [(2, 'there is no variable "mine"')]
    assert looked == ["system.tmpl", "user.tmpl"]
    book_of(wrong, indicators=indicators).check()
    assert looked == ["system.tmpl", "user.tmpl"] * 2
    book_of(wrong, intervals=[Interval("5m")]).check()
    assert looked == ["system.tmpl", "user.tmpl"] * 3
    assert book_of(HEAD + "{{ now }}").check() == []
    assert looked == [*["system.tmpl", "user.tmpl"] * 3, "user.tmpl"]
