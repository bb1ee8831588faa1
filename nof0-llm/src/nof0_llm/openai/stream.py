"""Server-sent events put together to the answer that would have come in one piece."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from nof0_llm.openai.usage import highest

_TEXTS = ("content", "reasoning_content", "reasoning", "refusal")


class BrokenStreamError(ValueError):
    """A stream ended before its end was told; what came is no answer."""


class Streamed(dict[str, Any]):
    """A body that was put together from a stream: all that was written has come by."""


def is_stream(data: bytes, kind: str) -> bool:
    """Tell whether what came is a stream, by its type or by how it begins."""
    return "text/event-stream" in kind.lower() or data.lstrip()[:6] in (b"data: ", b"event:")


def joined(data: bytes) -> Streamed:
    """Put the events of a whole stream together.

    Returns:
        A body as an endpoint sends it that does not stream: `choices` with one `message`, and
        `usage`, each count at its highest; `error` if one came on the way.

    Raises:
        BrokenStreamError: it broke off.
        ValueError: an event is not JSON.
    """
    whole = _Whole()
    for event in _events(data):
        if event == "[DONE]":
            whole.is_done = True
            continue
        chunk = json.loads(event)
        if isinstance(chunk, Mapping):
            whole.add(chunk)
    return whole.body()


@attrs.define
class _Whole:
    """What has come so far."""

    rest: dict[str, Any] = attrs.field(factory=dict)
    message: dict[str, Any] = attrs.field(factory=lambda: {"role": "assistant"})
    calls: list[dict[str, Any]] = attrs.field(factory=list)
    finish: Any = None
    is_done: bool = False
    has_choice: bool = False

    def add(self, chunk: Mapping[str, Any]) -> None:
        """Add an event."""
        for key, value in chunk.items():
            if key not in ("choices", "usage") and value is not None:
                self.rest[key] = value
        self._count(chunk.get("usage"))
        for choice in _choices(chunk):
            self.has_choice = True
            self.finish = choice.get("finish_reason") or self.finish
            self._count(choice.get("usage"))
            if choice.get("error"):
                self.rest["error"] = choice["error"]
            _add(self.message, self.calls, choice.get("delta") or choice.get("message"))

    def body(self) -> Streamed:
        """Return the whole answer."""
        if not self.is_done and not self.finish and "error" not in self.rest:
            raise BrokenStreamError
        if self.calls:
            self.message["tool_calls"] = self.calls
        choice = {"index": 0, "message": self.message, "finish_reason": self.finish}
        return Streamed({**self.rest, "choices": [choice] if self.has_choice else []})

    def _count(self, told: Any) -> None:
        if told:
            self.rest["usage"] = highest(self.rest.get("usage"), told)


def _events(data: bytes) -> Iterator[str]:
    """Yield the data of each event; comments and names of events are passed over."""
    lines: list[str] = []
    for line in data.decode("utf-8", "replace").replace("\r\n", "\n").split("\n"):
        if line.startswith("data:"):
            lines.append(line[5:].removeprefix(" "))
        elif not line and lines:
            yield "\n".join(lines)
            lines = []
    if lines:
        yield "\n".join(lines)


def _choices(chunk: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield the parts of the first choice: no other was asked for."""
    choices = chunk.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, Mapping) and choice.get("index", 0) in (0, None):
            yield choice


def _add(message: dict[str, Any], calls: list[dict[str, Any]], delta: Any) -> None:
    if not isinstance(delta, Mapping):
        return
    for key, value in delta.items():
        if key in ("role", "tool_calls") or value is None:
            continue
        before = message.get(key)
        if key == "function_call" and isinstance(value, Mapping):
            message[key] = _extended(before or {}, value)
        elif isinstance(before, str) and isinstance(value, str) and key in _TEXTS:
            message[key] = before + value
        elif isinstance(before, list) and isinstance(value, list):
            message[key] = [*before, *value]
        else:
            message[key] = value
    for call in delta.get("tool_calls") or ():
        if isinstance(call, Mapping):
            _add_call(calls, call)


def _add_call(calls: list[dict[str, Any]], call: Mapping[str, Any]) -> None:
    """Add a part of a call to the one it belongs to: by index, else by id, else to the last."""
    index = call.get("index")
    if isinstance(index, int):
        own = next((c for c in calls if c.get("index") == index), None)
    elif call.get("id"):
        own = next((c for c in calls if c.get("id") == call["id"]), None)
    else:
        own = calls[-1] if calls else None
    if own is None:
        calls.append({**call, "function": _extended({}, call.get("function"))})
        return
    own["function"] = _extended(own["function"], call.get("function"))
    own.update({k: v for k, v in call.items() if v is not None and k not in ("function", "index")})


def _extended(before: Mapping[str, Any], more: Any) -> dict[str, Any]:
    """Return a function's name and arguments with what came after; names are not cut in parts."""
    made = dict(before)
    for key, value in more.items() if isinstance(more, Mapping) else ():
        if key == "arguments" and isinstance(value, str) and isinstance(made.get(key), str):
            made[key] += value
        elif value not in (None, ""):
            made[key] = value
    return made
