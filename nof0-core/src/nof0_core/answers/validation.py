"""What the engine takes a completion for."""

from __future__ import annotations

from collections.abc import Callable

from nof0_core.answers.parsing import Answer, parse, redacted
from nof0_core.answers.symbols import named
from nof0_core.domain.context import DecisionContext
from nof0_core.domain.model import Completion


def validate(
    completion: Completion, context: DecisionContext, *, redact: Callable[[str], str] | None = None
) -> Answer:
    """Read a completion as the engine does before the risk gate judges it.

    Typed decisions are taken as they are, else the text is parsed; then coins are named as the
    venue does. Malformed elements are judgements already and harm none of the others.

    Args:
        completion: what a backend is about to return, or was returned by another.
        context: what the model was asked about.
        redact: takes secrets out of all texts (`Env.redact`); None: there are none.

    Raises:
        InvalidOutputError: no usable decision in it, with a reason for each element.
    """
    if completion.decisions is None:
        answer = parse(completion.text)
    else:
        answer = Answer(elements=tuple(completion.decisions))
    return named(answer if redact is None else redacted(answer, redact), context)
