"""Models, what is asked of them and what they answer."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

import attrs
import msgspec

from nof0_core.domain.decision import Decision
from nof0_core.domain.vocabulary import CallOutcome
from nof0_core.money import EXACT, exactly

MILLION = Decimal(1_000_000)


@attrs.frozen(kw_only=True)
class Usage:
    """Tokens and money one completion took; 0 where nothing was counted. `cost_usd` is in USD.

    Cached tokens are part of the prompt's, reasoning tokens part of the completion's.
    """

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    cost_usd: Decimal = Decimal(0)

    @property
    def tokens(self) -> int:
        """Return all tokens, read and written."""
        return self.prompt_tokens + self.completion_tokens

    def __add__(self, other: Usage) -> Usage:
        return Usage(
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            cached_tokens=self.cached_tokens + other.cached_tokens,
            reasoning_tokens=self.reasoning_tokens + other.reasoning_tokens,
            cost_usd=EXACT.add(self.cost_usd, other.cost_usd),
        )


@attrs.frozen(kw_only=True)
class ModelPrice:
    """What a model costs, in USD per million tokens; `cached_input` None: no discount."""

    input: Decimal
    output: Decimal
    cached_input: Decimal | None = None

    @exactly
    def cost(self, usage: Usage) -> Decimal:
        """Return what the tokens of a call cost, in USD."""
        cached = min(usage.cached_tokens, usage.prompt_tokens)
        rate = self.input if self.cached_input is None else self.cached_input
        total = (
            (usage.prompt_tokens - cached) * self.input
            + cached * rate
            + usage.completion_tokens * self.output
        )
        return total / MILLION


@attrs.frozen(kw_only=True)
class DailyBudget:
    """The most that may be spent in one UTC day of the engine's clock; None: no limit."""

    usd: Decimal | None = None
    tokens: int | None = None


@attrs.frozen(kw_only=True)
class ModelCall:
    """One call to a model, or the reason why there was none.

    `model` is the entry of llm.yaml, `detail` says why it came to its outcome. Where the endpoint
    counted nothing, `usage` is the most it can have been, and `is_estimate` says so.
    """

    model: str
    outcome: CallOutcome
    detail: str = ""
    usage: Usage = Usage()
    is_estimate: bool = False


def usage_of(calls: Iterable[ModelCall]) -> Usage:
    """Return what calls took together."""
    return sum((call.usage for call in calls), Usage())


@attrs.frozen(kw_only=True)
class ModelSpec:
    """One entry of `models` in llm.yaml.

    `name` is the key, `backend` the section that answers, `model_name` what the endpoint calls it.
    `params` is the backend's own object made from the entry's `params` mapping (an instance of the
    kind's `params` class), None where the kind has none. `mode` is how structured output is asked
    for, empty for the backend's own choice. `price` None: what it costs is not known.
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
    mode: str = ""
    price: ModelPrice | None = None
    budget: DailyBudget = DailyBudget()
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
    version in its header: `{"prompts/executor/default_prompt.tmpl": "1"}`. `cut` says what was
    left out to keep to a limit, empty for nothing.
    """

    messages: tuple[Message, ...]
    digest: str
    versions: Mapping[str, str]
    cut: str = ""


def digest_of(messages: Sequence[Message]) -> str:
    """Return the SHA-256 over roles and contents, in hex.

    It is that of the JSON text `[["system","…"],["user","…"]]`, UTF-8, without blanks: the same
    messages have the same digest everywhere.
    """
    text = msgspec.json.encode([[message.role, message.content] for message in messages])
    return hashlib.sha256(text).hexdigest()


@attrs.frozen(kw_only=True)
class Completion:
    """A model's answer.

    `text` is the raw answer. A backend that already has typed decisions gives them in `decisions`;
    where it is None the engine parses `text`. `model` is the entry that answered (it differs from
    the one asked when a fallback stepped in).
    """

    model: str
    text: str = ""
    decisions: tuple[Decision, ...] | None = None
    chain_of_thought: str = ""
    usage: Usage = Usage()
    attempts: int = 1
