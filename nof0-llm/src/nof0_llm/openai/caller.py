"""One question, sent until it is answered: the only place that calls again."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

import aiohttp
import anyio
import attrs
import httpx2
import openai

from nof0_core.clock import pause, stopwatch
from nof0_core.domain.model import ModelCall, ModelPrice, ModelSpec, Usage
from nof0_core.domain.vocabulary import CallOutcome
from nof0_core.errors import LLMError, ModelTimeoutError
from nof0_core.plugins.env import Logger
from nof0_core.protocols.llm import Budget, CompletionRequest
from nof0_llm.openai import reason
from nof0_llm.openai.answer import Said, read, usage
from nof0_llm.openai.endpoint import MOST_BYTES, TooLongError
from nof0_llm.openai.failure import Failure, failure_of, unanswered
from nof0_llm.openai.settings import OpenAIParams, params_of
from nof0_llm.openai.stream import BrokenStreamError

FIRST_PAUSE = 0.5
LONGEST_PAUSE = 8.0

Post = Callable[[bytes, float, OpenAIParams], Awaitable[Any]]
"""Sends a call's JSON, with seconds to wait and its model's settings; returns the answer's JSON."""

Learn = Callable[[Failure], str]
"""Tells how a call that was refused for its form has to be made: a sentence, empty for no idea."""


class TaughtError(LLMError):
    """A call was refused, and it was learnt how to make it; it has cost nothing."""


@attrs.frozen(kw_only=True)
class Caller:
    """Calls an endpoint within a time and within the budgets.

    `post` is the endpoint's, which does not retry. `rng` spreads the pauses between two calls,
    `where` is what the endpoint is called in messages.
    """

    post: Post
    timeout: timedelta
    max_retries: int
    budget: Budget
    rng: random.Random
    log: Logger
    where: str = "the endpoint"

    async def send(
        self,
        request: CompletionRequest,
        body: bytes,
        worst: Usage,
        expires: float,
        learn: Learn = lambda _: "",
    ) -> Said:
        """Return the endpoint's answer, judged; every call is noted in `request.calls`.

        An answer that was received is never asked for again, whatever it says.

        Args:
            request: who asks, and which model.
            body: the call as JSON.
            worst: the most one call can take; held in the budgets while it is under way.
            expires: when to give up, on `stopwatch`.
            learn: hears of a refusal that will not pass.

        Raises:
            TaughtError: the call was refused for its form, and `learn` knows another.
            BudgetExceededError: a budget has too little left for the next call.
            ModelTimeoutError: the time is over.
            LLMError: the endpoint refuses, or cannot be reached.
        """
        failures = 0
        while True:
            outcome = await self._once(request, body, worst, expires, learn)
            if not isinstance(outcome, Failure):
                return outcome
            if isinstance(outcome, _Lesson):
                raise TaughtError(outcome.message)
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
        self,
        request: CompletionRequest,
        body: bytes,
        worst: Usage,
        expires: float,
        learn: Learn,
    ) -> Said | Failure:
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
            outcome = await self._post(body, allowed, model, worst)
            if isinstance(outcome, Failure):
                outcome = _taught(outcome, learn)
                call = _failed(call, outcome, model.price)
                return outcome
            said = outcome
            call = ModelCall(
                model=model.name,
                outcome=CallOutcome.ANSWERED,
                usage=said.usage,
                is_estimate=said.is_estimate,
            )
            said = said.judged(request.check)
            if said.wrong is not None:
                reasons = "; ".join(said.wrong.reasons)[:500]
                call = attrs.evolve(call, outcome=CallOutcome.UNUSABLE, detail=reasons)
            return said
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
        self, body: bytes, allowed: float, model: ModelSpec, worst: Usage
    ) -> Said | Failure:
        """Send a call and read what comes back within the seconds allowed."""
        try:
            with anyio.move_on_after(allowed):
                answer = await self.post(body, allowed, params_of(model))
                said = None if _has_error(answer) else read(answer, worst, model.price)
                return unanswered(answer) if said is None else said
        except BrokenStreamError:
            return Failure(message="the stream broke off", is_free=False, may_pass=True)
        except TooLongError:
            message = (
                f"the answer of {self.where} is longer than {MOST_BYTES // 1_000_000} MB: "
                "check base_url and max_completion_tokens in llm.yaml"
            )
            return Failure(message=message, is_free=False, may_pass=False)
        except (openai.OpenAIError, httpx2.HTTPError, aiohttp.ClientError, ValueError) as error:
            # Bytes that are no JSON come as a ValueError: an answer, but not a readable one.
            return failure_of(error)
        message = (
            f"no whole answer within {allowed:.3g} s from {self.where}: a slow one needs a longer "
            "timeout in llm.yaml and decision_timeout of the trader"
        )
        return Failure(message=message, is_free=False, may_pass=True)

    def _pause(self, failures: int, asked: float | None) -> float:
        most = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** (failures - 1))
        jittered = most * self.rng.uniform(0.5, 1.0)
        # A little more than asked for, spread, so that not everybody comes back at once.
        return jittered if asked is None else asked + jittered / 4


@attrs.frozen(kw_only=True)
class _Lesson(Failure):
    """A refusal from which was learnt how to ask."""


def _taught(failure: Failure, learn: Learn) -> Failure:
    """Return a refusal with what was learnt from it; a failure that may pass teaches nothing."""
    advice = "" if failure.may_pass or not failure.is_free else learn(failure)
    if not advice:
        return failure
    message = f"the endpoint refuses this form of the call: {failure.said}; {advice}"
    return _Lesson(
        message=message, is_free=True, may_pass=False, status=failure.status, body=failure.body
    )


def _has_error(answer: Any) -> bool:
    """Tell whether an error stands in an answer, or inside its choice."""
    if not isinstance(answer, Mapping):
        return False
    choices = answer.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    inner = choice.get("error") if isinstance(choice, Mapping) else None
    return bool(inner or (answer.get("error") and reason.is_error(answer)))


def _failed(call: ModelCall, failure: Failure, price: ModelPrice | None) -> ModelCall:
    taken = usage(failure.body, call.usage, price)
    if failure.is_free and taken is None:
        return ModelCall(model=call.model, outcome=CallOutcome.REFUSED, detail=failure.message)
    outcome = CallOutcome.UNKNOWN if failure.may_pass else CallOutcome.UNUSABLE
    if taken is None:
        return attrs.evolve(call, outcome=outcome, detail=failure.message)
    return attrs.evolve(
        call,
        outcome=outcome,
        detail=failure.message,
        usage=taken.usage,
        is_estimate=taken.is_estimate,
    )


def _counted(message: str, calls: int) -> str:
    return message if calls == 1 else f"{message} (asked {calls} times)"
