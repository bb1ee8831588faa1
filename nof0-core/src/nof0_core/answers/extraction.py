"""Finding the JSON of an answer in whatever a model wrote around it."""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, Never

from nof0_core.answers.thoughts import enclosing, parted
from nof0_core.errors import InvalidOutputError

LONGEST = 200_000
"""Characters of an answer that are looked at; a longer one has run away."""
MOST_BRACKETS = 1000
MOST_WORK = 5 * LONGEST
"""Characters that all openings which turn out to be no JSON may take together to read."""
MOST_ANSWERS = 10
"""Different answers that are told apart; more are as useless."""
DEEPEST = 32
"""Levels of lists and objects; an answer has four."""
LONGEST_INT = 30
CALL = "decide"
"""What the tool is called whose arguments are an answer."""

_FENCE = re.compile(r"```(?:json)?")
_CLOSING = re.compile(r"</[\w:-]{1,40}>|<\|[\w ]{1,40}\|>")
"""Marks that close what an answer stood in, or end it: they are no prose."""
_START = re.compile(r"[\[{]")
_BROKEN = re.compile(r'\[[\s\[]*\{|\{\s*["}]')
"""An opening that only JSON has: if it does not parse, the answer is cut off or damaged."""


class Ambiguous(dict[str, Any]):
    """An object in which a key stands twice; which one was meant cannot be known."""


def extract(text: str, accepts: Callable[[object], bool] | None = None) -> tuple[Any, str]:
    """Return the one JSON value that is an answer, and the text around it.

    Code fences and prose before it are passed over, sections marked as thinking are not searched:
    what a model considered on its way is no answer, also where it never came to one. Nor is what
    prose goes on after: it may be an example the model speaks of. JSON numbers come back as int or
    Decimal; NaN and Infinity as they would in Python.

    Args:
        text: all that the model wrote.
        accepts: tells whether a JSON value is meant as the answer; None: whether it holds
            decisions.

    Raises:
        InvalidOutputError: nothing that could be an answer, damaged JSON, JSON nested too deeply,
            several different answers, or prose after the answer.
    """
    if len(text) > LONGEST:
        _refuse(f"the answer has {len(text)} characters, more than {LONGEST}", text)
    whole = decoded(text)
    if whole is not None:
        # Marks inside the texts of a JSON value are not structure.
        thoughts: list[str] = []
        values, prose, spans, body = [whole], "", [(0, len(text))], text
    else:
        thoughts, body = parted(text)
        values, prose, spans = _values(body, text)
    values = [_called(value) for value in values]
    if any(is_deep(value) for value in values):
        _refuse(f"JSON nested too deeply: more than {DEEPEST} levels", text)
    answer, (start, end) = _chosen(values, spans, accepts or _may_decide, text)
    if answer is None:
        if accepts is not None:
            _refuse("no answer of the form asked for", text)
        found = "no decision found" if values else "no JSON found"
        where = " outside of what is marked as thought" if thoughts else ""
        _refuse(f"{found}{where}: expected a list of objects with a signal", text)
    if mark := enclosing(body, start, end):
        _refuse(f"the answer stands inside of <{mark}>; give the JSON alone", text)
    if re.search(r"\w", _CLOSING.sub("", _FENCE.sub("", body[end:]))):
        _refuse("the text goes on after the answer; let nothing follow the JSON", text)
    return answer, "\n".join(part for part in (*thoughts, prose) if part)


def _chosen(
    values: list[Any],
    spans: list[tuple[int, int]],
    accepts: Callable[[object], bool],
    text: str,
) -> tuple[Any, tuple[int, int]]:
    """Return the one value that is an answer and where it stands last; None: no such."""
    answers: list[Any] = []
    last: dict[bool, tuple[int, int]] = {}
    for value, span in zip(values, spans, strict=True):
        if len(answers) == MOST_ANSWERS:
            _refuse(f"{MOST_ANSWERS} or more different answers in one; give exactly one", text)
        if accepts(value):
            last[bool(value)] = span
            if value not in answers:
                answers.append(value)
    # An empty list is "do nothing" only where nothing else is said: prose has brackets too.
    answers = [a for a in answers if a] or answers
    if len(answers) > 1:
        _refuse(f"{len(answers)} different answers in one; give exactly one", text)
    return (answers[0], last[bool(answers[0])]) if answers else (None, (0, 0))


