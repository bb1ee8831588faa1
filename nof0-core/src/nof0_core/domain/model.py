"""Models, what is asked of them and what they answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

import attrs

from nof0_core.domain.context import DecisionContext
from nof0_core.domain.decision import Decision
from nof0_core.ids import CycleId, TraderId


@attrs.frozen(kw_only=True)
class ModelSpec:
    """One entry of `models` in llm.yaml.

    `name` is the key, `backend` the section that answers, `model_name` what the endpoint calls it.
    `params` is the backend's own object made from the entry's `params` mapping (an instance of the
    kind's `params` class), None where the kind has none.
    """

    name: str
    backend: str
    provider: str = ""
    model_name: str = ""
    temperature: float | None = None
    max_completion_tokens: int | None = None
    top_p: float | None = None
    priority: int = 0
    cost_tier: str = ""
    params: Any = None


@attrs.frozen(kw_only=True)
class Message:
    """One message of a conversation; `role` is system, user or assistant."""

    role: str
    content: str


@attrs.frozen(kw_only=True)
class Prompt:
    """A rendered prompt.

    `digest` is the SHA-256 of roles and contents, in hex. `versions` names each template with the
    version in its header: `{"prompts/executor/default_prompt.tmpl": "1"}`.
    """

    messages: tuple[Message, ...]
    digest: str
    versions: Mapping[str, str]


@attrs.frozen(kw_only=True)
class Usage:
    """Tokens and money one completion took; 0 where nothing was counted. `cost_usd` is in USD."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    cost_usd: Decimal = Decimal(0)


@attrs.define(kw_only=True, slots=False, eq=False)
class CompletionRequest:
    """One question to a model.

    The prompt is rendered when it is first read: a backend that decides from `context` alone never
    pays for it. `deadline` is when the answer must be there (clock time, UTC). `schema` is the JSON
    schema of the answer.
    """

    trader: TraderId
    cycle: CycleId
    model: ModelSpec
    context: DecisionContext
    schema: Mapping[str, Any]
    deadline: datetime
    render: Callable[[], Prompt]

    @cached_property
    def prompt(self) -> Prompt:
        """Return the rendered prompt; rendering happens once."""
        return self.render()

    @property
    def rendered(self) -> Prompt | None:
        """Return the prompt if somebody has read it, else None."""
        return self.__dict__.get("prompt")


@attrs.frozen(kw_only=True)
class Completion:
    """A model's answer.

    `text` is the raw answer. A backend that already has typed decisions gives them in `decisions`;
    where it is None the executor parses `text`. `model` is the entry that answered (it differs from
    the one asked when a fallback stepped in).
    """

    model: str
    text: str = ""
    decisions: tuple[Decision, ...] | None = None
    chain_of_thought: str = ""
    usage: Usage = Usage()
    attempts: int = 1
