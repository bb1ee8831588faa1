"""The backend behind `type: openai`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import attrs

from nof0_core.clock import Clock, SystemClock, stopwatch
from nof0_core.domain.model import Completion, usage_of
from nof0_core.errors import (
    BudgetExceededError,
    InvalidOutputError,
    LLMError,
    ModelTimeoutError,
)
from nof0_core.plugins.env import Env, Logger
from nof0_core.protocols.llm import CompletionRequest
from nof0_llm.openai.answer import Said
from nof0_llm.openai.caller import Caller, TaughtError
from nof0_llm.openai.endpoint import connected, sent
from nof0_llm.openai.failure import Failure
from nof0_llm.openai.manners import MOST_LESSONS, REFUSALS, Manners, lesson
from nof0_llm.openai.settings import OpenAIConfig
from nof0_llm.openai.structure import corrected
from nof0_llm.openai.threshold import Threshold
from nof0_llm.openai.usage import worst


class OpenAIBackend:
    """Asks an endpoint that speaks OpenAI's protocol.

    One call is enough where the answer can be read; one that cannot is sent back once, with the
    reasons. The text is left as it came: the engine reads it, as it does for every backend. What an
    endpoint refuses of the form of a call is asked for in another one from then on.
    """

    def __init__(self, caller: Caller, clock: Clock, log: Logger) -> None:
        self._caller = caller
        self._clock = clock
        self._log = log
        self._manners: dict[str, Manners] = {}

    async def complete(self, request: CompletionRequest) -> Completion:
        """Return the model's answer.

        Raises:
            InvalidOutputError: the answer cannot be read, also after it was sent back.
            BudgetExceededError: a budget has too little left.
            ModelTimeoutError: no answer in the time the cycle allows.
            LLMError: the endpoint refuses, or cannot be reached.
        """
        # A part of its own, because others may be asked the same question at the same time.
        own = attrs.evolve(request, calls=request.calls.part(), render=lambda: request.prompt)
        return await self._complete(own)

    async def _complete(self, request: CompletionRequest) -> Completion:
        messages = [{"role": m.role, "content": m.content} for m in request.prompt.messages]
        said = await self._ask(request, messages)
        if said.wrong is not None:
            if said.is_final:
                raise said.wrong
            again = corrected(messages, said.turn, said.wrong)
            said = await self._repair(request, again, said.wrong)
        return Completion(
            model=request.model.name,
            text=said.text,
            chain_of_thought=said.thought,
            usage=usage_of(request.calls),
            attempts=len(request.calls),
        )

    async def _repair(
        self, request: CompletionRequest, messages: list[dict[str, Any]], first: InvalidOutputError
    ) -> Said:
        """Send an answer back once; without time, money or connection for it the fault stands."""
        try:
            said = await self._ask(request, messages)
        except (BudgetExceededError, ModelTimeoutError, LLMError) as error:
            reasons = [*first.reasons, f"it could not be sent back: {error}"]
            raise InvalidOutputError(reasons, output=first.output, thought=first.thought) from error
        if said.wrong is not None:
            raise said.wrong
        return said

    async def _ask(self, request: CompletionRequest, messages: list[dict[str, Any]]) -> Said:
        """Ask in the form the endpoint takes, as far as that is known, and learn it on the way."""
        model = request.model
        for left in reversed(range(MOST_LESSONS + 1)):
            manners = self._manners.get(model.name, Manners())
            arguments = manners.arguments(model, messages, request.schema)
            body = sent(arguments)
            most = worst(len(body), manners.limit_for(model), model.price)

            def learn(
                refusal: Failure, before: Manners = manners, asked: dict[str, Any] = arguments
            ) -> str:
                if refusal.status not in REFUSALS:
                    return ""
                learnt = lesson(before, model, asked, refusal.said, refusal.param)
                if learnt is None:
                    return ""
                if self._manners.get(model.name, Manners()) == before:
                    self._manners[model.name] = learnt.manners
                    self._log.warning(
                        "asking in another form",
                        model=model.name,
                        why=refusal.said,
                        advice=learnt.advice,
                    )
                return learnt.advice

            heard = learn if left else (lambda _: "")
            try:
                return await self._caller.send(request, body, most, self._expires(request), heard)
            except TaughtError:
                continue
        message = "the endpoint takes no form of the call that nof0 knows"
        raise LLMError(message)

    def _expires(self, request: CompletionRequest) -> float:
        """Return when to give up, on `stopwatch`; the deadline counts where time is real."""
        ends = float("inf") if request.expires is None else request.expires
        if isinstance(self._clock, SystemClock):
            left = (request.deadline - self._clock.now()).total_seconds()
            ends = min(ends, stopwatch() + left)
        return ends


@asynccontextmanager
async def opened(config: OpenAIConfig, env: Env) -> AsyncIterator[OpenAIBackend]:
    """Open an endpoint: no call is made before the first question."""
    log = Threshold(env.log, config.log_level)
    async with connected(config) as endpoint:
        caller = Caller(
            post=endpoint.post,
            timeout=config.timeout,
            max_retries=config.max_retries,
            budget=env.budget,
            rng=env.rng,
            log=log,
            where=endpoint.host,
        )
        yield OpenAIBackend(caller, env.clock, log)
