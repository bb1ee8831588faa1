"""Values of views are read without the sandbox only where a name cannot stand for anything else."""

from __future__ import annotations

import pytest

from nof0_core.errors import PromptError
from nof0_core.prompts.coins import CoinViews
from nof0_core.prompts.known_views import LISTS, VIEWS, known_look_ups
from nof0_core.prompts.limits import LimitViews
from nof0_core.prompts.sample import sample_contexts
from nof0_core.prompts.sandbox import sandbox
from nof0_core.prompts.variables import variables
from nof0_core.prompts.view import View


def known(body):
    """Return the attributes of a template that are read without the sandbox, in order."""
    from jinja2 import nodes

    tree = sandbox().parse(body)
    found = known_look_ups(tree)
    return [
        f"{each.node.name}.{each.attr}"
        for each in tree.find_all(nodes.Getattr)
        if id(each) in found
    ]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("{{ account.cash }}", ["account.cash"]),
        ("{{ account.cash.real }}", ["account.cash"]),
        ("{{ account.__class__ }}", ["account.__class__"]),
        ("{% for c in coins %}{{ c.mark }}{% endfor %}", ["c.mark"]),
        (
            (
                "{% for c in coins if c.mark %}{% for s in c.series %}{{ s.table() }}{% endfor %}"
                "{% endfor %}"
            ),
            ["c.mark", "c.series", "s.table"],
        ),
        ("{% for c in past.trades %}{{ c.size }}{% endfor %}", ["past.trades", "c.size"]),
        ("{% for c in coins %}{% for c in c.series %}{{ c.bars }}{% endfor %}{% endfor %}",
         ["c.series", "c.bars"]),
        ("{% macro m() %}{{ account.cash }}{% endmacro %}", ["account.cash"]),
    ],
)  # fmt: skip
def test_what_can_only_be_a_view_is_read_as_one(body, expected):
    assert sorted(known(body)) == sorted(expected)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("{% set account = now %}{{ account.x }}", id="set"),
        pytest.param("{{ account.x }}{% set account = now %}", id="set afterwards"),
        pytest.param("{% if now %}{% set account = now %}{% endif %}{{ account.x }}", id="maybe"),
        pytest.param("{% set account %}text{% endset %}{{ account.x }}", id="set block"),
        pytest.param("{% set account, b = now, 1 %}{{ account.x }}", id="set two"),
        pytest.param("{% for account in [now] %}{{ account.x }}{% endfor %}", id="loop"),
        pytest.param("{% for a, account in units %}{% endfor %}{{ account.x }}", id="loop of two"),
        pytest.param("{% with account = now %}{{ account.x }}{% endwith %}", id="with"),
        pytest.param("{% macro m(account) %}{{ account.x }}{% endmacro %}", id="argument"),
        pytest.param("{% macro account() %}{% endmacro %}{{ account.x }}", id="macro's name"),
        pytest.param(
            "{% macro m() %}{{ caller(now) }}{% endmacro %}"
            "{% call(account) m() %}{{ account.x }}{% endcall %}",
            id="argument of a call",
        ),
        pytest.param('{% import "a" as account %}{{ account.x }}', id="import"),
        pytest.param('{% from "a" import account %}{{ account.x }}', id="imported"),
        pytest.param('{% from "a" import b as account %}{{ account.x }}', id="imported as"),
        pytest.param("{% set coins = [now] %}{% for c in coins %}{{ c.x }}{% endfor %}", id="list"),
        pytest.param("{% for c in coins + [now] %}{{ c.x }}{% endfor %}", id="longer list"),
        pytest.param("{% for c in coins|list %}{{ c.x }}{% endfor %}", id="filtered list"),
        pytest.param("{% for c in coins %}{% endfor %}{{ c.x }}", id="after the loop"),
        pytest.param("{% for c in coins %}{% else %}{{ c.x }}{% endfor %}", id="else of the loop"),
        pytest.param(
            "{% for c in coins %}{% set c = now %}{{ c.x }}{% endfor %}", id="set in the loop"
        ),
        pytest.param(
            "{% for c in coins recursive %}{{ c.x }}{{ loop([now]) }}{% endfor %}", id="recursive"
        ),
        pytest.param(
            "{% for c in coins %}{% for c in [now] %}{{ c.x }}{% endfor %}{% endfor %}",
            id="loop in the loop",
        ),
        pytest.param(
            "{% for c in coins %}{% macro m() %}{{ c.x }}{% endmacro %}{% endfor %}",
            id="macro in the loop",
        ),
        pytest.param(
            "{% for c in coins %}{% block b %}{{ c.x }}{% endblock %}{% endfor %}",
            id="block in the loop",
        ),
        pytest.param("{{ now.x }}{{ coins.x }}{{ symbols.x }}{{ nobody.x }}", id="no views"),
        pytest.param("{{ coins[0].x }}{{ (account).cash|attr('x') }}", id="no names"),
    ],
)
def test_what_may_be_anything_is_left_to_the_sandbox(body):
    assert [each for each in known(body) if each.endswith(".x")] == []


