"""From the text of a YAML file to nodes, or one sentence on why not.

A sentence never has a piece of the text: a file that was named by mistake may hold a secret.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from yaml import MarkedYAMLError

TOO_DEEP = 40
"""Levels of lists and mappings in each other; the parser itself goes on until the stack is full."""

_CONTROL = re.compile(r"[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NAMED = re.compile(r"(undefined alias|undefined tag handle|duplicate anchor).*", re.DOTALL)
_INDENT = re.compile(r" *\t")

Fault = tuple[int, str]
"""Line, counted from 1 (0: none), and message."""


def compose(text: str) -> tuple[Fault | None, Any]:
    """Return what is wrong, or None and the root node (None for a file without content)."""
    import yaml

    found = _CONTROL.search(text)
    if found:
        line = text.count("\n", 0, found.start()) + 1
        return (line, f"has a control character (U+{ord(found[0]):04X}): take it out"), None
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        # Event by event at first, as composing nodes uses up the stack level by level.
        fault = _nesting(yaml.parse(text, Loader=loader))
        return fault, None if fault else yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        return _marked(error, text), None
    except yaml.YAMLError:
        return (0, "not valid YAML"), None


def _nesting(events: Any) -> Fault | None:
    import yaml

    depth = documents = 0
    for event in events:
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        elif isinstance(event, yaml.DocumentStartEvent):
            documents += 1
        line = event.start_mark.line + 1
        if depth > TOO_DEEP:
            return line, f"is nested too deeply: {TOO_DEEP} levels are the most"
        if documents > 1:
            return line, "a second document begins here (---): a file is one"
    return None


def _marked(error: MarkedYAMLError, text: str) -> Fault:
    mark = error.problem_mark or error.context_mark
    if mark is None:
        return 0, "not valid YAML"
    lines = text.split("\n")
    if mark.line < len(lines) and _INDENT.match(lines[mark.line]):
        return mark.line + 1, "not valid YAML: it begins with a tab: indent with spaces"
    # Only the parser's own words, and of those none that it quotes from the text.
    what = _NAMED.sub(r"\1", error.problem or "cannot be parsed")
    if what == "second occurrence":
        what = "found duplicate anchor"
    return mark.line + 1, f"not valid YAML: {what}"
