"""The types a field of a configuration class may have.

This is the one place that says it: kinds with another type are refused while plugins load, the
configuration has a reader for each `Shape`, and `nof0 describe` a word.
"""

from __future__ import annotations

import collections.abc
import enum
import types
import typing
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs

SIMPLE: Mapping[type[Any], str] = {
    str: "text",
    bool: "true/false",
    int: "integer",
    float: "number",
    Decimal: "number",
    timedelta: "duration",
    datetime: "time",
    Path: "path",
}
"""Classes whose values are one word in a file, with what people call them."""

ALLOWED = (
    ", ".join(cls.__name__ for cls in SIMPLE)
    + ", an Enum, a Literal, MarketRef, BackendRef, ModelRef, an attrs class, Any;"
    " list[...], tuple[..., ...], Sequence[...], dict[str, ...], Mapping[str, ...] of these;"
    " several with |, or None beside them"
)
"""All of it in one line, for a person."""

_SEQUENCES = (list, tuple, collections.abc.Sequence, collections.abc.Iterable)
_MAPPINGS = (dict, Mapping, collections.abc.MutableMapping)


class Shape(enum.Enum):
    """In which way a type is read."""

    SIMPLE = enum.auto()
    ENUM = enum.auto()
    LITERAL = enum.auto()
    CLASS = enum.auto()
    SEQUENCE = enum.auto()
    MAPPING = enum.auto()
    UNION = enum.auto()
    ALIAS = enum.auto()
    """A `NewType`: read as what it stands for."""
    ANY = enum.auto()


def shape_of(type_: Any) -> Shape | None:
    """Return in which way a type is read, None if it cannot be; what is inside is not looked at."""
    if type_ is Any:
        return Shape.ANY
    if isinstance(type_, typing.NewType):
        return Shape.ALIAS
    origin = typing.get_origin(type_) or type_
    if origin in (typing.Union, types.UnionType):
        return Shape.UNION
    if origin is typing.Literal:
        return Shape.LITERAL
    if origin in _SEQUENCES:
        return Shape.SEQUENCE
    if origin in _MAPPINGS:
        return Shape.MAPPING
    return _shape_of_class(type_) if isinstance(type_, type) else None


def _shape_of_class(cls: type[Any]) -> Shape | None:
    if issubclass(cls, enum.Enum):
        return Shape.ENUM
    if cls in SIMPLE:
        return Shape.SIMPLE
    return Shape.CLASS if attrs.has(cls) else None


def inside(type_: Any) -> tuple[Any, ...]:
    """Return the types a list, a mapping (of its values), a union or an alias is made of."""
    match shape_of(type_):
        case Shape.SEQUENCE | Shape.UNION:
            leave_out = (Ellipsis, types.NoneType)
            return tuple(arg for arg in typing.get_args(type_) if arg not in leave_out)
        case Shape.MAPPING:
            return typing.get_args(type_)[1:]
        case Shape.ALIAS:
            return (type_.__supertype__,)
    return ()


def unreadable(type_: Any) -> Iterator[Any]:
    """Yield the parts of a type that cannot be read; attrs classes in it are not entered."""
    shape = shape_of(type_)
    arguments = typing.get_args(type_)
    is_fixed = typing.get_origin(type_) is tuple and Ellipsis not in arguments
    has_other_keys = shape is Shape.MAPPING and arguments and not _is_text(arguments[0])
    if shape is None or is_fixed or has_other_keys:
        # A list has any length, and the keys of a file are text.
        yield type_
        return
    for inner in inside(type_):
        yield from unreadable(inner)


def classes_in(type_: Any) -> Iterator[type[Any]]:
    """Yield the attrs classes a type is made of."""
    if shape_of(type_) is Shape.CLASS:
        yield type_
    for inner in inside(type_):
        yield from classes_in(inner)


def spelled(type_: Any) -> str:
    """Write a type as one writes it in code."""
    return type_.__qualname__ if isinstance(type_, type) else str(type_).replace("typing.", "")


def _is_text(type_: Any) -> bool:
    while isinstance(type_, typing.NewType):
        type_ = type_.__supertype__
    return type_ in (str, Any)
