"""What a template takes has an end: one trader's template must not stop the engine of all."""

from __future__ import annotations

import pytest

from nof0_core.errors import PromptError
from nof0_core.prompts.effort import MAX_MADE, MAX_SIZE, MAX_STEPS
from nof0_core.prompts.sandbox import sandbox

TOO_LARGE = f"more than {MAX_SIZE}"
TOO_MANY_STEPS = f"more than {MAX_STEPS} steps"
TOO_MUCH = f"more than {MAX_MADE}"
TOO_WIDE = "over 999"
TOO_LONG = "more than 999 digits"
HUGE = "1000000000"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        # One filter, method or operator.
        (f"{{{{ 'x'|center({HUGE}) }}}}", TOO_LARGE),
        (f"{{{{ 'x'|map('center', {HUGE})|list }}}}", TOO_LARGE),
        (f"{{{{ 'x'|indent({HUGE}, true) }}}}", TOO_LARGE),
        (f"{{{{ [1]|batch({HUGE}, 0)|list }}}}", TOO_LARGE),
        (f"{{{{ [1]|slice({HUGE})|list }}}}", TOO_LARGE),
        (f"{{{{ [1]|tojson(indent={HUGE}) }}}}", TOO_LARGE),
        (f"{{{{ 1|round(-{HUGE}) }}}}", TOO_WIDE),
        (f"{{{{ '%{HUGE}d'|format(1) }}}}", TOO_WIDE),
        (f"{{{{ '%*d'|format({HUGE}, 1) }}}}", TOO_WIDE),
        (f"{{{{ '%.{HUGE}f' % 1.0 }}}}", TOO_WIDE),
        (f"{{{{ '%(a){HUGE}d' % {{'a': 1}} }}}}", TOO_WIDE),
        (f"{{{{ '%((a)){HUGE}d' % {{'(a)': 1}} }}}}", "bracket"),
        (f"{{{{ '{{:{HUGE}d}}'.format(1) }}}}", TOO_WIDE),
        (f"{{{{ '{{:{{}}}}'.format(1, {HUGE}) }}}}", TOO_WIDE),
        ("{{ '{:\u0661\u0660\u0660\u0660}'.format(1) }}", TOO_WIDE),
        ("{{ ('{0}' * 3000).format('a' * 10000) }}", TOO_LARGE),
        (f"{{{{ 'x'.center({HUGE}) }}}}", TOO_LARGE),
        (f"{{{{ ('x'|safe).ljust({HUGE}) }}}}", TOO_LARGE),
        (f"{{{{ ('x'|attr('zfill'))({HUGE}) }}}}", TOO_LARGE),
        (f"{{% set f = '\\t'.expandtabs %}}{{{{ f({HUGE}) }}}}", TOO_LARGE),
        ("{{ 'a'.join(['b' * 10000] * 10000) }}", TOO_LARGE),
        ("{{ ('b' * 10000).join(range(9999)|map('string')) }}", TOO_LARGE),
        ("{{ ('a' * 10000).translate({97: 'b' * 10000}) }}", "not available"),
        ("{{ 'x'.encode() }}", "not available"),
        (f"{{{{ (1).to_bytes({HUGE}, 'big') }}}}", "not available"),
        ("{{ ([['a'] * 10000] * 10000)|sum(start=[]) }}", TOO_LARGE),
        ("{{ [['a'], ['b']]|sum(start=[]) }}", "sum adds up numbers"),
        ("{{ (('ab ' * 3000) ~ ('ab ' * 3000))|wordwrap(1) }}", "at most 10000"),
        ("{{ account.equity.scaleb(999990)|int }}", TOO_LONG),
        ("{{ '%d' % account.equity.scaleb(999990) }}", TOO_LONG),
        # Little by little.
        ("{% set a = 'a' * 10000 %}{{ a|replace('a', a) }}", TOO_LARGE),
        ("{{ 'a'.replace('', 'b' * 10000).replace('b', 'c' * 10000) }}", TOO_LARGE),
        (
            (
                "{% set n = namespace(a='ab') %}{% for i in range(60) %}{% set n.a = n.a ~ n.a %}"
                "{% endfor %}"
            ),
            TOO_LARGE,
        ),
        (
            (
                "{% set n = namespace(a=[1]) %}{% for i in range(60) %}{% set n.a = n.a + n.a %}"
                "{% endfor %}"
            ),
            TOO_LARGE,
        ),
        (
            (
                "{% set n = namespace(a=1) %}{% for i in range(60) %}{% set n.a = [n.a, n.a] %}"
                "{% endfor %}{{ n.a }}"
            ),
            TOO_LARGE,
        ),
        (
            (
                "{% set n = namespace(a=1) %}{% for i in range(60) %}"
                "{% set n.a = {'x': n.a, 'y': (n.a, 1)} %}{% endfor %}{{ n.a }}"
            ),
            TOO_LARGE,
        ),
        (
            (
                "{% set n = namespace(a=10) %}{% for i in range(60) %}{% set n.a = n.a * n.a %}"
                "{% endfor %}"
            ),
            "more than 4096 bits",
        ),
        (
            (
                "{% set n = namespace(a=costs.fee_pct) %}{% for i in range(60) %}"
                "{% set n.a = n.a / (1 / n.a) %}{% endfor %}"
            ),
            TOO_LONG,
        ),
        ("{% set a = namespace() %}{% set b = namespace(a=a) %}", "namespace cannot be kept"),
        ("{% set a = namespace() %}{% set a.a = [a] %}", "namespace cannot be kept"),
        ("{% set a = namespace() %}{% set a.a = a %}", "namespace cannot be kept"),
        ("{% set x %}{% for i in range(9999) %}{{ 'a' * 9999 }}{% endfor %}{% endset %}", TOO_MUCH),
        (
            (
                "{% macro m() %}{% for i in range(9999) %}{{ 'a' * 9999 }}{% endfor %}"
                "{% endmacro %}{{ m()|length }}"
            ),
            TOO_MUCH,
        ),
        ("{{ ('a' * 9999)|list|map('center', 9999)|list|length }}", TOO_MUCH),
        # Nothing large, for ever.
        (
            (
                "{% set l = 'a' * 9999 %}{% for a in l %}{% for b in l %}{% for c in l %}"
                "{% endfor %}{% endfor %}{% endfor %}"
            ),
            TOO_MANY_STEPS,
        ),
        (
            (
                "{% set l = 'a' * 9999 %}{% for a in l|map('upper') %}{% for b in l if b == 'b' %}"
                "{% endfor %}{% endfor %}"
            ),
            TOO_MANY_STEPS,
        ),
        (
            (
                "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{{ m(n - 1) }}{% endif %}{% endmacro %}"
                "{{ m(40) }}"
            ),
            TOO_MANY_STEPS,
        ),
        (
            (
                "{% for a in [40] recursive %}{% if a %}{{ loop([a - 1]) }}{{ loop([a - 1]) }}"
                "{% endif %}{% endfor %}"
            ),
            TOO_MANY_STEPS,
        ),
        (
            "{% set l = range(9000)|list %}{% for i in l %}{{ -1 in l }}{% endfor %}",
            TOO_MUCH,
        ),
        ("{% set l = range(9000)|list %}{{ l|select('in', l)|list|length }}", TOO_MUCH),
        ("{% set l = range(9000)|list %}{{ l|reject('in', l)|list|length }}", TOO_LARGE),
        (
            (
                "{% set a = 'a ' * 1000 %}{% for i in range(9999) %}{% set b = a|wordwrap(1) %}"
                "{% endfor %}"
            ),
            TOO_MANY_STEPS,
        ),
        ("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "RecursionError"),
    ],
)
def test_what_a_template_takes_has_an_end(text_of, body, message):
    with pytest.raises(PromptError, match=rf"user\.tmpl:2: .*{message}"):
        text_of(body)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("{{ [3, 1]|sort|first }}{{ {'b': 1}|dictsort }}{{ 'a,b'.split(',')|map('upper')|join }}",
         "1[('b', 1)]AB"),
        ("{{ 3 + 4 }}{{ 'a' ~ 3 }}{{ 7 % 4 }}{{ 7 / 2 }}{{ ['a'] + ['b'] }}", "7a333.5['a', 'b']"),
        ("{{ '%05.2f'|format(3.14159) }}{{ 'n %d of %s %%' % (3, 'x') }}", "03.14n 3 of x %"),
        ("{{ '{:>8,.2f}'.format(1234.5) }}{{ '{a}{0}'.format(1, a=2) }}", "1,234.5021"),
        ("{{ 'a'.center(3) }}{{ '-'.join(symbols|map('lower'))|length }}", " a 24"),
        ("{{ 'ab'|wordwrap(1) }}{{ 'a\nb'|indent(2) }}{{ 'aXb'|replace('X', '--') }}",
         "a\nba\n  ba--b"),
        ("{{ 2.55|round(1) }}{{ 5|round(-1)|int }}{{ [1, 2, 3]|batch(2, 0)|list }}",
         "2.50[[1, 2], [3, 0]]"),
        ("{%set n=namespace(i=0)%}{%for c in coins%}{%set n.i=n.i + 1%}{{ n.i }}{%endfor%}",
         "123456"),
        ("{% macro m(x) %}<{{ x }}>{% endmacro %}{{ m('a') ~ m('b') }}", "<a><b>"),
        ("{% for a in [[1, [2]]] recursive %}{{ a if a is number else loop(a) }}{% endfor %}",
         "12"),
        ("{% set x %}a{{ 1 }}{% endset %}{% filter upper %}{{ x }}{% endfilter %}", "A1"),
        ("{{ coins|map(attribute='symbol')|join('/') }}", "BTC/ETH/SOL/BNB/DOGE/XRP"),
        ("{% for x in range(3) if x is odd %}{{ x }}{{ loop.length }}{% endfor %}", "11"),
        ("{% for a, b in {'x': 1}.items() %}{{ a }}{{ b }}{% endfor %}", "x1"),
        ("{{ ['a', 'b'] == ['a', 'b'] }}{{ 'a' in symbols }}{{ 1 < 2 < limits.max_positions }}",
         "TrueFalseTrue"),
    ],
)  # fmt: skip
def test_what_is_counted_gives_what_it_did(text_of, body, text):
    assert text_of(body) == text


def test_each_rendering_begins_with_everything_left(book_of):
    book = book_of("{# Version: 1 #}\n{% for i in range(9999) %}{% set a = 'a' ~ i %}{% endfor %}x")
    for _ in range(20):
        assert book.render(book.sample_context(), trader_name="x").messages[1].content == "x"


def test_every_filter_and_test_is_counted():
    environment = sandbox()
    for each in (*environment.filters.values(), *environment.tests.values()):
        assert each.__module__ == "nof0_core.prompts.measured"
