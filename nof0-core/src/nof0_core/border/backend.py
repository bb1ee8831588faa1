"""A model backend of a stranger, which is shown copies of everything."""

from __future__ import annotations

from typing import Any

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
        return await self._backend.complete(_question(request))


class _Question(CompletionRequest):
    """A question of the backend's own; its context is copied when it is looked at.

    Who reads the prompt rarely does.
    """

    def __getattr__(self, name: str) -> Any:
        """Make the context; nothing else is made late."""
        values = self.__dict__
        if name != "context" or "_context" not in values:
            raise AttributeError(name)
        made = values["context"] = values["_context"]()
        return made


def _question(request: CompletionRequest) -> _Question:
    copied = Copier()
    own = object.__new__(_Question)
    values = own.__dict__
    values.update(request.__dict__)
    # Both are the engine's; they are made anew from what is copied.
    del values["context"]
    values.pop("prompt", None)
    values.update(
        model=copied(request.model),
        schema=copied(request.schema),
        render=lambda: copied(request.prompt),
        calls=request.calls.part(),
        _context=lambda: copied(request.context),
    )
    return own
