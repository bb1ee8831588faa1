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
from nof0_core.config.tree import Items, Node, Problems, Scalar, Table

_KINDS = (
    ("null", re.compile(r"~|null|Null|NULL|")),
    ("bool", re.compile(r"true|false|True|False|TRUE|FALSE")),
    ("int", re.compile(r"[-+]?(0|[1-9][0-9_]*)")),
    ("float", re.compile(r"[-+]?(\d[\d_]*\.\d*|\.\d+|\d[\d_]*(?=[eE]))([eE][-+]?\d+)?")),
)
_MERGE = "tag:yaml.org,2002:merge"
_TOO_DEEP = 40
_TOO_MANY = 100_000


def read(path: Path, shown: str, environment: Environment, problems: Problems) -> Table | None:
    """Read a file whose top level is a mapping.

    Args:
        path: the file.
        shown: the file as the user named it; it goes into every place.
        environment: where `${NAME}` is looked up.
        problems: takes what is wrong: not readable, not YAML, duplicate keys, tags.

    Returns:
        The tree, None if the file cannot be used at all. An empty file is an empty mapping.
    """
    top = Place(file=shown, line=0, path="")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        problems.add(top, "there is no such file")
        return None
    except OSError as error:
        problems.add(top, f"cannot be read: {error.strerror}")
        return None
    except UnicodeDecodeError:
        problems.add(top, "is not UTF-8 text")
        return None
    root = _compose(text, top, problems)
    if root is None:
        return None if any(p.file == shown for p in problems) else Table(place=top, entries={})
    node = _Builder(environment, problems).build(root, top, 0)
    if isinstance(node, Table):
        return node
    problems.add(top, f"must be a mapping of keys to values, got {node.shown}")
    return None


def _compose(text: str, top: Place, problems: Problems) -> Any:
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return yaml.compose(text, Loader=loader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 0
        # Only the parser's own words: the text around the fault may be a secret.
        what = error.problem or "cannot be parsed"
        problems.add(Place(file=top.file, line=line, path=""), f"not valid YAML: {what}")
    except yaml.YAMLError as error:
        problems.add(top, f"not valid YAML: {str(error).splitlines()[0]}")
    except RecursionError:
        problems.add(top, "not valid YAML: nested too deeply")
    return None


class _Builder:
    def __init__(self, environment: Environment, problems: Problems) -> None:
        self._environment = environment
        self._problems = problems
        self._count = 0

    def build(self, raw: Any, place: Place, depth: int) -> Node:
        import yaml

        self._count += 1
        if depth > _TOO_DEEP or self._count > _TOO_MANY:
            # Aliases can make a small file endless.
            if self._count <= _TOO_MANY + 1:
                self._problems.add(place, "is nested too deeply or repeated too often")
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
            path = f"{place.path}.{key}" if place.path else key
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
            self._problems.add(place, f"YAML tags have no meaning here: {raw.tag}")
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
