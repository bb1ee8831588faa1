"""Turn trees into configuration classes, finding everything that is wrong on the way.

The dispatch by type is a cattrs converter of our own with a hook for every shape a field's type may
have. Each node knows its place, so every error does too; a failing field never hides the next one.
"""

from __future__ import annotations

import enum
import functools
import types
import typing
from collections.abc import Callable, Hashable, Iterator, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, NewType, TypeVar, get_args, get_origin

import attrs
import cattrs

from nof0_core.config import scalars
from nof0_core.config.fields import FieldInfo, info_of, key_of
from nof0_core.config.scalars import FaultError, expected
from nof0_core.config.tree import Items, Node, Problems, Scalar, Table, hidden, problem
from nof0_core.errors import Problem
from nof0_core.plugins.field_types import SIMPLE, Shape, shape_of
from nof0_core.plugins.suggestion import did_you_mean
from nof0_core.redaction import READ

T = TypeVar("T")

Raw = NewType("Raw", object)
"""Type of a field that is looked at later: it gets the node itself."""

_WORDS: dict[Any, Callable[..., Any]] = {
    str: scalars.as_str,
    bool: scalars.as_bool,
    int: scalars.as_int,
    float: scalars.as_float,
    Decimal: scalars.as_decimal,
    timedelta: scalars.as_duration,
    datetime: scalars.as_datetime,
}


class _UnknownValueError(Exception):
    """A value hangs on an environment variable that is not set, and nobody needs it yet."""


class Structurer:
    """Makes objects from nodes.

    Args:
        directories: for each file name in a place, where relative paths in it start.
        problems: takes everything that is wrong.
    """

    def __init__(self, directories: Mapping[str, Path], problems: Problems) -> None:
        self._directories = directories
        self._problems = problems
        self._is_needed = True
        self.secrets: set[str] = set()
        self._converter = self._make_converter()

    def take(self, node: Node, cls: type[T], *, is_needed: bool = True) -> T | None:
        """Make an object; None if something was wrong.

        Where the object is not needed, environment variables it would require may be missing.
        """
        self._is_needed = is_needed
        try:
            made: T = self._converter.structure(node, cls)
        except FaultError as fault:
            self._problems.extend(fault.problems)
        except _UnknownValueError:
            pass
        else:
            return made
        return None

    def _make_converter(self) -> cattrs.Converter:
        converter = cattrs.Converter(detailed_validation=False)
        add = converter.register_structure_hook_func
        readers: dict[Shape, Callable[..., Any]] = {
            Shape.CLASS: self._attrs,
            Shape.UNION: self._union,
            Shape.SEQUENCE: self._sequence,
            Shape.MAPPING: self._mapping,
            Shape.LITERAL: lambda node, type_: scalars.as_literal(node, get_args(type_)),
            Shape.ENUM: scalars.as_enum,
            Shape.ALIAS: lambda node, type_: converter.structure(node, type_.__supertype__),
            Shape.ANY: lambda node, _: scalars.plain(node),
        }
        add(lambda _: True, _unsupported)
        for shape, reader in readers.items():
            add(functools.partial(_has_shape, shape), reader)
        # cattrs has hooks of its own for these classes, which only hooks by class replace.
        words: dict[Any, Callable[..., Any]] = {**_WORDS, Path: self._path}
        for wanted in SIMPLE:
            converter.register_structure_hook(wanted, _enum_first(words[wanted]))
        add(functools.partial(_is, scalars.Label), scalars.as_label)
        add(functools.partial(_is, Raw), lambda node, _: node)
        return converter

    def _path(self, node: Node, _type: object) -> Path:
        return scalars.as_path(node, self._directories[node.place.file])

    def _union(self, node: Node, type_: Any) -> Any:
        choices = [choice for choice in get_args(type_) if choice is not types.NoneType]
        if len(choices) < len(get_args(type_)) and isinstance(node, Scalar) and node.is_empty:
            return None
        for choice in choices[:-1]:
            try:
                return self._converter.structure(node, choice)
            except FaultError:
                continue
        return self._converter.structure(node, choices[-1])

    def _sequence(self, node: Node, type_: Any) -> Any:
        if isinstance(node, Scalar) and node.is_empty and not node.variable:
            return ()
        if not isinstance(node, Items):
            raise expected(node, "a list")
        inner = [arg for arg in get_args(type_) if arg is not Ellipsis] or [Any]
        values = self._all([(item, inner[0]) for item in node.items])
        return values if _origin(type_) is list else tuple(values)

    def _mapping(self, node: Node, type_: Any) -> dict[str, Any]:
        if isinstance(node, Scalar) and node.is_empty and not node.variable:
            return {}
        if not isinstance(node, Table):
            raise expected(node, "a mapping")
        inner = (get_args(type_) or (str, Any))[1]
        values = self._all([(value, inner) for value in node.entries.values()])
        return dict(zip(node.entries, values, strict=True))

    def _all(self, wanted: list[tuple[Node, Any]]) -> list[Any]:
        values: list[Any] = []
        faults: list[Problem] = []
        is_unknown = False
        for node, type_ in wanted:
            try:
                values.append(self._converter.structure(node, type_))
            except FaultError as fault:
                faults.extend(fault.problems)
            except _UnknownValueError:
                is_unknown = True
        if faults:
            raise FaultError(*faults)
        if is_unknown:
            raise _UnknownValueError
        return values

    def _attrs(self, node: Node, cls: type[Any]) -> Any:
        if isinstance(node, Scalar) and node.is_empty and not node.variable:
            node = Table(place=node.place, entries={})
        if not isinstance(node, Table):
            raise expected(node, "a mapping")
        fields = {key_of(field): field for field in attrs.fields(cls) if field.init}
        faults = [
            problem(value.place, f"unknown key{did_you_mean(key, fields)}")
            for key, value in node.entries.items()
            if key not in fields
        ]
        values: dict[str, Any] = {}
        is_unknown = False
        for key, field in fields.items():
            try:
                found = self._field(node, key, field, _type_of(cls, field.name))
            except FaultError as fault:
                faults.extend(fault.problems)
            except _UnknownValueError:
                is_unknown = True
            else:
                if found is not attrs.NOTHING:
                    values[field.alias or field.name] = found
        if faults:
            raise FaultError(*faults)
        if is_unknown:
            raise _UnknownValueError
        return _construct(cls, values, node, fields)

    def _field(self, table: Table, key: str, field: attrs.Attribute[Any], type_: Any) -> Any:
        node = table.get(key)
        has_default = field.default is not attrs.NOTHING
        if node is None:
            if has_default:
                return attrs.NOTHING
            raise FaultError(problem(table.below(key), "required key is missing", *_meant(field)))
        if isinstance(node, Scalar) and node.is_empty:
            if has_default:
                return attrs.NOTHING
            if not self._is_needed and node.variable:
                raise _UnknownValueError
            raise FaultError(_missing(node))
        if info_of(field).secret:
            texts = set(_texts(node))
            self.secrets |= texts
            READ.add_secrets(texts)
            node = hidden(node)
        value = self._converter.structure(node, type_)
        _validate(node, field, value)
        return value


