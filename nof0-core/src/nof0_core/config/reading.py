"""Read one YAML file into a tree with places.

Narrower than YAML: `true`, `false`, `null` and plain numbers mean what they look like, everything
else is text (`no`, `on`, `1:30` and dates too). Anchors and merge keys (`<<: *name`) are fine,
duplicate keys and tags are not.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from nof0_core.config.environ import Environment, has_inner_reference
from nof0_core.config.model import Place
from nof0_core.config.tree import Items, Node, Problems, Scalar, Table, printable
from nof0_core.config.yaml_text import TOO_DEEP, compose
from nof0_core.files import in_words, read_text

_KINDS = (
    ("null", re.compile(r"~|null|Null|NULL|")),
    ("bool", re.compile(r"true|false|True|False|TRUE|FALSE")),
    ("int", re.compile(r"[-+]?(0|[1-9][0-9_]*)")),
    ("float", re.compile(r"[-+]?(\d[\d_]*\.\d*|\.\d+|\d[\d_]*(?=[eE]))([eE][-+]?\d+)?")),
)
_MERGE = "tag:yaml.org,2002:merge"
_TOO_MANY = 100_000
_TOP_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,63}")
"""What keys at the top of a file of this project look like."""


def read(
    path: Path,
    shown: str,
    environment: Environment,
    problems: Problems,
    *,
    named_at: Place | None = None,
) -> Table | None:
    """Read a file whose top level is a mapping.

    Args:
        path: the file.
        shown: the file as the user named it; it goes into every place.
        environment: where `${NAME}` is looked up.
        problems: takes what is wrong: not readable, not YAML, duplicate keys, tags.
        named_at: what names the file. If nothing can be read there, that is where the fault is.

    Returns:
        The tree, None if the file cannot be used at all. An empty file is an empty mapping.
    """
    top = Place(file=shown, line=0, path="")
    try:
        text = read_text(path)
    except FileNotFoundError:
        told = f"there is no file {printable(shown)}" if named_at else "there is no such file"
        problems.add(named_at or top, told)
        return None
    except OSError as error:
        told = f"cannot be read: {in_words(error)}"
        problems.add(named_at or top, f"{printable(shown)} {told}" if named_at else told)
        return None
    fault, root = compose(text)
    if fault is not None:
        line, message = fault
        problems.add(Place(file=shown, line=line, path=""), message)
        return None
    if root is None:
        return Table(place=top, entries={})
    builder = _Builder(environment, problems)
    node = builder.build(root, top, 0)
    if builder.is_endless:
        return None
    if isinstance(node, Table):
        return node
    # Whatever stands there instead is not shown: it may be a key, in a file named by mistake.
    what = "a list" if isinstance(node, Items) else "one text"
    problems.add(
        _at(top, root.start_mark.line + 1, ""),
        f"must be a mapping of keys to values, but is {what}",
        "is it the right file?",
    )
    return None


class _Builder:
    def __init__(self, environment: Environment, problems: Problems) -> None:
        self._environment = environment
        self._problems = problems
        self._count = 0
        self.is_endless = False

    def build(self, raw: Any, place: Place, depth: int) -> Node:
        import yaml

        self._count += 1
        if self.is_endless or depth > TOO_DEEP or self._count > _TOO_MANY:
            # Aliases can make a small file endless. Once told, nothing more is looked at.
            if not self.is_endless:
                self._problems.add(place, "is nested too deeply or repeated too often")
            self.is_endless = True
            return Scalar(place=place, text=None, kind="null")
        if isinstance(raw, yaml.MappingNode):
            return self._table(raw, place, depth)
        if isinstance(raw, yaml.SequenceNode):
            return Items(
                place=place,
                items=tuple(
                    self.build(item, _item_place(place, index, item), depth + 1)
                    for index, item in enumerate(raw.value)
                ),
            )
        return self._scalar(raw, place)

    def _table(self, raw: Any, place: Place, depth: int) -> Table:
        entries: dict[str, Node] = {}
        merged: dict[str, Node] = {}
        for key_node, value_node in raw.value:
            line = key_node.start_mark.line + 1
            key = key_node.value
            if not isinstance(key, str):
                self._problems.add(_at(place, line, place.path), "a key must be a word")
                continue
            if depth == 0 and not _TOP_KEY.fullmatch(key) and key_node.tag != _MERGE:
                # Not shown: it may be a line of another file, with a secret in it.
                self._problems.add(
                    _at(place, line, ""), "is no key of a configuration: is it the right file?"
                )
                continue
            path = f"{place.path}.{printable(key)}" if place.path else key
            if key_node.tag == _MERGE:
                for table in self._merged(value_node, _at(place, line, place.path), depth + 1):
                    merged = {**table.entries, **merged}
                continue
            if key in entries:
                first = entries[key].place.line
                self._problems.add(
                    _at(place, line, path), f"is written twice, first on line {first}"
                )
                continue
            entries[key] = self.build(value_node, _at(place, line, path), depth + 1)
        return Table(place=place, entries={**merged, **entries})

    def _merged(self, raw: Any, place: Place, depth: int) -> list[Table]:
        """Return the mappings a merge key names; the first that has a key gives its value."""
        import yaml

        nodes = raw.value if isinstance(raw, yaml.SequenceNode) else [raw]
        tables = []
        for node in (self.build(each, place, depth) for each in nodes):
            if isinstance(node, Table):
                tables.append(node)
            else:
                message = f"<< takes a mapping or a list of mappings, got {node.shown}"
                self._problems.add(place, message)
        return tables

    def _scalar(self, raw: Any, place: Place) -> Scalar:
        if raw.tag.startswith("!") or ":yaml.org,2002:python" in raw.tag:
            # Not shown: a password may begin like a tag.
            self._problems.add(
                place, "YAML tags have no meaning here: put text that begins with ! into quotes"
            )
        text = raw.value
        reference = self._environment.lookup(text)
        if reference is not None:
            variable, value = reference
            return Scalar(place=place, text=value, kind="text", variable=variable, is_loose=True)
        if has_inner_reference(text):
            self._problems.add(
                place,
                "${…} must be the whole value",
                "put the complete text into the environment variable",
            )
        kind = "text" if raw.style in ("'", '"', "|", ">") else _kind(text)
        return Scalar(place=place, text=None if kind == "null" else text, kind=kind)


def _kind(text: str) -> str:
    for kind, pattern in _KINDS:
        if pattern.fullmatch(text):
            return kind
    return "text"


def _at(place: Place, line: int, path: str) -> Place:
    return Place(file=place.file, line=line, path=path)


def _item_place(place: Place, index: int, raw: Any) -> Place:
    return _at(place, raw.start_mark.line + 1, f"{place.path}.{index}")
