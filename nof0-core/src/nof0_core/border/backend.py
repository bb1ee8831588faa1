"""A model backend of a stranger, which is shown copies of everything."""

from __future__ import annotations

import attrs

from nof0_core.border.shown import Copier
from nof0_core.domain.model import Completion
from nof0_core.protocols.llm import CompletionRequest, LLMBackend


class ShownCopies:
    """Asks a backend with a question of its own: what it does to that reaches nobody else.

    The prompt is still rendered once, from what is not the backend's. Its calls stand among those
    of the question, of which it sees its own.
    """

    def __init__(self, backend: LLMBackend) -> None:
        self._backend = backend

    async def complete(self, request: CompletionRequest) -> Completion:
        """Pass on."""
        copied = Copier()
        own = attrs.evolve(
            request,
            model=copied(request.model),
            context=copied(request.context),
            schema=copied(request.schema),
            render=lambda: copied(request.prompt),
            calls=request.calls.part(),
        )
        return await self._backend.complete(own)