@pytest.mark.parametrize(
    "body",
    [
        "{% set account = now %}{{ account.__class__ }}",
        "{% for account in [now] %}{{ account.__class__ }}{% endfor %}",
        "{% macro m(account) %}{{ account.__class__ }}{% endmacro %}{{ m(now) }}",
        "{% with account = now.split %}{{ account.__self__ }}{% endwith %}",
        "{% for c in [now] %}{{ c.__class__ }}{% endfor %}{% for c in coins %}{% endfor %}",
        (
            "{% for c in coins recursive %}{% if loop.depth > 1 %}{{ c.__class__ }}{% else %}"
            "{{ loop([now]) }}{% endif %}{% endfor %}"
        ),
        "{{ account.__class__ }}",
        "{{ account.__init__.__globals__ }}",
        "{{ account.update }}",
        "{{ account.label }}",
        "{{ account.complaint('x') }}",
        "{{ account.pop('cash') }}",
        "{{ account['__class__'] }}",
        "{{ (account|attr('update'))({}) }}",
        "{{ (account|attr('__missing__'))('x') }}",
        "{{ (account|attr('__class__')) }}",
        "{{ [account]|map(attribute='__class__')|join }}",
        "{% for c in coins %}{{ c._later }}{% endfor %}",
        "{% for c in coins %}{{ (c|attr('_later')) }}{% endfor %}",
        "{% for c in coins %}{% for s in c.series %}{{ s.table._call }}{% endfor %}{% endfor %}",
        "{% for c in coins %}{% for s in c.series %}{{ s.table.__call__ }}{% endfor %}{% endfor %}",
        (
            "{% for c in coins %}{% for s in c.series %}{{ s.table._call.__self__ }}{% endfor %}"
            "{% endfor %}"
        ),
        "{{ '{0.__class__}'.format(account) }}",
        "{{ '{a.__class__}'.format_map({'a': account}) }}",
        "{{ ('{0.__class__}'|attr('format'))(account) }}",
        "{{ 'a'.split.__self__.__class__ }}",
        "{{ 'a b'.split.__call__('a') }}",
        "{{ ['a']|reject('in', account.__class__)|list }}",
        "{{ account.cash is none.__class__ }}",
        "{{ account.nothing is none }}{{ account.nothing }}",
        "{{ account.nothing() }}",
        "{{ account.cash() }}",
    ],
)
def test_no_way_out_leads_through_what_is_read_without_the_sandbox(text_of, body):
    with pytest.raises(PromptError):
        text_of(body)


def test_other_meanings_of_a_name_are_what_a_template_reads(text_of):
    body = (
        "{{ account.cash is defined }} {% set c = {'mark': 1} %}{{ c.mark }} "
        "{% for c in [{'mark': 2}] %}{{ c.mark }}{% endfor %} "
        "{% with performance = {'trades': 3} %}{{ performance.trades }}{% endwith %} "
        "{% macro m(room) %}{{ room.margin_usd }}{% endmacro %}{{ m({'margin_usd': 4}) }} "
        "{{ account.nothing is defined }} {{ account.nothing|default(5) }} "
        "{{ account.get is defined }} {{ coins[0].nothing is defined }}"
    )
    assert text_of(body) == "True 1 2 3 4 False 5 False False"


def test_calls_in_calls_are_written_once(text_of):
    body = "{{ " + "now.strip(" * 25 + "'-'" + ")" * 25 + " }}"
    assert text_of(body)


def test_an_error_in_one_of_several_values_has_its_line(text_of):
    with pytest.raises(PromptError, match=r"user\.tmpl:4: account has no"):
        text_of("{{ account.cash }}\n{{ now }} and\n{{ account.chas }} or {{ now }}\n{{ now }}")


def test_what_is_called_known_is_what_templates_are_given():
    contexts = sample_contexts()
    assert any(each.past.trades for each in contexts)
    found, kinds = set(), {}
    for context in contexts:
        values = variables(context, name="x", coins=CoinViews.of(()), limits=LimitViews())
        assert {name for name, value in values.items() if isinstance(value, View)} == VIEWS
        for path, kind in LISTS.items():
            for each in _lists(values, path):
                found.update([path] if each else [])
                assert all(isinstance(item, View) for item in each), path
                kinds.setdefault(kind, set()).update(item.label for item in each)
    assert found >= {("positions",), ("coins",), ("coin", "series"), ("past", "trades")}
    assert all(labels <= {kind} for kind, labels in kinds.items())


def _lists(values, path):
    name, *rest = path
    if not rest:
        return [values[name]]
    owners = values["coins"] if name == "coin" else [values[name]]
    return [owner[rest[0]] for owner in owners]
