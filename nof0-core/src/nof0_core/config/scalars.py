"""Read single values: strictly by how they are written, except where they come from `${…}`."""

from __future__ import annotations

import enum
import math
import os
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NewType

from nof0_core.config.duration import parse_duration
from nof0_core.config.tree import Node, Scalar, problem
from nof0_core.errors import Problem
from nof0_core.files import absolute
from nof0_core.plugins.suggestion import did_you_mean

Label = NewType("Label", str)
"""Text that may also look like a number, such as a version."""

_MOST_DIGITS = 40
_LONGEST_NAME = 255
_LONGEST_PATH = 3500
"""Bytes; systems take some 4,096, and further names are put behind it."""
_INT = re.compile(r"[-+]?\d[\d_]*")
_DECIMAL = re.compile(r"[-+]?(\d[\d_]*\.?\d*|\.\d+)([eE][-+]?\d+)?")


class FaultError(Exception):
    """What is wrong with a value, as one or more problems."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(*(str(p) for p in problems))
        self.problems = problems


def expected(node: Node, what: str, *hints: str) -> FaultError:
    """Make the error that something else was expected here."""
    got = node.shown
    if isinstance(node, Scalar) and not (node.is_hidden or node.variable or node.kind == "null"):
        got += f" ({node.sort})" if node.kind == "text" else ""
    return FaultError(problem(node.place, f"expected {what}, got {got}", *hints))


def _text(node: Node, what: str, *kinds: str) -> str:
    if not isinstance(node, Scalar) or node.text is None:
        raise expected(node, what)
    if not node.is_loose and node.kind not in kinds:
        raise expected(node, what)
    return node.text


def as_str(node: Node, _type: object = str) -> str:
    """Read text; a bare number or `true` must be put in quotes."""
    if isinstance(node, Scalar) and node.kind in ("int", "float", "bool"):
        raise expected(node, "a string", f'put it in quotes: "{node.text}"')
    return _text(node, "a string", "text")


def as_label(node: Node, _type: object = Label) -> str:
    """Read text that may look like a number."""
    return _text(node, "a word or number", "text", "int", "float")


def as_bool(node: Node, _type: object = bool) -> bool:
    """Read `true` or `false`."""
    text = _text(node, "true or false", "bool").lower()
    if text not in ("true", "false"):
        raise expected(node, "true or false")
    return text == "true"


def as_int(node: Node, _type: object = int) -> int:
    """Read a whole number."""
    text = _text(node, "a whole number", "int")
    if not _INT.fullmatch(text):
        raise expected(node, "a whole number")
    # More digits than any number here has; Python refuses to read thousands of them.
    if len(text) > _MOST_DIGITS:
        raise expected(node, "a whole number of sensible size")
    return int(text)


def as_float(node: Node, _type: object = float) -> float:
    """Read a finite number."""
    text = _text(node, "a number", "int", "float")
    if not _DECIMAL.fullmatch(text) or not math.isfinite(float(text)):
        raise expected(node, "a number")
    return float(text)


def as_decimal(node: Node, _type: object = Decimal) -> Decimal:
    """Read a number exactly as it is written; it may stand in quotes."""
    text = _text(node, "a number", "int", "float", "text")
    if not _DECIMAL.fullmatch(text):
        raise expected(node, "a number")
    try:
        number = Decimal(text)
    except ArithmeticError:
        raise expected(node, "a number of sensible size") from None
    if abs(number.adjusted()) > 30:
        raise expected(node, "a number of sensible size")
    return number


def as_duration(node: Node, _type: object = timedelta) -> timedelta:
    """Read a duration with its unit."""
    what = "a duration with unit such as 500ms, 8s, 3m or 1h"
    text = _text(node, what, "text", "int")
    try:
        return parse_duration(text)
    except ValueError:
        raise expected(node, what) from None


def as_datetime(node: Node, _type: object = datetime) -> datetime:
    """Read an ISO 8601 time with its offset; the result is UTC."""
    what = "a time such as 2025-07-23T00:00:00Z"
    try:
        moment = datetime.fromisoformat(_text(node, what, "text"))
    except ValueError:
        raise expected(node, what) from None
    if moment.tzinfo is None:
        raise expected(node, f"{what}, with Z or an offset")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise expected(node, what) from None


def as_enum(node: Node, type_: type[enum.Enum]) -> enum.Enum:
    """Read the value of a member."""
    choices = {str(member.value): member for member in type_}
    text = _text(node, "one of " + ", ".join(choices), "text", "int", "bool")
    if text not in choices:
        raise expected(node, "one of " + ", ".join(choices), *_meant(node, text, choices))
    return choices[text]


def as_literal(node: Node, choices: tuple[Any, ...]) -> Any:
    """Read one of a few values."""
    words = {"true" if c is True else "false" if c is False else str(c): c for c in choices}
    text = _text(node, "one of " + ", ".join(words), "text", "int", "float", "bool")
    if text not in words:
        raise expected(node, "one of " + ", ".join(words), *_meant(node, text, words))
    return words[text]


def as_path(node: Node, directory: Path) -> Path:
    """Read a path; a relative one starts at the directory of the file that names it."""
    text = _text(node, "a path", "text")
    try:
        path = Path(text).expanduser()
    except RuntimeError:
        raise _no_path(node, "there is no home directory of that user") from None
    if any(len(os.fsencode(part)) > _LONGEST_NAME for part in path.parts):
        raise _no_path(node, f"a name in it has more than {_LONGEST_NAME} bytes")
    try:
        found = absolute(directory / path)
    except ValueError:
        raise _no_path(node, "it has a character no path has") from None
    if len(os.fsencode(found)) > _LONGEST_PATH:
        raise _no_path(node, f"it has more than {_LONGEST_PATH} bytes")
    return found


def _no_path(node: Node, reason: str) -> FaultError:
    return FaultError(problem(node.place, f"{node.shown} cannot be a path: {reason}"))


def plain(node: Node) -> Any:
    """Return a node as the plain Python value it looks like."""
    if not isinstance(node, Scalar):
        if hasattr(node, "items"):
            return [plain(item) for item in node.items]
        return {key: plain(value) for key, value in node.entries.items()}
    readers = {"bool": as_bool, "int": as_int, "float": as_float}
    return readers[node.kind](node) if node.kind in readers else node.text


def _meant(node: Scalar | Any, text: str, known: Any) -> tuple[str, ...]:
    if node.is_hidden or node.variable:
        return ()
    found = did_you_mean(text, known)
    return (found.removeprefix(", "),) if found else ()
