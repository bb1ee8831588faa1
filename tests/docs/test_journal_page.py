"""docs/journal.md has the keys and words that records have."""

from __future__ import annotations

import inspect
import re
from enum import StrEnum
from pathlib import Path
from types import UnionType
from typing import Union, get_args, get_origin, get_type_hints

import attrs
import pytest

from nof0_core.domain import order, vocabulary
from nof0_core.domain.event import BODIES
from nof0_core.domain.order import OrderStyle

PAGE = (Path(__file__).parents[2] / "docs" / "journal.md").read_text(encoding="utf-8")


def rows(header):
    """Read a table: its rows, each a list of cells."""
    table = PAGE.split(header)[1].split("\n\n")[0]
    lines = [line for line in table.splitlines() if line.startswith("| ") and "---" not in line]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def words(cell):
    return re.findall(r"`(\w+)`", cell)


def inside(annotation):
    """Return the classes an annotation is made of, parameters included."""
    annotation = getattr(annotation, "__supertype__", annotation)
    if get_origin(annotation) in {Union, UnionType} or get_args(annotation):
        return {cls for part in get_args(annotation) for cls in inside(part)}
    return {annotation} if inspect.isclass(annotation) else set()


def recorded():
    """Return all values and vocabularies a record can hold."""
    found, waiting = set(), list(BODIES.values())
    while waiting:
        cls = waiting.pop()
        if cls in found:
            continue
        found.add(cls)
        if attrs.has(cls):
            hints = get_type_hints(cls)
            waiting += [c for f in attrs.fields(cls) for c in inside(hints[f.name])]
    return found - set(BODIES.values())


VALUES = {cls.__name__: cls for cls in recorded() if attrs.has(cls)}
VOCABULARIES = {cls.__name__: cls for cls in recorded() if issubclass(cls, StrEnum)}
PLAIN = {"Message"}
"""Role and content: docs/replay.md says what a prompt is."""


def test_types_of_records_have_their_keys():
    listed = {words(kind)[0]: words(keys) for kind, keys in rows("| type | keys |")}
    assert listed == {kind: [f.name for f in attrs.fields(cls)] for kind, cls in BODIES.items()}


def test_values_inside_have_their_keys():
    listed = {words(name)[-1]: words(keys) for name, keys in rows("| value | keys |")}
    held = {name: [f.name for f in attrs.fields(cls)] for name, cls in VALUES.items()}
    assert listed == {name: keys for name, keys in held.items() if name not in PLAIN}


def defined(module):
    return {
        name: cls
        for name, cls in vars(module).items()
        if inspect.isclass(cls) and issubclass(cls, StrEnum) and cls.__module__ == module.__name__
    }


def test_vocabularies_have_their_words():
    listed = {words(name)[0]: words(which) for name, _, which in rows("| words | where | which |")}
    # How an order is made is configuration, and no word of a record.
    closed = {**VOCABULARIES, **defined(vocabulary), **defined(order)}
    del closed[OrderStyle.__name__]
    assert listed == {name: [word.value for word in cls] for name, cls in closed.items()}


@pytest.mark.parametrize("name", ["CycleStatus", "OrderStatus", "OrderPurpose", "ExitReason"])
def test_there_is_something_to_compare(name):
    assert name in {**VOCABULARIES, **defined(vocabulary)}
