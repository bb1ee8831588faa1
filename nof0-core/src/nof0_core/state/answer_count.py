"""What a cycle says of its trader's model."""

from __future__ import annotations

from nof0_core.domain.event import CycleEnded
from nof0_core.domain.quality import NO_ANSWERS, AnswerCount
from nof0_core.domain.vocabulary import CallOutcome, CycleStatus

_USABLE = AnswerCount(asked=1, usable=1)
_UNUSABLE = AnswerCount(asked=1)
_FAILED = frozenset(
    {CycleStatus.INVALID_OUTPUT, CycleStatus.MODEL_TIMEOUT, CycleStatus.MODEL_ERROR}
)
"""Endings of cycles in which the model gave nothing usable."""


def counted(record: CycleEnded) -> AnswerCount:
    """Return whether the model was asked in a cycle, and whether its answer could be used.

    Where a decision was recorded the answer could be used, however its orders ended. A budget
    that was spent between two calls of one cycle leaves a model that was asked. Markets, exchanges,
    recordings, stops of the engine and defects of it say nothing of a model.
    """
    if record.status is CycleStatus.OK or record.decided is not None:
        return _USABLE
    if record.status in _FAILED:
        return _UNUSABLE
    if record.status is CycleStatus.BUDGET_EXCEEDED and any(
        call.outcome is not CallOutcome.BUDGET for call in record.calls
    ):
        return _UNUSABLE
    return NO_ANSWERS
