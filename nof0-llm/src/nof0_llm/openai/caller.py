"""One question, sent until it is answered: the only place that calls again."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import anyio
import attrs
import openai

from nof0_core.clock import pause, stopwatch
from nof0_core.domain.model import ModelCall, ModelPrice, Usage
from nof0_core.domain.vocabulary import CallOutcome
from nof0_core.errors import LLMError, ModelTimeoutError
from nof0_core.plugins.env import Logger
from nof0_core.protocols.llm import Budget, CompletionRequest
from nof0_llm.openai.answer import Said, read
from nof0_llm.openai.failure import Failure, failure_of, unanswered

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 8.0

Post = Callable[[bytes, float], Awaitable[Any]]
"""Sends a call's JSON, with seconds to wait, and returns what came back."""


@attrs.frozen(kw_only=True)
class Caller:
    """Calls an endpoint within a time and within the budgets.

    `post` is the client's, with its retries off. `rng` spreads the pauses between two calls.
    """

    post: Post
    timeout: timedelta
    max_retries: int
    budget: Budget
    rng: random.Random
    log: Logger

    async def send(
        self, request: CompletionRequest, body: bytes, worst: Usage, expires: float
    ) -> tuple[Any, Said]:
        """Return the endpoint's answer, judged; every call is noted in `request.calls`.

        An answer that was received is never asked for again, whatever it says.

        Args:
            request: who asks, and which model.
            body: the call as JSON.
            worst: the most one call can take; held in the budgets while it is under way.
            expires: when to give up, on `stopwatch`.

        Raises:
            BudgetExceededError: a budget has too little left for the next call.
            ModelTimeoutError: the time is over.
            LLMError: the endpoint refuses, or cannot be reached.
        """
        failures = 0
        while True:
            outcome = await self._once(request, body, worst, expires)
            if not isinstance(outcome, Failure):
                return outcome
            failures += 1
            left = expires - stopwatch()
            if left <= 0:
                raise ModelTimeoutError(outcome.message)
            if not outcome.may_pass or failures > self.max_retries:
                raise LLMError(_counted(outcome.message, failures))
            wait = self._pause(failures, outcome.retry_after)
            if wait >= left:
                message = f"{_counted(outcome.message, failures)}; no time is left to ask again"
                raise ModelTimeoutError(message)
            self.log.info(
                "asking again",
                model=request.model.name,
                trader=request.trader,
                why=outcome.message,
                after_s=round(wait, 3),
            )
            await pause(wait)

    async def _once(
        self, request: CompletionRequest, body: bytes, worst: Usage, expires: float
    ) -> tuple[Any, Said] | Failure:
        """Make one call; what it took is booked and noted however it ends."""
        model = request.model
        allowed = min(self.timeout.total_seconds(), expires - stopwatch())
        if allowed <= 0:
            message = "no time is left to ask"
            raise ModelTimeoutError(message)
        hold = await self.budget.hold(request.trader, model, worst)
        # Until the opposite is known, the call has cost all it can have cost.
        call = ModelCall(
            model=model.name,
            outcome=CallOutcome.UNKNOWN,
            detail="cut off",
            usage=worst,
            is_estimate=True,
        )
        started = stopwatch()
        try:
            outcome = await self._post(body, allowed, model.price)
            if isinstance(outcome, Failure):
                call = _failed(call, outcome)
                return outcome
            response, said = outcome
            call = ModelCall(
                model=model.name,
                outcome=CallOutcome.ANSWERED,
                usage=said.usage or worst,
                is_estimate=said.usage is None,
            )
            said = said.judged(request.check)
            if said.wrong is not None:
                reasons = "; ".join(said.wrong.reasons)[:500]
                call = attrs.evolve(call, outcome=CallOutcome.UNUSABLE, detail=reasons)
            return response, said
        finally:
            request.calls.add(call)
            if call.outcome is CallOutcome.REFUSED:
                hold.release()
            else:
                hold.settle(call.usage)
            self.log.debug(
                "called",
                model=model.name,
                trader=request.trader,
                outcome=call.outcome,
                detail=call.detail,
                seconds=round(stopwatch() - started, 3),
                tokens=call.usage.tokens,
            )

    async def _post(
        self, body: bytes, allowed: float, price: ModelPrice | None
    ) -> tuple[Any, Said] | Failure:
        """Send a call and read what comes back within the seconds allowed."""
        try:
            with anyio.move_on_after(allowed):
                response = await self.post(body, allowed)
                said = read(response, price)
                return unanswered(response) if said is None else (response, said)
        except (openai.OpenAIError, ValueError) as error:
            # Bytes that are no JSON come as a ValueError: an answer, but not a readable one.
            return failure_of(error)
        return Failure(message=f"no answer within {allowed:.3g} s", is_free=False, may_pass=True)

    def _pause(self, failures: int, asked: float | None) -> float:
        most = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (failures - 1))
        jittered = most * self.rng.uniform(0.5, 1.0)
        # A little more than asked for, spread, so that not everybody comes back at once.
        return jittered if asked is None else asked + jittered / 4


def _failed(call: ModelCall, failure: Failure) -> ModelCall:
    if failure.is_free:
        return ModelCall(model=call.model, outcome=CallOutcome.REFUSED, detail=failure.message)
    outcome = CallOutcome.UNKNOWN if failure.may_pass else CallOutcome.UNUSABLE
    return attrs.evolve(call, outcome=outcome, detail=failure.message)


def _counted(message: str, calls: int) -> str:
    return message if calls == 1 else f"{message} (asked {calls} times)"
