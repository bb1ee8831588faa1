"""LLM backends: who decides."""

from __future__ import annotations

from typing import Protocol

from nof0_core.domain.model import Completion, CompletionRequest


class LLMBackend(Protocol):
    """Answers decision requests. May be called concurrently for different traders."""

    async def complete(self, request: CompletionRequest) -> Completion:
        """Answer one request before `request.deadline`.

        Reading `request.prompt` renders it; a backend that decides from `request.context` should
        not. The caller cancels the call at the deadline; a cancelled call may have cost money.

        Raises:
            LLMError: no usable answer (with the reason for the journal).
        """
