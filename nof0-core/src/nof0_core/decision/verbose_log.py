"""`VerboseLLM`: prompts and answers in full in the log."""

from __future__ import annotations

from collections.abc import Sequence

from nof0_core.decision.result import DecisionResult
from nof0_core.domain.context import DecisionContext
from nof0_core.domain.model import ModelCall
from nof0_core.plugins.env import Logger


def log_decision(
    log: Logger, context: DecisionContext, done: DecisionResult, calls: Sequence[ModelCall]
) -> None:
    """Write one line with all that was said; the log takes secrets out of it."""
    prompt, completion = done.prompt, done.completion
    log.info(
        "model asked",
        trader=context.trader,
        cycle=context.cycle,
        status=done.status.value,
        error=done.error,
        model=completion.model if completion is not None else None,
        prompt_digest=prompt.digest if prompt is not None else None,
        prompt=[
            {"role": message.role, "content": message.content}
            for message in (prompt.messages if prompt is not None else ())
        ],
        answer=completion.text if completion is not None else None,
        chain_of_thought=completion.chain_of_thought if completion is not None else None,
        calls=[
            {"model": call.model, "outcome": call.outcome, "detail": call.detail} for call in calls
        ],
    )
