"""One line of a tape: a question, and what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import attrs
import msgspec

from nof0_core.domain.model import Completion, Message, ModelCall, Usage
from nof0_core.errors import (
    BudgetExceededError,
    InvalidOutputError,
    LLMError,
    ModelTimeoutError,
)

FORMAT = 1
"""Number in `tape` of every line; a higher one was written by a later version."""


@attrs.frozen(kw_only=True)
class Failure:
    """Why there was no completion; `kind` is `invalid_output`, `budget`, `timeout` or `error`.

    `worst` is what a budget had too little left for.
    """

    kind: str
    message: str
    reasons: tuple[str, ...] = ()
    output: str = ""
    scope: str = ""
    worst: Usage | None = None

    def error(self) -> LLMError:
        """Return the error to raise, as it was when it was recorded."""
        if self.kind == "invalid_output":
            return InvalidOutputError(self.reasons, output=self.output)
        if self.kind == "budget":
            worst = self.worst
            return BudgetExceededError(
                self.message,
                scope=self.scope,
                tokens=None if worst is None else worst.tokens,
                usd=None if worst is None else worst.cost_usd,
            )
        if self.kind == "timeout":
            return ModelTimeoutError(self.message)
        return LLMError(self.message)


def failure_of(error: Exception) -> Failure:
    """Describe an error of a backend."""
    if isinstance(error, InvalidOutputError):
        return Failure(
            kind="invalid_output",
            message=str(error),
            reasons=error.reasons,
            output=error.output,
        )
    if isinstance(error, BudgetExceededError):
        worst = None
        if error.tokens is not None and error.usd is not None:
            # A budget counts tokens of both kinds alike.
            worst = Usage(prompt_tokens=error.tokens, cost_usd=error.usd)
        return Failure(kind="budget", message=str(error), scope=error.scope, worst=worst)
    if isinstance(error, ModelTimeoutError):
        return Failure(kind="timeout", message=str(error))
    if isinstance(error, LLMError):
        return Failure(kind="error", message=str(error))
    return Failure(kind="error", message=f"{type(error).__name__}: {error}")


@attrs.frozen(kw_only=True)
class Entry:
    """What one question came to.

    Exactly one of `completion` and `failure` is there. `calls` are the calls that were made for it,
    with their costs. `latency_s` is real time in seconds. The first five fields are those of a
    `Question`, with secrets taken out of the messages. `trader` and `cycle` tell who asked, in
    which of its cycles (from 1); of entries of older tapes nobody knows.
    """

    tape: int = FORMAT
    digest: str
    model: Mapping[str, str]
    parameters: Mapping[str, Any]
    schema: str
    messages: tuple[Message, ...]
    completion: Completion | None = None
    failure: Failure | None = None
    calls: tuple[ModelCall, ...] = ()
    latency_s: float = 0.0
    trader: str = ""
    cycle: int = 0


@attrs.frozen(kw_only=True)
class Reply:
    """The part of an entry that is played back; the prompt, which is most of it, is passed over."""

    digest: str
    completion: Completion | None = None
    failure: Failure | None = None
    calls: tuple[ModelCall, ...] = ()


_Read = TypeVar("_Read", Entry, Reply)

Turn = tuple[str, int, str]
"""A trader, the number of its cycle from 1, and the entry of llm.yaml that was asked."""


class Head(msgspec.Struct):
    """The part of a line that is read when a tape is opened.

    The first line of a tape may be about all of it: it has `about` and no digest.
    """

    tape: int
    digest: str = ""
    model: dict[str, str] = {}
    failure: msgspec.Raw = msgspec.Raw(b"null")
    trader: str = ""
    cycle: int = 0
    about: str = ""

    @property
    def is_failure(self) -> bool:
        """Return whether the line has no completion."""
        return bytes(self.failure) != b"null"

    @property
    def turn(self) -> Turn:
        """Return whose turn it was."""
        return self.trader, self.cycle, self.model.get("name", "")


def encode(entry: Entry) -> bytes:
    """Write an entry as one line, with the line break."""
    return msgspec.json.encode(_writable(msgspec.to_builtins(entry))) + b"\n"


def encode_about(text: str) -> bytes:
    """Write the line about a whole tape, with the line break."""
    return msgspec.json.encode(_writable({"tape": FORMAT, "about": text})) + b"\n"


def decode(line: bytes) -> Entry:
    """Read a line.

    Raises:
        ValueError: it is not an entry of a tape.
    """
    return _checked(_ENTRY.decode(line))


def decode_reply(line: bytes) -> Reply:
    """Read what of a line is played back.

    Raises:
        ValueError: it is not an entry of a tape.
    """
    return _checked(_REPLY.decode(line))


def _checked(entry: _Read) -> _Read:
    if (entry.completion is None) == (entry.failure is None):
        message = "it needs either a completion or a failure"
        raise ValueError(message)
    return entry


def head_of(line: bytes) -> Head:
    """Read the beginning of what a line says.

    Raises:
        ValueError: it is not an entry of a tape.
    """
    head = _HEAD.decode(line)
    if not head.digest and not head.about:
        message = "it has no digest"
        raise ValueError(message)
    return head


def is_begun(data: bytes) -> bool:
    """Return whether a piece without end is the beginning of a line, and not of another file."""
    return any(data.startswith(begin) or begin.startswith(data) for begin in _BEGINS)


def _writable(value: Any) -> Any:
    """Replace what cannot be written as UTF-8 (lone surrogates) in all texts."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {key: _writable(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_writable(inner) for inner in value]
    return value


_BEGINS = tuple(f'{{"{field.name}":'.encode() for field in attrs.fields(Entry))
_HEAD = msgspec.json.Decoder(Head)
_ENTRY = msgspec.json.Decoder(Entry)
_REPLY = msgspec.json.Decoder(Reply)
