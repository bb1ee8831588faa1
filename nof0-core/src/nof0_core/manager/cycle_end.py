"""The end of a cycle that orders: what is written after its `decided` record."""

from __future__ import annotations

from typing import Any

import attrs

from nof0_core.domain.decision import Judgement, Signal
from nof0_core.domain.event import CycleEnded, Decided, Event, OrderReport
from nof0_core.domain.order import OrderPurpose, OrderStatus
from nof0_core.domain.order_record import OrderRecord
from nof0_core.domain.outcome import OrderOutcome
from nof0_core.domain.vocabulary import CycleStatus
from nof0_core.ids import Symbol
from nof0_core.state.engine_state import EngineState
from nof0_core.state.recorder import Recorder

_SHARED = (
    "trader",
    "cycle",
    "number",
    "scheduled",
    "model",
    "market",
    "account",
    "performance",
    "as_of",
)
"""What both records of a cycle have."""


def ending(decided: Decided, /, **came: Any) -> CycleEnded:
    """Return the end of a decision's cycle, with what came of it."""
    return CycleEnded(**{name: getattr(decided, name) for name in _SHARED}, **came)


def end_early(
    recorder: Recorder, event: Event, status: CycleStatus, why: str, *, took: float = 0.0
) -> None:
    """Write the end of a cycle whose orders were not carried out to the end.

    Args:
        recorder: where it is written.
        event: the `Decided` event.
        status: of the cycle.
        why: the sentence.
        took: seconds of real time the model had.
    """
    decided = event.body
    assert isinstance(decided, Decided)  # noqa: S101 - what callers have at hand
    orders = known_orders(decided, recorder.state, why)
    body = ending(decided, status=status, error=why, orders=orders, decided=event.seq)
    recorder.record(decided.trader, body, took=took)


def end_interrupted(recorder: Recorder) -> None:
    """End the cycles during which an earlier process ended; a second call finds none."""
    for event in recorder.state.open_decisions:
        why = "nof0 ended while its orders were under way"
        end_early(recorder, event, CycleStatus.INTERRUPTED, why)


def known_orders(decided: Decided, state: EngineState, why: str) -> tuple[OrderReport, ...]:
    """Return what is known of the orders a decision led to.

    Nothing leaves before its intent is recorded: what was approved and has none was not sent, for
    the reason `why`.
    """
    found = tuple(_report(record) for record in state.orders_of(decided.cycle))
    intended = {(report.purpose, report.symbol) for report in found}
    unsent = tuple(
        OrderReport(purpose=purpose, symbol=symbol, reason=f"not sent: {why}")
        for purpose, symbol in map(_wanted, filter(_is_order, decided.judgements))
        if (purpose, symbol) not in intended
    )
    return (*found, *unsent)


def _report(record: OrderRecord) -> OrderReport:
    outcome = record.outcome
    if outcome is None:
        outcome = OrderOutcome(client_id=record.client_id, status=OrderStatus.UNKNOWN)
    return OrderReport(
        purpose=record.purpose,
        symbol=record.symbol,
        request=record.request,
        outcome=attrs.evolve(outcome, fills=()),
    )


def _is_order(judgement: Judgement) -> bool:
    return judgement.is_approved and judgement.decision.signal is not Signal.HOLD


def _wanted(judgement: Judgement) -> tuple[OrderPurpose, Symbol]:
    is_close = judgement.decision.signal is Signal.CLOSE
    return OrderPurpose.CLOSE if is_close else OrderPurpose.OPEN, judgement.decision.symbol
