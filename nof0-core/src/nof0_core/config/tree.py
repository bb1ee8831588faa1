"""A configuration file as a tree in which every value knows where it stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import attrs

from nof0_core.config.model import Place
from nof0_core.errors import Problem

_LONGEST = 120
"""Characters of a value that a message shows."""


def printable(text: str) -> str:
    """Write a text for a message: cut where it is very long, nothing in it moves a cursor."""
    cut = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)


@attrs.frozen(kw_only=True)
class Scalar:
    """A single value.

    `text` is what was written, or what the environment variable `variable` holds (None: the
    variable does not exist and has no default). `kind` is `null`, `bool`, `int`, `float` or `text`.
    A loose value came through `${…}`: it is `text` and is read as whatever type is wanted of it. A
    hidden value is never shown.
    """

    place: Place
    text: str | None
    kind: str
    variable: str = ""
    is_loose: bool = False
    is_hidden: bool = False

    @property
    def is_empty(self) -> bool:
        """Return whether nothing stands here, which means "not set"."""
        return not self.text

    @property
    def shown(self) -> str:
        """Write the value for a message, without giving away secrets."""
        if self.kind == "null":
            return "nothing"
        if self.variable:
            return f"the value of ${{{self.variable}}}"
        if self.is_hidden:
            return "a secret"
        text = printable(self.text or "")
        return f'"{text}"' if self.kind == "text" else text

    @property
    def sort(self) -> str:
        """Say what kind of value it is."""
        names = {"bool": "true or false", "int": "a number", "float": "a number", "null": "nothing"}
        return names.get(self.kind, "a string")


@attrs.frozen(kw_only=True)
class Items:
    """A sequence."""

    place: Place
    items: tuple[Node, ...]

    shown = "a list"
    is_empty = False


@attrs.frozen(kw_only=True)
class Table:
    """A mapping; the place of each value is its key's."""

    place: Place
    entries: Mapping[str, Node]

    shown = "a mapping"
    is_empty = False

    def get(self, key: str) -> Node | None:
        """Return the value of a key, None if it is not there."""
        return self.entries.get(key)

    def table(self, key: str) -> Table:
        """Return the mapping under a key; an empty one, standing here, if there is none."""
        found = self.entries.get(key)
        return found if isinstance(found, Table) else Table(place=self.below(key), entries={})

    def below(self, key: str) -> Place:
        """Return the place of a key, which need not be there."""
        if key in self.entries:
            return self.entries[key].place
        path = f"{self.place.path}.{key}" if self.place.path else key
        return attrs.evolve(self.place, path=path)

    def without(self, *keys: str) -> Table:
        """Return the mapping without some keys."""
        return attrs.evolve(self, entries={k: v for k, v in self.entries.items() if k not in keys})


Node = Scalar | Items | Table


def hidden(node: Node) -> Node:
    """Return the node with all values in it marked as secret."""
    if isinstance(node, Scalar):
        return attrs.evolve(node, is_hidden=True)
    if isinstance(node, Items):
        return attrs.evolve(node, items=tuple(hidden(item) for item in node.items))
    return attrs.evolve(node, entries={key: hidden(value) for key, value in node.entries.items()})


def find(node: Node, *steps: str | int) -> Place:
    """Return the place of something below a node, or the deepest place on the way to it."""
    for step in steps:
        inner: Node | None = None
        if isinstance(node, Table) and isinstance(step, str):
            inner = node.get(step)
        elif isinstance(node, Items) and isinstance(step, int) and step < len(node.items):
            inner = node.items[step]
        if inner is None:
            if isinstance(node, Table) and isinstance(step, str):
                return node.below(step)
            return node.place
        node = inner
    return node.place


def problem(place: Place, message: str, *hints: str) -> Problem:
    """Make the problem that something at a place is wrong."""
    return Problem(
        file=place.file, line=place.line, path=place.path, message=message, hints=tuple(hints)
    )


class Problems:
    """Everything found wrong so far, in all files."""

    def __init__(self) -> None:
        self._found: list[Problem] = []

    def __len__(self) -> int:
        return len(self._found)

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._found)

    def copy(self) -> Problems:
        """Return what has been found so far, to which others may add without each other."""
        made = Problems()
        made.extend(self._found)
        return made

    def add(self, place: Place, message: str, *hints: str) -> None:
        """Note that something at a place is wrong."""
        self._found.append(problem(place, message, *hints))

    def extend(self, problems: list[Problem] | tuple[Problem, ...]) -> None:
        """Note several problems."""
        self._found.extend(problems)

    def ordered(self, files: list[str]) -> tuple[Problem, ...]:
        """Return all problems, files in the order given, then by line."""
        rank = {name: position for position, name in enumerate(files)}
        unique = dict.fromkeys(self._found)
        return tuple(sorted(unique, key=lambda p: (rank.get(p.file, len(rank)), p.line)))
