"""The message of an answer: what it says, what it thinks, and how it is sent back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from nof0_core.answers import extract, parse
from nof0_core.errors import InvalidOutputError
from nof0_llm.openai.structure import NAME

THOUGHTS = ("reasoning_content", "reasoning", "thinking")
"""Where endpoints put what a model thinks, beside what it says."""

_SAID = ("", "text", "output_text", "input_text")
_THOUGHT = ("think", "reason", "thought", "redacted", "analysis", "summary")


@attrs.frozen(kw_only=True)
class Spoken:
    """`text` is the answer, `thought` what was thought, `fault` why neither can be relied on.

    `turn` is the message as the endpoint wants it back, None where it is empty.
    """

    text: str
    thought: str = ""
    fault: str = ""
    turn: Mapping[str, Any] | None = None


def spoken(message: Mapping[str, Any]) -> Spoken:
    """Read a message.

    The arguments of calls of our tool are the answer where there are any, else the text: a model
    that writes its answer instead of calling the tool has answered all the same. Several calls
    become one JSON list; calls of tools that were never offered are none.
    """
    content, thoughts, odd = _content(message.get("content"))
    thought = "\n".join(filter(None, (*(_plain(message.get(key)) for key in THOUGHTS), *thoughts)))
    calls = list(_calls(message))
    own = [given for name, given in calls if name in (NAME, "")]
    texts = list(dict.fromkeys(_text(given) for given in own))
    text, fault = content, odd
    if texts:
        text = texts[0] if len(texts) == 1 else f"[{', '.join(texts)}]"
        if len(texts) > 1 and not all(each.strip() for each in texts):
            fault = fault or "one of several calls has no arguments"
        if not fault and _contradicts(content, text):
            fault = "text and call decide different things; give exactly one answer"
    elif calls and not content.strip():
        names = ", ".join(dict.fromkeys(name[:40] for name, _ in calls))
        fault = f"the model called what was not offered ({names}); call {NAME}"
    return Spoken(text=text, thought=thought, fault=fault, turn=_turn(message, content or text))


def _content(content: Any) -> tuple[str, list[str], str]:
    """Return text, thoughts and what could not be read of a content in one piece or in blocks."""
    if not isinstance(content, list):
        return (content if isinstance(content, str) else ""), [], ""
    said: list[str] = []
    thoughts: list[str] = []
    odd = ""
    for part in content:
        if isinstance(part, str):
            said.append(part)
            continue
        kind = str(part.get("type") or "").lower() if isinstance(part, Mapping) else "?"
        if kind in _SAID:
            said.append(_plain(part.get("text")))
        elif any(word in kind for word in _THOUGHT):
            thoughts.append(_plain(next((part[k] for k in (*THOUGHTS, "text") if k in part), "")))
        else:
            odd = f"a block of the answer is of the kind {kind[:40]!r}; answer as text"
    return "".join(said), thoughts, odd


def _plain(value: Any) -> str:
    """Return the text of a thought, which may come in blocks."""
    if isinstance(value, str):
        return value
    blocks = value if isinstance(value, list) else []
    return "".join(_plain(b.get("text")) if isinstance(b, Mapping) else _plain(b) for b in blocks)


def _calls(message: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield name and arguments of each call, also one of the protocol's older form."""
    listed = message.get("tool_calls")
    calls = [c.get("function") for c in _maps(listed)] or [message.get("function_call")]
    for call in calls:
        if isinstance(call, Mapping):
            yield str(call.get("name") or ""), call.get("arguments")


def _maps(listed: Any) -> list[Mapping[str, Any]]:
    found = listed if isinstance(listed, list) else []
    return [each for each in found if isinstance(each, Mapping)]


def _text(given: Any) -> str:
    if isinstance(given, str):
        return given
    return "" if given is None else json.dumps(given, ensure_ascii=False)


def _contradicts(content: str, text: str) -> bool:
    """Tell whether the words beside a call decide something else than the call."""
    try:
        extract(content)
    except InvalidOutputError as error:
        return "different answers" in str(error)
    try:
        return parse(content).elements != parse(text).elements
    except InvalidOutputError:
        return True


def _turn(message: Mapping[str, Any], said: str) -> Mapping[str, Any] | None:
    """Return the message as it is sent back: what was thought goes with calls alone.

    A thinking model wants its thoughts back beside a call it made, and nowhere else. A call of the
    protocol's older form goes back as text.
    """
    calls = [_call(call, place) for place, call in enumerate(_maps(message.get("tool_calls")), 1)]
    content = _content(message.get("content"))[0] if calls else said
    if not calls and not content.strip():
        return None
    turn: dict[str, Any] = {"role": "assistant", "content": content or None}
    if calls:
        turn["tool_calls"] = calls
        kept = (*THOUGHTS, "reasoning_details")
        turn |= {key: message[key] for key in kept if message.get(key)}
    return turn


def _call(call: Mapping[str, Any], place: int) -> dict[str, Any]:
    """Return a call as an endpoint takes it: with an id, and arguments that are a text."""
    given = call.get("function")
    function = given if isinstance(given, Mapping) else {}
    kept = {key: value for key, value in call.items() if key not in ("index", "function")}
    return kept | {
        "id": str(call.get("id") or f"call_{place}"),
        "type": "function",
        "function": {
            "name": str(function.get("name") or NAME),
            "arguments": _text(function.get("arguments")) or "{}",
        },
    }
