"""Finding the JSON of an answer in whatever a model wrote around it."""

from __future__ import annotations

import json
import math
import re
from decimal import Decimal, InvalidOperation
from typing import Any, Never

from nof0_core.errors import InvalidOutputError

LONGEST = 200_000
"""Characters of an answer that are looked at; a longer one has run away."""
MOST_BRACKETS = 1000
LONGEST_INT = 30

_THOUGHT = re.compile(r"<think(?:ing)?>(.*?)</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_START = re.compile(r"[\[{]")
_BROKEN = re.compile(r'\[\s*\{|\{\s*["}]')
"""An opening that only JSON has: if it does not parse, the answer is cut off or damaged."""


class Ambiguous(dict[str, Any]):
    """An object in which a key stands twice; which one was meant cannot be known."""


def extract(text: str) -> tuple[Any, str]:
    """Return the one JSON value that holds decisions, and the text around it.

    Code fences and prose are passed over, sections marked as thinking are not searched. JSON
    numbers come back as int or Decimal; NaN and Infinity as they would in Python.

    Raises:
        InvalidOutputError: nothing that could be a decision, damaged JSON, or several different
            answers.
    """
    if len(text) > LONGEST:
        _refuse(f"the answer has {len(text)} characters, more than {LONGEST}", text)
    thoughts = [found.strip() for found in _THOUGHT.findall(text)]
    body = _THOUGHT.sub(" ", text)
    values, prose = _values(body, text)
    answers: list[Any] = []
    for value in values:
        if _may_decide(value) and value not in answers:
            answers.append(value)
    # An empty list is "do nothing" only where nothing else is said: prose has brackets too.
    answers = [a for a in answers if a] or answers
    if len(answers) > 1:
        _refuse(f"{len(answers)} different answers in one; give exactly one", text)
    if not answers:
        found = "no decision found" if values else "no JSON found"
        _refuse(f"{found}: expected a list of objects with a signal", text)
    return answers[0], "\n".join(part for part in (*thoughts, prose) if part)


def _values(body: str, text: str) -> tuple[list[Any], str]:
    decoder = json.JSONDecoder(
        object_pairs_hook=_pairs,
        parse_float=_number,
        parse_int=_number,
        parse_constant=float,
        strict=False,
    )
    attempts = 0
    values: list[Any] = []
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
            if _BROKEN.match(body, start):
                where = f"line {error.lineno}, column {error.colno}"
                _refuse(f"damaged JSON: {error.msg} at {where}", text)
            attempts += 1
            if attempts > MOST_BRACKETS:
                _refuse("no JSON found among very many brackets", text)
            prose.append(body[start])
            position = start + 1
        else:
            values.append(value)
    prose.append(body[position:])
    return values, re.sub(r"```(?:json)?", "", "".join(prose)).strip()


def _may_decide(value: object) -> bool:
    """Tell whether a JSON value is meant as an answer: never a list of numbers."""
    if isinstance(value, dict):
        return "signal" in value or "decisions" in value
    if isinstance(value, list):
        return not value or any(isinstance(v, dict) and "signal" in v for v in value)
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
