"""Texts as a database takes them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec

LONGEST = 1_000_000
"""Bytes of UTF-8 that a column keeps of a text; `events` has all of it."""
_REFUSED = re.compile("[\x00\ud800-\udfff]")


def clean_text(text: str) -> str:
    """Put U+FFFD for NUL and lone surrogates, and cut at `LONGEST` bytes, saying how many went."""
    text = _REFUSED.sub("\ufffd", text)
    if len(text) <= LONGEST // 4 or len(data := text.encode()) <= LONGEST:
        return text
    kept = data[:LONGEST].decode(errors="ignore")
    return f"{kept}…[cut {len(data) - len(kept.encode())}]"


def clean_json(value: Any) -> Any:
    """Return a value as JSON has it, amounts as texts, with each text in it cleaned."""
    return _cleaned(msgspec.to_builtins(value, enc_hook=_plain))


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    message = f"JSON has no form for {type(value).__name__}"
    raise NotImplementedError(message)


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, Mapping):
        return {clean_text(str(key)): _cleaned(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(inner) for inner in value]
    return value
