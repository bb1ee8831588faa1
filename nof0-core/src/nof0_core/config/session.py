"""What the parts of one `load` share: plugins, problems found, warnings, how to make objects."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

import attrs

from nof0_core.config.environ import Environment
from nof0_core.config.model import Place
from nof0_core.config.reading import read
from nof0_core.config.structure import Structurer
from nof0_core.config.tree import Items, Node, Problems, Scalar, Table, printable, problem
from nof0_core.errors import PluginError, Problem
from nof0_core.plugins.catalog import Catalog
from nof0_core.plugins.suggestion import did_you_mean

T = TypeVar("T")


@attrs.define(kw_only=True)
class Session:
    """One run of `load`. `files` are the files read so far, as shown, in order."""

    registry: Catalog
    environment: Environment
    problems: Problems
    directories: dict[str, Path] = attrs.field(factory=dict)
    warnings: list[Problem] = attrs.field(factory=list)
    structurer: Structurer = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        """Make the structurer, which shares directories and problems."""
        self.structurer = Structurer(self.directories, self.problems)

    @property
    def files(self) -> list[str]:
        """Return the files read so far, as shown, in order."""
        return list(self.directories)

    def read(self, path: Path, shown: str, *, named_at: Place | None = None) -> Table | None:
        """Read a file, which something at a place names; None, with the problem noted, if unfit."""
        self.directories[shown] = Path(os.path.abspath(path)).parent  # noqa: PTH100 - keeps links
        return read(path, shown, self.environment, self.problems, named_at=named_at)

    def take(self, node: Node | None, cls: type[T], *, is_needed: bool = True) -> T | None:
        """Make an object; None, with the problems noted, if that fails."""
        if node is None:
            return None
        return self.structurer.take(node, cls, is_needed=is_needed)

    def warn(self, place: Place, message: str, *hints: str) -> None:
        """Note something the user should know that stops nothing."""
        self.warnings.append(problem(place, message, *hints))

    def unknown(self, place: Place, what: str, name: str, known: Iterable[str]) -> None:
        """Note that a name stands for nothing.

        Where there are no names at all, their file or list is missing or wrong. That has been
        noted, and what refers to them would only hide it.
        """
        names = sorted(known)
        if not names:
            return
        hints = [] if did_you_mean(name, names) else ["there is: " + ", ".join(names)]
        told = f'unknown {what} "{printable(name)}"{did_you_mean(name, names)}'
        self.problems.add(place, told, *hints)

    def plugin_problem(self, place: Place, error: PluginError) -> None:
        """Note a plugin error at the place that caused it."""
        self.problems.add(place, str(error), *error.hints)


def nodes_of(raw: Iterable[object]) -> list[Node]:
    """Return the nodes in fields declared as `Raw`."""
    return [node for node in raw if isinstance(node, Scalar | Items | Table)]


def type_of(session: Session, node: Node, what: str) -> tuple[str, Table] | None:
    """Split a section into its `type` and the rest; a bare word is a section without settings.

    Returns:
        None, with the problem noted, if it has no type.
    """
    if isinstance(node, Scalar) and node.kind == "text" and node.text:
        return node.text, Table(place=node.place, entries={})
    if not isinstance(node, Table):
        session.problems.add(node.place, f"expected {what} with its `type`, got {node.shown}")
        return None
    tag = node.get("type")
    if tag is None:
        session.problems.add(node.below("type"), "required key is missing")
        return None
    if not isinstance(tag, Scalar) or tag.kind != "text" or not tag.text:
        session.problems.add(tag.place, f"expected the name of a kind, got {tag.shown}")
        return None
    return tag.text, node.without("type")


def type_place(node: Node) -> Place:
    """Return where the type of a section stands."""
    return node.below("type") if isinstance(node, Table) else node.place
