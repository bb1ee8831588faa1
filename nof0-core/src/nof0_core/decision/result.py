"""The outcome of asking a model."""

from __future__ import annotations

import attrs

from nof0_core.domain.decision import Judgement
from nof0_core.domain.model import Completion, Prompt
from nof0_core.domain.vocabulary import CycleStatus
from nof0_core.risk.approval import ApprovedDecision


@attrs.frozen(kw_only=True)
class DecisionResult:
    """What came of one cycle's question.

    `error` is a sentence unless `status` is ok. `completion` is the model's answer, also where it
    could not be used; its `chain_of_thought` is filled from the text where the backend gave none.
    `judgements` are in the order of the answer, malformed elements included. `prompt` is None where
    nobody read it. `latency_s` is real time spent on the model, whatever the engine's clock. Which
    models were asked, and what that cost, is in the log of calls the question was put with.
    """

    status: CycleStatus
    error: str = ""
    completion: Completion | None = None
    judgements: tuple[Judgement, ...] = ()
    approved: tuple[ApprovedDecision, ...] = ()
    prompt: Prompt | None = None
    latency_s: float = 0.0
