"""LLM backends: who decides."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol

import attrs

from nof0_core.domain.context import DecisionContext
from nof0_core.domain.model import Completion, ModelCall, ModelSpec, Prompt, Usage
from nof0_core.ids import CycleId, TraderId


@attrs.define(kw_only=True, slots=False, eq=False)
class CompletionRequest:
    """One question to a model.

    The prompt is rendered when it is first read: a backend that decides from `context` alone never
    pays for it. `deadline` is when the answer must be there (clock time, UTC). `schema` is the JSON
    schema of the answer. `expires` is when the caller gives up, as a reading of
    `nof0_core.clock.stopwatch`: real time, whatever the engine's clock (None: never).

    A backend that pays for calls notes each in `calls` when it is over, also where none of them
    gave an answer: whatever becomes of the request, what it cost is known. A request made from
    this one with `attrs.evolve`, for another model, shares the list.

    `check` raises `InvalidOutputError` for a text that is no answer to this question; None: what
    is asked for are decisions, read as `nof0_core.answers` reads them.
    """

    trader: TraderId
    cycle: CycleId
    model: ModelSpec
    context: DecisionContext
    schema: Mapping[str, Any]
    deadline: datetime
    render: Callable[[], Prompt]
    expires: float | None = None
    calls: list[ModelCall] = attrs.field(factory=list)
    check: Callable[[str], object] | None = None

    def asking(self, model: ModelSpec, *, expires: float | None = None) -> CompletionRequest:
        """Return the same question to another model; the prompt is still rendered only once.

        `expires` is when this model is given up; None: as before.
        """
        return attrs.evolve(
            self,
            model=model,
            render=lambda: self.prompt,
            expires=self.expires if expires is None else expires,
        )

    @cached_property
    def prompt(self) -> Prompt:
        """Return the rendered prompt; rendering happens once."""
        return self.render()

    @property
    def rendered(self) -> Prompt | None:
        """Return the prompt if somebody has read it, else None."""
        return self.__dict__.get("prompt")


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
