"""What is kept of an answer: text that can be written, is not endless and has no secrets."""

from __future__ import annotations

from collections.abc import Callable

import attrs

from nof0_core.answers.extraction import LONGEST
from nof0_core.answers.parsing import LONGEST_THOUGHT
from nof0_core.domain.model import Completion, ModelCall

Redact = Callable[[str], str]


def clean(completion: Completion, redact: Redact) -> Completion:
    """Return the completion without secrets and without what UTF-8 cannot write.

    This comes before the answer is read, so that what is kept says the same as what was read.
    """
    model, text = _clean(completion.model, redact), _clean(completion.text, redact)
    thought = _clean(completion.chain_of_thought, redact)
    said = (completion.model, completion.text, completion.chain_of_thought)
    if (model, text, thought) == said:
        return completion
    return attrs.evolve(completion, model=model, text=text, chain_of_thought=thought)


def clean_call(call: ModelCall, redact: Redact) -> ModelCall:
    """Return a call a backend has noted without secrets and without what UTF-8 cannot write."""
    return attrs.evolve(call, model=_clean(call.model, redact), detail=_clean(call.detail, redact))


def cut(completion: Completion) -> Completion:
    """Return the completion with what no reader needs left out; says how much that was."""
    text = _cut(completion.text, LONGEST)
    thought = _cut(completion.chain_of_thought, LONGEST_THOUGHT)
    if text is completion.text and thought is completion.chain_of_thought:
        return completion
    return attrs.evolve(completion, text=text, chain_of_thought=thought)


def _clean(text: str, redact: Redact) -> str:
    if not text:
        return text
    if not text.isascii():
        text = text.encode("utf-8", "replace").decode()
    return redact(text)


def _cut(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    return f"{text[:most]}\n[{len(text) - most} characters left out]"