def _texts(node: Node) -> Iterator[str]:
    """Yield all texts in a node."""
    if isinstance(node, Scalar):
        yield node.text or ""
    elif isinstance(node, Items):
        for item in node.items:
            yield from _texts(item)
    else:
        for value in node.entries.values():
            yield from _texts(value)


def _origin(type_: Any) -> Any:
    """Return what a type is made from: `tuple` for `tuple[int, ...]`, the type itself for `int`."""
    origin: Any = get_origin(type_)
    return type_ if origin is None else origin


def _enum_first(hook: Callable[..., Any]) -> Callable[..., Any]:
    """Keep members of `StrEnum` and `IntEnum`, which are also text and numbers, from a hook."""

    def structure(node: Node, type_: Any) -> Any:
        return scalars.as_enum(node, type_) if issubclass(type_, enum.Enum) else hook(node, type_)

    return structure


def _is(wanted: object, type_: object) -> bool:
    return type_ is wanted


def _has_shape(wanted: Shape, type_: object) -> bool:
    return shape_of(type_) is wanted


def _unsupported(node: Node, type_: object) -> Any:
    raise FaultError(problem(node.place, f"cannot be read: no rule for the type {type_}"))


def _construct(
    cls: type[Any],
    values: dict[str, Any],
    node: Table,
    fields: Mapping[str, attrs.Attribute[Any]],
) -> Any:
    try:
        return cls(**values)
    except (ValueError, TypeError) as error:
        raise FaultError(problem(node.place, redact(_said(error), node, fields))) from error


def hints_of(cls: Any) -> Mapping[str, Any]:
    """Return the types of a class's fields; reading annotations is slow, so they are kept."""
    return _hints(cls)


@functools.cache
def _hints(cls: Hashable) -> Mapping[str, Any]:
    return typing.get_type_hints(cls)


def _type_of(cls: Any, name: str) -> Any:
    return hints_of(cls).get(name, Any)


def _missing(node: Scalar) -> Problem:
    if not node.variable:
        return problem(node.place, "must not be empty")
    state = "is not set" if node.text is None else "is empty"
    return problem(
        node.place,
        f"environment variable {node.variable} {state}",
        f"set it, or write {node.variable}=… into the file .env beside the main file",
    )


def _validate(node: Node, field: attrs.Attribute[Any], value: Any) -> None:
    if field.validator is None:
        return
    try:
        field.validator(None, field, value)
    except AttributeError:
        # It looks at other fields of the object; it will run again when that is made.
        return
    except (ValueError, TypeError) as error:
        is_secret = info_of(field).secret or (isinstance(node, Scalar) and bool(node.variable))
        said = _said(error)
        if is_secret:
            said = (
                said.split(", got ")[0]
                if isinstance(field.validator, FieldInfo)
                else "is not valid"
            )
        raise FaultError(problem(node.place, said)) from error


def redact(text: str, table: Table, fields: Mapping[str, attrs.Attribute[Any]]) -> str:
    """Take the values of secrets, and of environment variables, out of a message."""
    for key, node in table.entries.items():
        if not isinstance(node, Scalar) or not node.text:
            continue
        if node.variable or (key in fields and info_of(fields[key]).secret):
            text = text.replace(node.text, "…")
    return text


def _said(error: Exception) -> str:
    return str(error.args[0]) if error.args else type(error).__name__


def _meant(field: attrs.Attribute[Any]) -> tuple[str, ...]:
    """Say what a key that people have to get somewhere is, where its field tells."""
    info = info_of(field)
    return (info.help,) if info.secret and info.help else ()
