"""The backend behind `type: openai`."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import attrs
import httpx2
from openai import AsyncOpenAI, DefaultAioHttpClient
from openai.types.chat import ChatCompletion

from nof0_core.clock import Clock, SystemClock, stopwatch
from nof0_core.domain.model import Completion, usage_of
from nof0_core.errors import (
    BudgetExceededError,
    InvalidOutputError,
    LLMError,
    ModelTimeoutError,
)
from nof0_core.plugins.env import Env
from nof0_core.protocols.llm import CompletionRequest
from nof0_llm.openai.answer import Said, worst
from nof0_llm.openai.caller import Caller
from nof0_llm.openai.settings import OpenAIConfig, body_of, limit_of, mode_of
from nof0_llm.openai.structure import corrected, prepared
from nof0_llm.openai.threshold import Threshold

CONNECTIONS = httpx2.Limits(max_connections=4096, max_keepalive_connections=256)


class OpenAIBackend:
    """Asks an endpoint that speaks OpenAI's protocol.

    One call is enough where the answer can be read; one that cannot is sent back once, with the
    reasons. The text is left as it came: the engine reads it, as it does for every backend.
    """

    def __init__(self, caller: Caller, clock: Clock) -> None:
        self._caller = caller
        self._clock = clock

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
        model, mode = request.model, mode_of(request.model)
        messages = [{"role": m.role, "content": m.content} for m in request.prompt.messages]
        arguments = prepared({**body_of(model), "messages": messages}, mode, request.schema)
        response, said = await self._ask(request, arguments)
        if said.wrong is not None:
            if said.is_final:
                raise said.wrong
            again = corrected(arguments, mode, response, said.wrong)
            said = await self._repair(request, again, said.wrong)
        return Completion(
            model=model.name,
            text=said.text,
            chain_of_thought=said.thought,
            usage=usage_of(request.calls),
            attempts=len(request.calls),
        )

    async def _repair(
        self, request: CompletionRequest, arguments: dict[str, Any], first: InvalidOutputError
    ) -> Said:
        """Send an answer back once; without time, money or connection for it the fault stands."""
        try:
            _, said = await self._ask(request, arguments)
        except (BudgetExceededError, ModelTimeoutError, LLMError) as error:
            reasons = [*first.reasons, f"it could not be sent back: {error}"]
            raise InvalidOutputError(reasons, output=first.output) from error
        if said.wrong is not None:
            raise said.wrong
        return said

    async def _ask(self, request: CompletionRequest, arguments: dict[str, Any]) -> tuple[Any, Said]:
        body = json.dumps(arguments).encode()
        most = worst(len(body), limit_of(request.model), request.model.price)
        return await self._caller.send(request, body, most, self._expires(request))

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
    async with AsyncOpenAI(
        base_url=config.base_url,
        api_key=config.api_key,
        timeout=config.timeout.total_seconds(),
        max_retries=0,
        http_client=DefaultAioHttpClient(limits=CONNECTIONS),
    ) as client:

        async def post(body: bytes, seconds: float) -> Any:
            # Not `chat.completions.create`: it walks through the whole schema at every call.
            return await client.post(
                "/chat/completions",
                cast_to=ChatCompletion,
                content=body,
                options={"timeout": seconds},
            )

        caller = Caller(
            post=post,
            timeout=config.timeout,
            max_retries=config.max_retries,
            budget=env.budget,
            rng=env.rng,
            log=Threshold(env.log, config.log_level),
        )
        yield OpenAIBackend(caller, env.clock)
