"""LLM backends: who decides."""

from __future__ import annotations

from typing import Protocol

from nof0_core.domain.model import Completion, CompletionRequest, ModelSpec, Usage
from nof0_core.ids import TraderId


class Reservation(Protocol):
    """A part of the budgets kept free for one call; ends with exactly one of the two."""

    def settle(self, usage: Usage) -> None:
        """Book what the call took, which may be more than was held."""

    def release(self) -> None:
        """Give the part back: the call was not made, or certainly cost nothing."""


class Budget(Protocol):
    """What may be spent on models today, by all, by one trader and on one model."""

    async def hold(self, trader: TraderId, model: ModelSpec, worst: Usage) -> Reservation:
        """Keep the most a call can cost free before it is made; may wait for the disk.

        Raises:
            BudgetExceededError: some budget has less left; nothing is held then.
            LLMError: it cannot be noted for the next run, should this one be killed during the
                call; nothing is held then.
        """

    def book(self, trader: TraderId, model: ModelSpec, usage: Usage) -> None:
        """Count what a call of a recording took. Nothing is refused: it was paid for then."""


class LLMBackend(Protocol):
    """Answers decision requests. May be called concurrently for different traders."""

    async def complete(self, request: CompletionRequest) -> Completion:
        """Answer one request before `request.deadline`.

        Reading `request.prompt` renders it; a backend that decides from `request.context` should
        not. The caller cancels the call at the deadline; a cancelled call may have cost money.
        A backend that pays asks `env.budget` before each call and notes it in `request.calls`.

        Raises:
            InvalidOutputError: it answered, but not in the form of a decision; no other model is
                asked then.
            BudgetExceededError: a budget has too little left for the call.
            LLMError: no answer for another reason (which goes to the journal).
            ReplayMissError: it plays back a recording that holds no answer; this ends the run.
        """
