"""What goes into the journal comes out of it, or is refused."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import attrs
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nof0_core.domain.event import (
    BODIES,
    Alerted,
    Body,
    Event,
    InstrumentsListed,
    MarketSeen,
    OrderIntended,
)
from nof0_core.domain.instrument import Instrument, MarginTier
from nof0_core.domain.order import OrderPurpose, OrderRequest, Side, Trigger, TriggerKind
from nof0_core.errors import JournalError, UnbookableError
from nof0_core.ids import ENGINE
from nof0_core.journal.codec import as_json, decode, moment
from nof0_core.journal.formats import genesis
from nof0_core.journal.record import build, parse

WHOLE = st.integers()
REAL = st.floats(allow_nan=False, allow_infinity=False)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
MOMENTS = st.datetimes(timezones=st.just(UTC))
JSON = st.recursive(
    st.none() | st.booleans() | WHOLE | REAL | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
SIMPLE = {
    int: WHOLE,
    float: REAL,
    str: WORDS,
    bool: st.booleans(),
    datetime: MOMENTS,
    Decimal: st.decimals(allow_nan=False, allow_infinity=False),
    Any: JSON,
    NoneType: st.none(),
}
AMOUNTS = SIMPLE[Decimal]


def usual(lever):
    return MarginTier(lower_bound=Decimal(0), max_leverage=lever).maintenance


@st.composite
def tiers(draw):
    """Make margin tiers that fit each other."""
    bounds = sorted(draw(st.sets(st.decimals("0.001", 10**9, places=3), max_size=3)))
    levers = sorted(draw(st.lists(st.integers(1, 100), min_size=4, max_size=4)), reverse=True)
    made = zip([Decimal(0), *bounds], levers, strict=False)
    rated = [
        MarginTier(
            lower_bound=bound,
            max_leverage=lever,
            # To the last digit what stands for None: a rounded one would be below it.
            maintenance_rate=draw(st.none() | st.just(usual(lever))),
        )
        for bound, lever in made
    ]
    return draw(st.sampled_from([(), tuple(rated)]))


INSTRUMENTS = st.builds(
    Instrument,
    symbol=WORDS,
    size_decimals=WHOLE,
    price_decimals=WHOLE,
    price_figures=WHOLE,
    max_leverage=st.integers(1, 100),
    min_notional=AMOUNTS,
    tiers=tiers(),
)
SIMPLE[Instrument] = INSTRUMENTS
TIME = datetime(2025, 7, 1, tzinfo=UTC)
OF_NOTE = Alerted(code="test", message="of note")


def values_of(annotation):
    """Make anything a type allows; no default is left untouched."""
    annotation = getattr(annotation, "__supertype__", annotation)
    if annotation in SIMPLE:
        return SIMPLE[annotation]
    if attrs.has(annotation):
        hints = get_type_hints(annotation)
        fields = {f.name: values_of(hints[f.name]) for f in attrs.fields(annotation)}
        return st.builds(annotation, **fields)
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return st.sampled_from(annotation)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in {Union, UnionType}:
        return st.one_of(*map(values_of, arguments))
    if origin is tuple:
        return st.lists(values_of(arguments[0]), max_size=2).map(tuple)
    assert issubclass(origin, Mapping)
    return st.dictionaries(*map(values_of, arguments), max_size=2)


def through_a_line(body):
    event = Event(seq=1, time=TIME, stream=ENGINE, body=body)
    line, _ = build(event, prev=genesis(ENGINE), wall=TIME)
    return parse(bytes(line[:-1])).event()


def test_who_wrote_a_line_has_a_place_of_constant_length():
    event = Event(seq=1, time=TIME, stream=ENGINE, body=OF_NOTE)
    lines = [
        bytes(build(event, prev=genesis(ENGINE), wall=TIME, **who)[0][:-1])
        for who in ({}, {"by": "0123456789abcdef"}, {"by": "f" * 16, "lease": 9_999_999_999})
    ]
    told = [parse(line) for line in lines]
    assert len({len(line) for line in lines}) == 1
    assert len({record.hash for record in told}) == 1
    assert [(r.by, r.lease) for r in told] == [
        ("0" * 16, "0000000000"),
        ("0123456789abcdef", "0000000000"),
        ("f" * 16, "9999999999"),
    ]
    assert all(record.has_true_wall() and record.event() == event for record in told)
    for of, other in ((b"0123456789abcdef", b"0123456789abcdee"), (b'"lease":"0', b'"lease":"1')):
        assert not parse(lines[1].replace(of, other)).has_true_wall()


def test_an_instrument_that_was_read_can_be_hashed():
    coin = Instrument(symbol="BTC", size_decimals=5, price_decimals=1, max_leverage=50)
    found = through_a_line(InstrumentsListed(section="main", instruments={"BTC": coin})).body
    assert {found.instruments["BTC"]: 1}[coin] == 1


def test_every_class_of_body_is_known_by_its_word():
    assert BODIES
    assert all(attrs.has(cls) and issubclass(cls, Body) for cls in BODIES.values())
    assert all(cls.type == word for word, cls in BODIES.items())


@pytest.mark.parametrize("word", BODIES)
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_body_comes_back_exactly(word, data):
    body = data.draw(values_of(BODIES[word]))
    event = through_a_line(body)
    assert type(event.body) is type(body)
    if isinstance(body, MarketSeen):
        assert isinstance(event.body.snapshots, msgspec.Raw)
        assert msgspec.json.decode(event.body.snapshots) == body.snapshots
        body = attrs.evolve(body, snapshots=event.body.snapshots)
    assert event.body == body
    # Equal amounts may differ in their zeros; as text they must not.
    assert as_json(event.body) == as_json(body)


def test_ready_made_json_is_embedded_byte_for_byte():
    ready = b'{"BTC":{"mark":"1.10","bars":[[1,2.50]]}}'
    body = MarketSeen(section="main", digest="d", snapshots=msgspec.Raw(ready))
    event = Event(seq=1, time=TIME, stream=ENGINE, body=body)
    line, _ = build(event, prev=genesis(ENGINE), wall=TIME)
    assert b'"snapshots":' + ready + b"}" in line
    assert parse(bytes(line[:-1])).event().body == body


def example(word, **changes):
    """Build a body from the first value each type allows, with some fields changed."""
    cls = BODIES[word]
    simple = {
        int: 1,
        bool: True,
        float: 0.5,
        str: "x",
        datetime: TIME,
        Decimal: Decimal(1),
        Any: {},
    }

    def first(annotation):
        annotation = getattr(annotation, "__supertype__", annotation)
        if annotation in simple:
            return simple[annotation]
        if attrs.has(annotation):
            return make(annotation)
        if isinstance(annotation, type):
            return next(iter(annotation))
        origin = get_origin(annotation)
        if origin in {Union, UnionType}:
            return None
        return () if origin is tuple else {}

    def make(kind):
        hints = get_type_hints(kind)
        return kind(**{f.name: first(hints[f.name]) for f in attrs.fields(kind)})

    return attrs.evolve(make(cls), **changes)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(
            example("order_intended", confidence=float("nan")), "confidence is nan", id="nan"
        ),
        pytest.param(
            example("order_intended", confidence=float("inf")), "confidence is inf", id="infinity"
        ),
        pytest.param(
            example("funding", time=datetime(2025, 7, 1)),  # noqa: DTZ001 - the point of it
            "time has no time zone",
            id="naive moment",
        ),
        pytest.param(
            example("cycle", parameters={"deep": [{"x": float("nan")}]}),
            "parameters.deep.x is nan",
            id="nan deep in parameters",
        ),
        pytest.param(
            example("cycle", parameters={"fast": Decimal(1)}), "holds a Decimal", id="decimal"
        ),
        pytest.param(example("cycle", parameters={"pair": (1, 2)}), "holds a tuple", id="tuple"),
        pytest.param(example("cycle", parameters={1: 2}), "not a string", id="number as key"),
        pytest.param(example("alert", message="\ud800"), "cannot be written", id="half character"),
        pytest.param(
            example("market", snapshots=msgspec.Raw(b'{"a":\n1}')), "line break", id="line break"
        ),
    ],
)
def test_what_json_would_change_is_refused(body, words):
    with pytest.raises(UnbookableError, match=words):
        through_a_line(body)


def test_type_of_a_newer_version_is_named():
    with pytest.raises(JournalError, match='"teleported" is not known') as caught:
        decode("teleported", b"{}")
    assert "newer version" in caught.value.hints[0]


def test_body_that_does_not_fit_is_refused():
    with pytest.raises(JournalError, match="does not fit"):
        decode("engine_stopped", b'{"reason":5}')


@given(MOMENTS)
def test_moments_have_one_width(time):
    text = moment(time)
    assert len(text) == 27
    assert datetime.fromisoformat(text) == time


def test_orders_written_before_triggers_told_their_kind_are_market_triggers():
    trigger = Trigger(kind=TriggerKind.STOP, price=Decimal(2))
    request = OrderRequest(
        client_id="0x1", symbol="BTC", side=Side.SELL, size=Decimal(1), limit_price=Decimal(1)
    )
    body = OrderIntended(
        trader="ann",
        venue_account="paper",
        cycle="c",
        purpose=OrderPurpose.STOP,
        request=attrs.evolve(request, trigger=trigger),
    )
    (name,) = (name for name, kind in BODIES.items() if kind is OrderIntended)
    written = msgspec.json.encode(body)
    older = written.replace(b'"is_market":true,', b"")
    assert older != written
    assert decode(name, older) == body
