"""What is not read back before it is written comes back all the same."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from types import MappingProxyType

import attrs
import pytest
from unit.core.journal.test_codec import TIME, example, through_a_line

from nof0_core.domain.event import (
    BODIES,
    CycleEnded,
    Decided,
    HourMarked,
    HoursMarked,
    MarketSeen,
)
from nof0_core.domain.order import OrderRequest, PricedAt, Side, Trigger, TriggerKind
from nof0_core.domain.outcome import OrderOutcome
from nof0_core.domain.position import ExitPlan
from nof0_core.errors import UnbookableError
from nof0_core.journal.certainty import proof_of
from nof0_core.journal.codec import as_json

AS_WRITTEN = {cls.type for cls in (CycleEnded, Decided, HourMarked, HoursMarked, MarketSeen)}
WORDS = sorted(set(BODIES) - AS_WRITTEN)
"""Of bodies that are read back unless it is certain that they need not be."""


class Word(str):
    __slots__ = ()


class Amount(Decimal):
    __slots__ = ()


class Moment(datetime):
    pass


@attrs.frozen(kw_only=True)
class MorePlan(ExitPlan):
    more: str = "more"


ODD = [
    *(None, True, 0, 1, -1, 2**63, 2**64, -(2**80), 0.0, -0.0, 1.5, 1e300),
    *(float("nan"), float("inf"), float("-inf")),
    *map(Decimal, ("0", "-0", "1.10", "1E+400", "1E-400", "NaN", "sNaN", "-Infinity")),
    *("", "buy", "1.5", "2025-07-01T00:00:00Z", "\ud800", "\n", Word("x"), Amount("1.0"), b"x"),
    *(TIME, TIME.replace(tzinfo=None), TIME.replace(tzinfo=timezone(timedelta(0)))),
    TIME.astimezone(timezone(timedelta(hours=2))),
    TIME.replace(tzinfo=timezone(timedelta(minutes=1, seconds=1))),
    *(Moment(2025, 7, 1, tzinfo=UTC), timedelta(1), Side.BUY, TriggerKind.STOP, ExitPlan()),
    *(MorePlan(), Trigger(kind=TriggerKind.STOP, price=Decimal(1)), object()),
    *((), [], {}, ("x",), ["x"], {"x": Decimal(1)}, {"x": Decimal("NaN")}, {1: Decimal(1)}),
    *({"x": 1.5}, {Word("x"): Decimal(1)}, {"x": Amount(1)}, MappingProxyType({"x": Decimal(1)})),
    *({b"x": Decimal(1)}, {None: Decimal(1)}, {"x": None}, {"\ud800": Decimal(1)}),
]
"""What a field may be given that was meant for others, or for none."""
REFUSALS = (AttributeError, TypeError, ValueError)
"""How a class says itself that a value is none of its own."""
NEVER = {"instruments"}
"""Bodies that are always read back."""
ONE = Decimal(1)


def damaged(value):
    """Yield a record with something odd in each of its fields, and in each of a record in it."""
    for field in attrs.fields(type(value)):
        inner = getattr(value, field.name)
        within = damaged(inner) if attrs.has(type(inner)) else ()
        for odd in (*ODD, *within):
            with suppress(*REFUSALS):
                yield attrs.evolve(value, **{field.name: odd})


def leaves(value):
    """Yield the types of all that a body is made of, in the order of its fields."""
    yield type(value)
    if attrs.has(type(value)):
        for field in attrs.fields(type(value)):
            yield from leaves(getattr(value, field.name))
    elif isinstance(value, dict):
        for item in value.items():
            yield from map(type, item)


ANSWER = OrderOutcome(
    client_id="0x1", status="filled", venue_order_id="7", average_price=Decimal("1.5")
)
STOP = Trigger(kind=TriggerKind.STOP, price=Decimal("90000.5"))
ORDER = OrderRequest(
    client_id="0x1",
    symbol="BTC",
    side=Side.SELL,
    size=Decimal("0.1"),
    limit_price=Decimal(80000),
    trigger=STOP,
)
PLAN = ExitPlan(stop_loss=Decimal("90000.5"), take_profit=Decimal(110000))

WHOLE = {
    "order_intended": {"request": ORDER, "plan": PLAN, "priced": PricedAt(time=TIME, mark=ONE)},
    "filled": {"whole": Decimal(3)},
    "funding": {"amounts": {"a": Decimal("-1.5"), "b": Decimal(2)}},
    "exit_plan": {"plan": PLAN},
}
"""What the example of a body has in places that are empty else."""


@pytest.mark.parametrize("word", WORDS)
def test_whatever_a_field_is_given_comes_back_or_is_refused(word):
    certain = 0
    for body in damaged(example(word, **WHOLE.get(word, {}))):
        is_certain = proof_of(type(body))(body)
        refusal = ""
        try:
            found = through_a_line(body).body
        except UnbookableError as refused:
            refusal = str(refused)
        if refusal:
            # What is no text at all the encoder finds by itself.
            assert not is_certain or "surrogates" in refusal, body
            continue
        assert found == body
        if is_certain:
            assert list(leaves(found)) == list(leaves(body))
            assert as_json(found) == as_json(body)
            certain += 1
    assert certain or word in NEVER


@pytest.mark.parametrize(
    "body",
    [
        example("order_answered"),
        example("order_intended", request=ORDER, plan=PLAN),
        example("filled", whole=Decimal(3)),
        example("funding", amounts={"a": Decimal("-1.5"), "b": Decimal(2)}),
        example("exit_plan", plan=PLAN),
        example("held"),
        example("alert"),
    ],
    ids=lambda body: body.type,
)
def test_what_trading_writes_is_certain(body):
    assert proof_of(type(body))(body)


@pytest.mark.parametrize(
    "body",
    [
        # A word stands for the status, as a plugin may hand it over: it comes back as a status.
        example("order_answered", outcome=ANSWER),
        example("order_intended", plan=MorePlan()),
        example("funding", amounts={"a": Decimal("NaN")}),
        example("funding", time=TIME.replace(tzinfo=None)),
        example("filled", whole=1),
        example("reconciled", drift=(1,)),
        example("config_loaded", config={"Name": "x"}),
    ],
    ids=str,
)
def test_nothing_else_is(body):
    assert not proof_of(type(body))(body)
