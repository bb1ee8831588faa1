"""What an endpoint answered, as far as nof0 looks at it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import attrs

from nof0_core.answers import parse
from nof0_core.domain.model import ModelPrice, Usage
from nof0_core.errors import InvalidOutputError
from nof0_llm.openai.message import Spoken, spoken
from nof0_llm.openai.stream import Streamed
from nof0_llm.openai.usage import Counted, counted, highest, priced

_CUT = {
    "length": "the answer is cut off: it ran into max_completion_tokens",
    "max_tokens": "the answer is cut off: it ran into max_completion_tokens",
    "content_filter": "the endpoint's content filter cut the answer off",
    "safety": "the endpoint's content filter cut the answer off",
    "recitation": "the endpoint's content filter cut the answer off",
}
"""Why a model stopped, where asking again would not help."""

_ENDS = ("", "stop", "tool_calls", "function_call", "eos", "end_turn", "stop_sequence", "none")
"""Why a model stops that has said what it had to say."""


@attrs.frozen(kw_only=True)
class Said:
    """`text` is the raw answer, `thought` what the model wrote while thinking, where it is shown.

    `usage` is what is booked; `is_estimate` tells that a part of it was not counted and is the
    most it can have been. `is_final` tells that asking again would not help: it refused, or ran
    into its limit. `wrong` says why it cannot be used, once it was judged; None: it can. `turn` is
    the message as it is sent back, None where it says nothing.
    """

    text: str
    thought: str = ""
    usage: Usage
    is_estimate: bool = False
    fault: str = ""
    is_final: bool = False
    turn: Mapping[str, Any] | None = None
    wrong: InvalidOutputError | None = None

    def judged(self, accepts: Callable[[str], object] | None) -> Said:
        """Return it with what is wrong, read as the question says, else as decisions."""
        try:
            self._check(accepts)
        except InvalidOutputError as error:
            wrong = InvalidOutputError(error.reasons, output=error.output, thought=self.thought)
            return attrs.evolve(self, wrong=wrong)
        return self

    def _check(self, accepts: Callable[[str], object] | None) -> None:
        if self.fault:
            raise InvalidOutputError([self.fault], output=self.text)
        (accepts or parse)(self.text)


def read(body: Any, worst: Usage, price: ModelPrice | None) -> Said | None:
    """Read a completion; None if there is no message in it.

    Args:
        body: the endpoint's answer as JSON.
        worst: the most the call can have taken.
        price: what the model costs, None if that is not known.
    """
    choices = body.get("choices") if isinstance(body, Mapping) else None
    listed: list[Any] = choices if isinstance(choices, list) else []
    choice = listed[0] if listed else None
    message = choice.get("message") if isinstance(choice, Mapping) else None
    if not isinstance(choice, Mapping) or not isinstance(message, Mapping):
        return None
    found = spoken(message)
    fault, is_final = _fault(found, message, str(choice.get("finish_reason") or "").lower())
    if not fault and _differ(listed):
        fault = f"{len(listed)} different answers in one; give exactly one"
    if isinstance(body, Streamed):
        # All that was written came by: a token has a byte at least.
        most = len(json.dumps(message, ensure_ascii=False).encode("utf-8", "replace"))
        worst = priced(
            attrs.evolve(worst, completion_tokens=min(worst.completion_tokens, most)), price
        )
    taken = usage(body, worst, price)
    return Said(
        text=found.text,
        thought=found.thought,
        usage=taken.usage if taken else worst,
        is_estimate=taken is None or taken.is_estimate,
        fault=fault,
        is_final=is_final,
        turn=found.turn,
    )


def usage(body: Any, worst: Usage, price: ModelPrice | None) -> Counted | None:
    """Read what an answer counts, in whichever place; None if nothing was counted."""
    if not isinstance(body, Mapping):
        return None
    told = body.get("usage")
    choices = body.get("choices")
    inner = [c.get("usage") for c in choices or () if isinstance(c, Mapping)]
    groq = body.get("x_groq")
    more = groq.get("usage") if isinstance(groq, Mapping) else None
    for other in (*inner, more):
        told = highest(told, other)
    return counted(told, worst, price)


def _fault(found: Spoken, message: Mapping[str, Any], finish: str) -> tuple[str, bool]:
    """Return why a message cannot be used, and whether asking again would not help."""
    refusal = message.get("refusal")
    if refusal:
        return f"the model refuses: {str(refusal)[:300]}", True
    if finish in _CUT:
        return _CUT[finish], True
    if found.fault:
        return found.fault, False
    if found.text.strip():
        odd = finish not in _ENDS and ("malformed" in finish or finish == "error")
        return (f"the endpoint reports finish_reason {finish[:80]}" if odd else ""), False
    if finish not in _ENDS:
        return f"the answer is empty: the endpoint reports finish_reason {finish[:80]}", False
    if found.thought.strip():
        return (
            "the answer is empty: all text stands in the reasoning, which decides nothing; "
            "try another mode for the model in llm.yaml, or the server's reasoning parser"
        ), False
    return "the answer is empty", False


def _differ(choices: list[Any]) -> bool:
    """Tell whether an endpoint gave several answers, though one was asked for."""
    texts = [
        spoken(c["message"]).text
        for c in choices
        if isinstance(c, Mapping) and isinstance(c.get("message"), Mapping)
    ]
    return len({json.dumps(text) for text in texts if text.strip()}) > 1
