"""The backend of a cycle that is done again: it says what was said then."""

from __future__ import annotations

from nof0_core.domain.event import CycleEnded
from nof0_core.domain.model import Completion
from nof0_core.domain.vocabulary import CycleStatus
from nof0_core.errors import (
    BudgetExceededError,
    InvalidOutputError,
    LLMError,
    ModelTimeoutError,
    Nof0Error,
    TapeOverError,
)
from nof0_core.protocols.llm import CompletionRequest

UNUSABLE = str(InvalidOutputError([""]))
"""How the sentence begins that the engine has for an answer it cannot read."""


class _SpentError(BudgetExceededError):
    """A budget was spent, in the words of the record."""

    def __init__(self, message: str) -> None:
        super().__init__(message, scope="all")


class _UnusableError(InvalidOutputError):
    """An answer was refused by its backend, in the words of the record."""

    def __init__(self, message: str, answer: str, thought: str) -> None:
        Nof0Error.__init__(self, message)
        self.reasons, self.output, self.thought = (message,), answer, thought


_RAISED: dict[CycleStatus, type[LLMError]] = {
    CycleStatus.MODEL_TIMEOUT: ModelTimeoutError,
    CycleStatus.MODEL_ERROR: LLMError,
    CycleStatus.BUDGET_EXCEEDED: _SpentError,
    CycleStatus.REPLAY_MISS: TapeOverError,
}


class RecordedAnswer:
    """Answers one question with what a cycle record has.

    Typed decisions are those of its judgements; `is_typed` says that it has such. What was no
    answer is none again, in the same words.
    """

    def __init__(self, body: CycleEnded, *, is_typed: bool) -> None:
        self._body = body
        self._is_typed = is_typed

    async def complete(self, request: CompletionRequest) -> Completion:
        """Say it again; the prompt is not looked at.

        Raises:
            LLMError: what was raised then.
        """
        body = self._body
        for call in body.calls:
            request.calls.add(call)
        raised = _RAISED.get(body.status)
        if raised is not None:
            raise raised(body.error)
        is_ours = body.error.startswith(UNUSABLE) and bool(body.answer) and not self._is_typed
        if body.status is CycleStatus.INVALID_OUTPUT and not is_ours:
            raise _UnusableError(body.error, body.answer, body.chain_of_thought)
        typed = tuple(judged.decision for judged in body.judgements)
        return Completion(
            model=body.model,
            text=body.answer,
            decisions=typed if self._is_typed else None,
            chain_of_thought=body.chain_of_thought,
            usage=body.usage,
        )
