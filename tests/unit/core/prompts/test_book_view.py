"""What templates see of an order book, and when it is there."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D

import attrs
import pytest

from nof0_core.domain.order_book import BookLevel, OrderBook
from nof0_core.errors import PromptError
from nof0_core.prompts.book_use import uses_order_books
from nof0_core.prompts.sample import NOW, sample_context


def levels(*rows):
    return tuple(BookLevel(price=D(price), size=D(size)) for price, size in rows)


BOOK = OrderBook(
    symbol="BTC",
    time=NOW - timedelta(seconds=7),
    bids=levels(("99990", "0.5"), ("99900", "1"), ("99000", "3")),
    asks=levels(("100010", "0.25"), ("100100", "2")),
)


def seen(book, **limits):
    """The sample context, of BTC alone and with this order book."""
    context = sample_context()
    snapshot = attrs.evolve(context.snapshots["BTC"], book=book)
    return attrs.evolve(
        context, snapshots={"BTC": snapshot}, limits=attrs.evolve(context.limits, **limits)
    )


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("book.bid", "99990"),
        ("book.ask", "100010"),
        ("book.spread_bps", "2.00"),
        ("book.reach_bps", "10.00"),
        ("book.bid_depth_usd(1)", "49995"),
        ("book.bid_depth_usd(10)", "149895"),
        ("book.bid_depth_usd(0.5)", "0"),
        ("book.bid_depth_usd(100)", "446895"),
        ("book.ask_depth_usd(9.99)", "25002"),
        ("book.imbalance(10)", "-0.20"),
        ("book.imbalance(0.1)", "None"),
        ("book.age_seconds", "7"),
    ],
)
def test_figures_of_a_book(text_of, expression, text):
    body = "{% set book = coins[0].book %}{{ " + expression + " }}"
    assert text_of(body, seen(BOOK)).strip() == text


@pytest.mark.parametrize("side", ["bids", "asks"])
def test_without_a_side_nothing_is_known_of_the_middle(text_of, side):
    body = (
        "{% set b = coins[0].book %}{{ b.bid }} {{ b.ask }} {{ b.spread_bps }} {{ b.reach_bps }} "
        "{{ b.bid_depth_usd(10) }} {{ b.ask_depth_usd(10) }} {{ b.imbalance(10) }}"
    )
    text = text_of(body, seen(attrs.evolve(BOOK, **{side: ()}))).strip()
    there = {"bids": "None 100010", "asks": "99990 None"}[side]
    assert text == there + 5 * " None"


def test_what_is_no_number_of_basis_points_is_told(text_of):
    with pytest.raises(PromptError, match=r"user.tmpl:2: ValueError: not a number: 'ten'"):
        text_of("{{ coins[0].book.bid_depth_usd('ten') }}", seen(BOOK))


def test_an_old_book_is_none(text_of):
    body = "{{ coins[0].book is none }}"
    assert text_of(body, seen(BOOK, max_data_age=timedelta(seconds=7))).strip() == "False"
    old = timedelta(seconds=6, microseconds=999_999)
    assert text_of(body, seen(BOOK, max_data_age=old)).strip() == "True"
    assert text_of(body, seen(None)).strip() == "True"


def test_two_traders_with_other_limits_share_a_view_maker(book_of):
    """One sees the book, the other finds it too old, both of the same snapshot."""
    book = book_of("{# Version: 1 #}\n{{ coins[0].book is none }}")
    patient, strict = seen(BOOK), None
    strict = attrs.evolve(
        patient, limits=attrs.evolve(patient.limits, max_data_age=timedelta(seconds=1))
    )
    texts = [
        book.render(c, trader_name="x").messages[1].content for c in (patient, strict, patient)
    ]
    assert texts == ["False", "True", "False"]


def test_a_name_that_a_book_has_not_is_found_before_a_run(book_of):
    body = (
        "{# Version: 1 #}\n{% for coin in coins %}{% if coin.book is not none %}\n"
        "{{ coin.book.spread }}\n{% endif %}{% endfor %}\n"
    )
    [problem] = book_of(body).check()
    assert (problem.line, problem.message) == (
        3, 'book has no "spread", did you mean "spread_bps"?',
    )  # fmt: skip


def test_a_book_that_may_be_missing_has_to_be_asked_for(book_of):
    problems = book_of("{# Version: 1 #}\n{{ coins[0].book.bid }}\n").check()
    assert [problem.line for problem in problems] == [2]


@pytest.mark.parametrize(
    ("text", "is_used"),
    [
        ("{{ coins[0].book.bid }}", True),
        ("{{ coins[0]['book'].bid }}", True),
        ("{% for c in coins %}{% if false %}{{ c.book }}{% endif %}{% endfor %}", True),
        ("{% for b in coins | map(attribute='book.bid') %}{% endfor %}", True),
        ("{{ coins[0] | attr('book') }}", True),
        ("Read the book. {# coin.book #} {{ coins[0].mark }} {{ 'a book' }}", False),
        ("{% set notebook = 1 %}{{ notebook }}{{ book }}", False),
        ("nothing", False),
        ("{% if coin.book", False),
    ],
)
def test_a_template_uses_books_where_it_names_them(text, is_used):
    assert uses_order_books(text) is is_used
