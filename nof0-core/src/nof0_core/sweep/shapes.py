"""What the files of a sweep hold: what was damaged or is of another version is found on reading."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

FORMAT = 1
DONE, FAILED, PEEKED = "done", "failed", "look-ahead"


class _Found(msgspec.Struct):
    """What a job came to, as far as a sweep reads it."""

    traders: list[dict[str, Any]]
    coins: dict[str, float]
    seconds: float


class RecordShape(msgspec.Struct):
    """The record of a job."""

    key: str
    window: tuple[str, str]
    labels: dict[str, Any]
    treatment: str
    error: str
    format: Literal[1]
    status: Literal["done", "failed", "look-ahead"]
    found: _Found | None = None

    def __post_init__(self) -> None:
        """Refuse a job that is done and has no result."""
        if self.status == DONE and self.found is None:
            message = "it is done, and there is no result"
            raise ValueError(message)


class ManifestShape(msgspec.Struct):
    """What results belong to."""

    document: dict[str, Any]
    prompts: dict[str, str]
    code: Any
    data: dict[str, dict[str, str]]
    format: Literal[1]


class VerdictShape(msgspec.Struct):
    """What came of the look-ahead check of a treatment."""

    name: str
    verdict: Literal["done", "look-ahead"]
    moments: int
    cycles: int
    error: str
