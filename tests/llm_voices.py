"""Models that say what a test wants them to, behind the surroundings of a backend."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import anyio
import anyio.lowlevel
import attrs

from nof0_core.domain.model import Completion, ModelCall, ModelSpec, Usage
from nof0_core.domain.vocabulary import CallOutcome
from nof0_core.plugins.env import Env
from nof0_core.protocols.llm import CompletionRequest
from nof0_core.testing.environment import env

SILENT = object()
"""A model that never answers."""


class Voice:
    """Answers with a text, typed decisions or an error, and notes what it was asked."""

    def __init__(self, says: Any, usage: Usage) -> None:
        self.says = says
        self.usage = usage
        self.asked: list[CompletionRequest] = []
        self.prompts: list[Any] = []

    async def complete(self, request: CompletionRequest) -> Completion:
        self.asked.append(request)
        self.prompts.append(request.prompt)
        try:
            await anyio.lowlevel.checkpoint()
            if self.says is SILENT:
                await anyio.sleep_forever()
            if isinstance(self.says, Exception):
                raise self.says
        finally:
            call = ModelCall(
                model=request.model.name, outcome=CallOutcome.ANSWERED, usage=self.usage
            )
            if self.usage != Usage():
                request.calls.add(call)
        if isinstance(self.says, str):
            return Completion(model=request.model.name, text=self.says, usage=self.usage)
        return Completion(model=request.model.name, decisions=self.says, usage=self.usage)


@asynccontextmanager
async def voices(says: Mapping[str, Any], **usages: Usage) -> AsyncIterator[tuple[Env, dict]]:
    """Give an `Env` in which each name is a model with a backend of its own."""
    made = {name: Voice(each, usages.get(name, Usage())) for name, each in says.items()}
    async with env() as surroundings:
        yield (
            attrs.evolve(
                surroundings,
                backend=lambda ref: made[ref],
                model=lambda ref: ModelSpec(name=ref, backend=ref),
            ),
            made,
        )
