"""Of which type an answer of an exchange has to be, before anybody looks into it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import attrs

from nof0_core.domain.account import AccountReport, VenueAccount
from nof0_core.domain.fill import Fill, FundingPayment
from nof0_core.domain.outcome import OrderOutcome, VenueOrder
from nof0_core.domain.position import VenuePosition


@attrs.frozen
class Shape:
    """What a verb has to answer; `fault` says what is wrong with an answer, "" if nothing is."""

    wanted: str
    fault: Callable[[object], str]


def _named(answer: object) -> str:
    return f"a {type(answer).__name__}"


def _sequence(answer: object, kind: type) -> str:
    if isinstance(answer, str | bytes) or not isinstance(answer, Sequence):
        return _named(answer)
    for each in answer:
        if type(each) is not kind:
            return f"{_named(answer)} with {_named(each)} in it"
    return ""


def _sequence_of(kind: type) -> Shape:
    return Shape(f"a sequence of {kind.__name__}", lambda answer: _sequence(answer, kind))


def _order(answer: object) -> str:
    return "" if answer is None or type(answer) is VenueOrder else _named(answer)


def _report(answer: object) -> str:
    if type(answer) is not AccountReport:
        return _named(answer)
    if type(answer.account) is not VenueAccount:
        return f"account: {_named(answer.account)}"
    for name, part, kind in (
        ("positions", answer.positions, VenuePosition),
        ("orders", answer.orders, VenueOrder),
    ):
        fault = _sequence(part, kind)
        if fault:
            return f"{name}: {fault}"
    return ""


_ORDER = Shape("a VenueOrder or None", _order)
SHAPES = {
    "report": Shape("an AccountReport", _report),
    "fills": _sequence_of(Fill),
    "accept_marks": _sequence_of(Fill),
    "funding": _sequence_of(FundingPayment),
    "order": _ORDER,
    "prove": _ORDER,
    "place": _sequence_of(OrderOutcome),
    "cancel": _sequence_of(OrderOutcome),
}
"""By verb; what is not here answers nothing that anybody reads."""


def wrong_shape(verb: str, answer: object) -> str:
    """Say that an answer is of a wrong type, as `VERB answered with …, not …`; "" if it is not."""
    shape = SHAPES.get(verb)
    fault = shape.fault(answer) if shape is not None else ""
    return f"{verb} answered with {fault}, not {shape.wanted}" if shape and fault else ""
