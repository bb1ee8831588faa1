"""A model that says the same whatever it is asked: for trying what an answer leads to."""

from __future__ import annotations

import attrs

from nof0_core import opt
from nof0_core.answers import validate
from nof0_core.domain.model import Completion
from nof0_core.protocols import CompletionRequest

NOTHING = '{"decisions": []}'


@attrs.frozen(kw_only=True)
class RecitedConfig:
    """Section under `backends` in llm.yaml with `type: recited`."""

    answer: str = opt(default=NOTHING, help="what it says, as a model would write it")


@attrs.frozen(kw_only=True)
class Recited:
    """Answers with a text of the configuration."""

    answer: str

    async def complete(self, request: CompletionRequest) -> Completion:
        """Say it, unless nothing in it could be used: then the reasons are told.

        Raises:
            InvalidOutputError: there is no usable decision in the text.
        """
        completion = Completion(model=request.model.name, text=self.answer)
        validate(completion, request.context)
        return completion
