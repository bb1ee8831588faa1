"""What an endpoint answered, as far as nof0 looks at it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from nof0_core.answers import parse
from nof0_core.domain.model import ModelPrice, Usage
from nof0_core.errors import InvalidOutputError

TOKENS_PER_BYTE = 2 / 3
"""Upper bound of the estimate: long runs of digits take most tokens, about two for three bytes."""


@attrs.frozen(kw_only=True)
class Said:
    """`text` is the raw answer, `thought` what the model wrote while thinking, where it is shown.

    `usage` is None where the endpoint counted nothing. `is_final` tells that asking again would
    not help: it refused, or ran into its limit. `wrong` says why it cannot be used, once it was
    judged; None: it can.
    """

    text: str
    thought: str = ""
    usage: Usage | None = None
    fault: str = ""
    is_final: bool = False
    wrong: InvalidOutputError | None = None

    def judged(self, accepts: Callable[[str], object] | None) -> Said:
        """Return it with what is wrong, read as the question says, else as decisions."""
        try:
            self._check(accepts)
        except InvalidOutputError as error:
            return attrs.evolve(self, wrong=error)
        return self

    def _check(self, accepts: Callable[[str], object] | None) -> None:
        if self.fault:
            raise InvalidOutputError([self.fault], output=self.text)
        if not self.text.strip():
            raise InvalidOutputError(["the answer is empty"], output=self.text)
        (accepts or parse)(self.text)


def read(response: Any, price: ModelPrice | None) -> Said | None:
    """Read a completion; None if there is no message in it.

    A tool call's arguments are the answer where there is one, else the text: a model that writes
    its answer instead of calling the tool has answered all the same.
    """
    choices = getattr(response, "choices", None)
    choice = choices[0] if isinstance(choices, list) and choices else None
    message = getattr(choice, "message", None)
    if choice is None or message is None:
        return None
    fault, refusal = "", getattr(message, "refusal", None)
    if refusal:
        fault = f"the model refuses: {str(refusal)[:300]}"
    elif choice.finish_reason == "length":
        fault = "the answer is cut off: it ran into max_completion_tokens"
    elif choice.finish_reason == "content_filter":
        fault = "the endpoint's content filter cut the answer off"
    thought = getattr(message, "reasoning_content", None) or getattr(message, "reasoning", None)
    return Said(
        text=_text(message),
        thought=thought if isinstance(thought, str) else "",
        usage=_usage(getattr(response, "usage", None), price),
        fault=fault,
        is_final=bool(fault),
    )


def _text(message: Any) -> str:
    for call in message.tool_calls or ():
        arguments = getattr(getattr(call, "function", None), "arguments", None)
        if isinstance(arguments, str) and arguments.strip():
            return arguments
    content = message.content
    if isinstance(content, list):
        parts = [part.get("text", "") for part in content if isinstance(part, dict)]
        return "".join(part for part in parts if isinstance(part, str))
    return content if isinstance(content, str) else ""


def _usage(counted: Any, price: ModelPrice | None) -> Usage | None:
    read_, written = _count(counted, "prompt_tokens"), _count(counted, "completion_tokens")
    if read_ + written == 0:
        return None
    usage = Usage(
        prompt_tokens=read_,
        completion_tokens=written,
        cached_tokens=min(read_, _cached(counted)),
        reasoning_tokens=_count(
            getattr(counted, "completion_tokens_details", None), "reasoning_tokens"
        ),
    )
    return priced(usage, price)


def _cached(counted: Any) -> int:
    """Return how much of the prompt came from a cache; DeepSeek has a name of its own for it."""
    details = getattr(counted, "prompt_tokens_details", None)
    return max(_count(details, "cached_tokens"), _count(counted, "prompt_cache_hit_tokens"))


def _count(counted: Any, name: str) -> int:
    value = getattr(counted, name, None)
    return value if type(value) is int and value >= 0 else 0


def priced(usage: Usage, price: ModelPrice | None) -> Usage:
    """Return a usage with its cost filled in; nothing where the price is not known."""
    return usage if price is None else attrs.evolve(usage, cost_usd=price.cost(usage))


def worst(sent: int, limit: int, price: ModelPrice | None) -> Usage:
    """Return the most a call can take.

    Args:
        sent: bytes of the call's body.
        limit: most tokens the model may write.
        price: what it costs, None if that is not known.
    """
    tokens = int(sent * TOKENS_PER_BYTE) + 1
    return priced(Usage(prompt_tokens=tokens, completion_tokens=limit), price)
