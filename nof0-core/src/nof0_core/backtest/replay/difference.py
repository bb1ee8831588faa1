"""What is not as it was, as a unified diff."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from enum import StrEnum

import attrs
import msgspec

from nof0_core.domain.mappings import unwrapped

_encoder = msgspec.json.Encoder(enc_hook=unwrapped)


class Part(StrEnum):
    """What of a cycle differs."""

    PROMPT = "prompt"
    DECISION = "decision"
    VERDICT = "verdict"
    ORDER = "order"


@attrs.frozen(kw_only=True)
class Difference:
    """One part of a cycle that differs; `lines` are a unified diff without line ends.

    `reasons` are what is known to be behind it, none where nothing is.
    """

    part: Part
    lines: tuple[str, ...]
    reasons: tuple[str, ...] = ()


def text_difference(part: Part, recorded: str, found: str, *, name: str = "") -> list[Difference]:
    """Compare two texts, line by line; empty where they are equal to the last byte."""
    if recorded == found:
        return []
    lines = difflib.unified_diff(
        recorded.splitlines(),
        found.splitlines(),
        f"recorded {name}".rstrip(),
        f"now {name}".rstrip(),
        n=1,
        lineterm="",
    )
    shown = tuple(lines) or ("(they differ in line ends alone)",)
    return [Difference(part=part, lines=shown)]


def value_difference(
    part: Part, recorded: Sequence[object], found: Sequence[object]
) -> list[Difference]:
    """Compare values by their form in the journal, which has every digit."""
    if recorded == found:
        return []
    return text_difference(part, written(recorded), written(found))


def written(values: Sequence[object]) -> str:
    """Write values as lines of JSON, a field on each."""
    texts = (msgspec.json.format(_encoder.encode(value), indent=2).decode() for value in values)
    return "\n".join(texts)
