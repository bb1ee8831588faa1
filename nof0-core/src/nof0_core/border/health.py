"""What a service says of its health, and the numbers it tells, as they may be shown."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Mapping

from nof0_core.border.values import shown, text, word
from nof0_core.domain.health import Health

_WORD = word(Health)
_SENTENCE = text(most=10_000)
_PAIR = 2
_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
MOST_FIGURES = 30
"""Numbers of one service."""


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


def checked_figures(told: object) -> dict[str, float]:
    """Return what `figures()` returned, by name.

    Raises:
        ValueError: it is no mapping of few finite numbers; says so as the end of a sentence.
    """
    if inspect.iscoroutine(told):
        told.close()
        message = "is a coroutine function: write def figures, without async"
        raise ValueError(message)
    if not isinstance(told, Mapping):
        message = f"answered {shown(told)}, not a mapping"
        raise ValueError(message)  # noqa: TRY004 - one error for all that is wrong
    found = _read(told)
    for name, value in found.items():
        if type(name) is not str or not _NAME.fullmatch(name):
            message = f"answered the name {shown(name)}: lower-case letters, digits and _"
            raise ValueError(message)
        if type(value) not in {int, float} or not math.isfinite(value):
            message = f"answered {name} = {shown(value)}, not a finite number"
            raise ValueError(message)
    return {name: float(value) for name, value in found.items()}


def _read(told: Mapping[str, float]) -> dict[str, float]:
    """Return a mapping as a dict of its own.

    Raises:
        ValueError: it has too many numbers, or cannot be read.
    """
    try:
        if len(told) <= MOST_FIGURES:
            return dict(told)
        message = f"answered {len(told)} numbers, more than {MOST_FIGURES}"
    except Exception as error:  # noqa: BLE001 - a class of the plugin's
        message = f"answered a mapping that cannot be read ({type(error).__name__})"
    raise ValueError(message)
