"""What an exchange's answers must be like, by verb.

Answers of one piece are good or bad as a whole. Of rows that stand for themselves (fills, funding)
the bad ones are parted from the good.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, Generic, TypeVar

import attrs

from nof0_core.border.glance import Check
from nof0_core.border.records import (
    FILL,
    FUNDING,
    HISTORY_ROWS,
    ORDER,
    OUTCOME,
    REPORT,
    ROWS,
    SYMBOL,
    Record,
    count,
    rows,
)
from nof0_core.border.values import optional, shown
from nof0_core.domain.fill import Fill, FundingPayment
from nof0_core.domain.order import OrderRequest
from nof0_core.domain.outcome import OrderOutcome, VenueOrder
from nof0_core.ids import Symbol

Row = TypeVar("Row", Fill, FundingPayment)

WHOLE: Mapping[str, Check] = {
    "report": REPORT,
    "order": optional(ORDER),
    "prove": optional(ORDER),
    "place": rows(OUTCOME),
    "cancel": rows(OUTCOME),
}
"""Checks of answers of one piece."""
SINGLE: Mapping[str, tuple[Record, int]] = {
    "fills": (FILL, HISTORY_ROWS),
    "accept_marks": (FILL, ROWS),
    "funding": (FUNDING, HISTORY_ROWS),
}
"""Checks of rows that stand for themselves, and how many there may be."""


@attrs.frozen
class BadRow:
    """A row nobody may book: the coin it names, None if it names none, and what is wrong."""

    symbol: Symbol | None
    problem: str


@attrs.frozen
class Told(Generic[Row]):
    """Rows that can be booked, in the order they came, and those that cannot."""

    good: tuple[Row, ...] = ()
    bad: tuple[BadRow, ...] = ()


def wrong(verb: str, answer: object) -> str:
    """Say what is wrong with an answer apart from single rows, "" if nothing is."""
    check = WHOLE.get(verb)
    if check is not None:
        return check(answer)
    single = SINGLE.get(verb)
    return count(answer, most=single[1]) if single is not None else ""


def sorted_out(verb: str, answer: object) -> Told[Row]:
    """Part good rows from bad ones; of a bad kind of container `wrong` has told."""
    if not answer:
        return Told()
    check, _ = SINGLE[verb]
    good: list[Row] = []
    bad: list[BadRow] = []
    for number, row in enumerate(answer):  # type: ignore[arg-type,var-annotated]  # counted
        problem = check(row)
        if not problem:
            good.append(row)
            continue
        symbol = getattr(row, "symbol", None) if type(row) in (Fill, FundingPayment) else None
        is_named = not SYMBOL(symbol)
        bad.append(BadRow(Symbol(str(symbol)) if is_named else None, f"[{number}] {problem}"))
    return Told(tuple(good), tuple(bad))


def without_secrets(verb: str, answer: Any, redact: Callable[[str], str]) -> Any:
    """Return an answer that `wrong` let through, with no secret in the venue's own wording."""

    def worded(row: Any) -> Any:
        clean = redact(row.reason) if row.reason else ""
        return row if clean == row.reason else attrs.evolve(row, reason=clean)

    if verb in ("place", "cancel"):
        return type(answer)(map(worded, answer))
    if verb in ("order", "prove"):
        return answer if answer is None else worded(answer)
    if verb == "report" and any(order.reason for order in answer.orders):
        return attrs.evolve(answer, orders=tuple(map(worded, answer.orders)))
    return answer


def unlike(request: OrderRequest, found: VenueOrder) -> str:
    """Say in what an order of the venue cannot be the one that was sent, "" if it can."""
    for name in ("client_id", "symbol", "side"):
        ours, theirs = getattr(request, name), getattr(found, name)
        if ours != theirs:
            return f"has the {name} {shown(theirs)} where {shown(ours)} was asked for"
    return _excess(request, found.filled_size)


def unlike_any(requests: Sequence[OrderRequest], outcomes: Sequence[OrderOutcome]) -> str:
    """Say why answers cannot be about these orders, one each and in their order; "" if they can."""
    if [o.client_id for o in outcomes] != [r.client_id for r in requests]:
        return "is about other orders than were sent, or not one each in the same order"
    for request, outcome in zip(requests, outcomes, strict=True):
        problem = _excess(request, outcome.filled_size)
        if problem:
            return f"of {request.client_id} {problem}"
    return ""


def _excess(request: OrderRequest, filled: Decimal) -> str:
    # A size of 0 is all that the venue has.
    if request.size and filled > request.size:
        return f"has filled_size {filled}, more than the {request.size} that were ordered"
    return ""
