"""Saying how a question differs from those on a tape."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Sequence

from nof0_core.domain.model import Message
from nof0_core.errors import ReplayMissError
from nof0_core.protocols.llm import CompletionRequest
from nof0_llm.tape.entry import Entry
from nof0_llm.tape.question import Question

MOST_LINES = 40
"""Lines of the difference that are shown."""
LONGEST_LINE = 240
_AROUND = 30


def miss(
    request: CompletionRequest, question: Question, entries: Iterable[Entry]
) -> ReplayMissError:
    """Make the error for a question that is not on the tape, showing the nearest one that is."""
    when = f"{request.context.time:%Y-%m-%d %H:%M:%S}"
    whom = f"(model {request.model.name}, question {question.digest[:12]})"
    lines = [f"the tape has no answer for trader {request.trader} at {when} UTC {whom}"]
    nearest = _nearest(question, entries)
    lines += ["nothing is recorded on it"] if nearest is None else _compared(nearest, question)
    return ReplayMissError("\n".join(lines))


def _nearest(question: Question, entries: Iterable[Entry]) -> Entry | None:
    """Return the entry that shares most lines with a question; of equals one of the same model."""
    wanted = Counter(_lines(question.messages))
    best: tuple[float, bool, Entry] | None = None
    for entry in entries:
        found = Counter(_lines(entry.messages))
        total = wanted.total() + found.total()
        score = 2 * (wanted & found).total() / total if total else 1.0
        rank = (score, entry.model == question.model)
        if best is None or rank > best[:2]:
            best = (*rank, entry)
    return best[2] if best is not None else None


def _compared(entry: Entry, question: Question) -> list[str]:
    lines = [
        f"{what} differs: recorded {old}, now {new}"
        for what, old, new in (
            ("the model", dict(entry.model), dict(question.model)),
            ("a parameter", dict(entry.parameters), dict(question.parameters)),
            ("the schema of the answer", entry.schema[:12], question.schema[:12]),
        )
        if old != new
    ]
    old_text, new_text = _lines(entry.messages), _lines(question.messages)
    if old_text == new_text:
        return lines or ["the same prompt is recorded, with secrets taken out of it"]
    diff = difflib.unified_diff(
        old_text, new_text, f"recorded {entry.digest[:12]}", "asked now", n=1, lineterm=""
    )
    shown = [_clip(line) for line in diff]
    if len(shown) > MOST_LINES:
        shown = [*shown[:MOST_LINES], f"… and {len(shown) - MOST_LINES} more lines"]
    return [*lines, _first(old_text, new_text), *shown]


def _first(old: Sequence[str], new: Sequence[str]) -> str:
    """Point at the first character that differs; lines count over all messages, as in the diff."""
    number = next(
        (at for at, (a, b) in enumerate(zip(old, new, strict=False)) if a != b),
        min(len(old), len(new)),
    )
    was = old[number] if number < len(old) else ""
    now = new[number] if number < len(new) else ""
    column = next(
        (at for at, (a, b) in enumerate(zip(was, now, strict=False)) if a != b),
        min(len(was), len(now)),
    )
    start = max(0, column - _AROUND)
    old_part, new_part = was[start : column + _AROUND], now[start : column + _AROUND]
    return (
        f"first difference in line {number + 1}, column {column + 1}: "
        f"recorded {old_part!r}, now {new_part!r}"
    )


def _lines(messages: Sequence[Message]) -> list[str]:
    """Return all messages as lines, each message after a line with its role."""
    return [
        line
        for message in messages
        for line in (f"--- {message.role}", *message.content.split("\n"))
    ]


def _clip(line: str) -> str:
    return line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 1] + "…"
