"""Taking secrets out of an entry before it is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs
import msgspec

from nof0_llm.tape.entry import Entry

_TEXTS = ("parameters", "messages", "completion", "failure", "calls")


def cleaned(entry: Entry, redact: Callable[[str], str]) -> Entry:
    """Return an entry without secrets; its digest stays that of the question as it was asked."""
    changed: dict[str, Any] = msgspec.to_builtins(entry)
    for name in _TEXTS:
        changed[name] = _clean(changed[name], redact)
    return attrs.evolve(msgspec.convert(changed, Entry), tape=entry.tape, digest=entry.digest)


def _clean(value: Any, redact: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        text = redact(value)
        # Cut off here, a lone surrogate would make what is played back another text.
        return text if text.isascii() else text.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {key: _clean(inner, redact) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(inner, redact) for inner in value]
    return value
