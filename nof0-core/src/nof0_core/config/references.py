"""Fields that name something else in the configuration: a market, a backend, a model."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterable
from typing import Any

import attrs

from nof0_core.config.fields import key_of
from nof0_core.config.structure import hints_of


def named_in(value: Any, mark: object) -> dict[str, tuple[str, ...]]:
    """Return the names in fields declared as a certain reference type, by key; empty ones left out.

    Args:
        value: an object of a kind's `config` or `params` class; anything else names nothing.
        mark: the type, such as `BackendRef`; optional ones and tuples of it count too.
    """
    found: dict[str, tuple[str, ...]] = {}
    if not attrs.has(type(value)):
        return found
    for field in referring(type(value), mark):
        written = getattr(value, field.name)
        listed = written if isinstance(written, tuple | list) else (written,)
        names = tuple(name for name in listed if name)
        if names:
            found[key_of(field)] = names
    return found


def referring(cls: type[Any], mark: object) -> list[attrs.Attribute[Any]]:
    """Return the fields of a class that are declared as a certain reference type."""
    hints = hints_of(cls)
    return [field for field in attrs.fields(cls) if _mentions(hints.get(field.name), mark)]


def _mentions(type_: object, mark: object) -> bool:
    return type_ is mark or any(_mentions(inner, mark) for inner in typing.get_args(type_))


def circle(names: Iterable[str], after: Callable[[str], Iterable[str]]) -> tuple[str, ...]:
    """Return the first circle of names that refer to each other, its first name again at the end.

    Args:
        names: where to begin, in this order.
        after: what a name refers to.

    Returns:
        No names if there is no circle.
    """
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> tuple[str, ...]:
        if name in trail:
            return (*trail[trail.index(name) :], name)
        if name in done:
            return ()
        for inner in after(name):
            found = visit(inner, (*trail, name))
            if found:
                return found
        done.add(name)
        return ()

    for name in names:
        found = visit(name, ())
        if found:
            return found
    return ()