def decoded(text: str) -> Any:
    """Return the list or object that the text is, as it stands; None if it is anything else.

    One that was written as a JSON text, and that as another one, is what it was before.
    """
    value: Any = text
    for _ in range(2):
        if not isinstance(value, str):
            break
        try:
            value = _decoder().decode(value)
        except (json.JSONDecodeError, RecursionError):
            return None
    return value if isinstance(value, list | dict) else None


def _called(value: Any) -> Any:
    """Return what a call of the answer's tool was given, where a server left it in the text."""
    if not isinstance(value, dict) or isinstance(value, Ambiguous):
        return value
    inner = value.get("function")
    call = inner if isinstance(inner, dict) else value
    if call.get("name") != CALL:
        return value
    given = call.get("arguments", call.get("parameters"))
    found = decoded(given) if isinstance(given, str) else given
    return found if isinstance(found, list | dict) else value


@functools.cache
def _decoder() -> json.JSONDecoder:
    return json.JSONDecoder(
        object_pairs_hook=_pairs,
        parse_float=_number,
        parse_int=_number,
        parse_constant=float,
        strict=False,
    )


def is_deep(value: object) -> bool:
    """Tell whether a value has more levels than are read; never recursive itself."""
    level: list[object] = [value]
    for _ in range(DEEPEST + 1):
        inner: list[object] = []
        for each in level:
            if isinstance(each, dict):
                inner.extend(each.values())
            elif isinstance(each, list):
                inner.extend(each)
        if not inner:
            return False
        level = inner
    return True


def _values(body: str, text: str) -> tuple[list[Any], str, list[tuple[int, int]]]:
    """Return the JSON values of a text, the prose around them, and where each of them stands."""
    decoder = _decoder()
    attempts = work = 0
    values: list[Any] = []
    spans: list[tuple[int, int]] = []
    prose: list[str] = []
    position = 0
    while found := _START.search(body, position):
        start = found.start()
        prose.append(body[position:start])
        try:
            value, position = decoder.raw_decode(body, start)
        except RecursionError:
            _refuse("damaged JSON: nested too deeply", text)
        except json.JSONDecodeError as error:
            attempts += 1
            work += _read_until(error) - start
            if attempts > MOST_BRACKETS or work > MOST_WORK:
                _refuse("no JSON found among very many brackets", text)
            if _BROKEN.match(body, start):
                where = f"line {error.lineno}, column {error.colno}"
                _refuse(f"damaged JSON: {error.msg} at {where}", text)
            prose.append(body[start])
            position = start + 1
        else:
            values.append(value)
            spans.append((start, position))
    prose.append(body[position:])
    return values, _FENCE.sub("", "".join(prose)).strip(), spans


def _read_until(error: json.JSONDecodeError) -> int:
    """Return how far the decoder got; of a text without end it names the beginning."""
    return len(error.doc) if error.msg.startswith("Unterminated") else error.pos


def _may_decide(value: object) -> bool:
    """Tell whether a JSON value is meant as an answer: never a list of numbers."""
    if isinstance(value, dict):
        return "signal" in value or "decisions" in value
    if isinstance(value, list):
        return not value or any(
            isinstance(v, dict) and ("signal" in v or "decisions" in v) for v in value
        )
    return False


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    return made if len(made) == len(pairs) else Ambiguous(made)


def _number(text: str) -> int | Decimal | float:
    """Read a number exactly; one beyond all measure becomes infinite and is refused as such."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return math.inf
    return int(text) if text.lstrip("-").isdigit() and len(text) <= LONGEST_INT else number


def _refuse(reason: str, text: str) -> Never:
    raise InvalidOutputError([reason], output=text)
