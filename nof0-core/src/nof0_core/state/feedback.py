"""What the engine keeps in mind of a trader's past for its next question."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from nof0_core.domain.decision import Judgement, Signal, VerdictKind
from nof0_core.domain.event import CycleEnded, OrderReport
from nof0_core.domain.feedback import LastAnswer, Outcome, Shortfall
from nof0_core.domain.order import OrderPurpose, OrderStatus
from nof0_core.domain.vocabulary import CycleStatus
from nof0_core.ids import Symbol

MOST_SETBACKS = 6
MOST_REASONS = 3
LONGEST_REASON = 300

ANSWERED = frozenset({CycleStatus.OK, CycleStatus.INVALID_OUTPUT})
"""Endings of cycles in which the model said something; so it did where a decision was recorded."""
_UNFILLED = {
    OrderStatus.REJECTED: Outcome.NOT_FILLED,
    OrderStatus.CANCELED: Outcome.NOT_FILLED,
    OrderStatus.PARTLY_FILLED: Outcome.PARTLY_FILLED,
}


def answer_in(record: CycleEnded, time: datetime) -> LastAnswer | None:
    """Return what became of the answer in a cycle record; None if the model gave none."""
    if record.status not in ANSWERED and record.decided is None:
        return None
    setbacks = tuple(_setbacks(record))
    return LastAnswer(
        time=time,
        error=record.error[:LONGEST_REASON] if record.status is CycleStatus.INVALID_OUTPUT else "",
        setbacks=setbacks[:MOST_SETBACKS],
        left_out=max(0, len(setbacks) - MOST_SETBACKS),
    )


def _setbacks(record: CycleEnded) -> Iterator[Shortfall]:
    orders = {(report.purpose, report.symbol): report for report in record.orders}
    for judgement in record.judgements:
        found = _ordered(judgement, orders) or _judged(judgement)
        if found is not None:
            yield found


def _judged(judgement: Judgement) -> Shortfall | None:
    """Return what the checks had against a decision, if it mattered."""
    if not judgement.is_approved:
        outcome, kind = Outcome.REFUSED, VerdictKind.VETO
    elif any(verdict.kind is VerdictKind.SHRINK for verdict in judgement.verdicts):
        outcome, kind = Outcome.CUT, VerdictKind.SHRINK
    else:
        return None
    reasons = (f"{v.code}: {v.message}" for v in judgement.verdicts if v.kind is kind)
    return _setback(judgement, outcome, *reasons)


def _ordered(
    judgement: Judgement, orders: Mapping[tuple[OrderPurpose, Symbol], OrderReport]
) -> Shortfall | None:
    """Return what kept an approved decision's order from being filled whole, if anything did."""
    decision = judgement.decision
    if not judgement.is_approved or decision.signal is Signal.HOLD:
        return None
    purpose = OrderPurpose.OPEN if decision.signal.is_entry else OrderPurpose.CLOSE
    report = orders.get((purpose, decision.symbol))
    outcome = _UNFILLED.get(report.status) if report is not None else None
    if report is None or outcome is None:
        return None
    reason = report.why or report.status.value
    return _setback(judgement, outcome, reason)


def _setback(judgement: Judgement, outcome: Outcome, *reasons: str) -> Shortfall:
    return Shortfall(
        symbol=judgement.decision.symbol,
        signal=judgement.decision.signal,
        outcome=outcome,
        reasons=tuple(reason[:LONGEST_REASON] for reason in reasons[:MOST_REASONS]),
    )
