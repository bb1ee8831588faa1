"""What a service says of its health, as it may be shown."""

from __future__ import annotations

import inspect

from nof0_core.border.values import shown, text, word
from nof0_core.domain.health import Health

_WORD = word(Health)
_SENTENCE = text(most=10_000)
_PAIR = 2


def checked_health(said: object) -> tuple[Health, str]:
    """Return what `health()` returned.

    Raises:
        ValueError: it is no health and sentence; says so as the end of a sentence.
    """
    if inspect.iscoroutine(said):
        said.close()
        message = "is a coroutine function: write def health, without async"
        raise ValueError(message)
    if type(said) is not tuple or len(said) != _PAIR:
        message = f"answered {shown(said)}, not a Health and a sentence"
        raise ValueError(message)
    health, sentence = said
    if what := _WORD(health):
        message = f"answered a health that {what}"
        raise ValueError(message)
    if what := _SENTENCE(sentence):
        message = f"answered a sentence that {what}"
        raise ValueError(message)
    return health, sentence
