"""Single keys of a configuration that are set from elsewhere, and are judged where they stand.

A path has the outline of the files, as `Setting.path` has it: `Seed` and others of the main file,
`LLM.models.NAME.params.fast`, `Executor.min_confidence`, `Manager.traders.ID.model`. Names may have
dots in them; `*` stands for every entry of a list.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import attrs

from nof0_core.config.assembly import Trees
from nof0_core.config.session import Session
from nof0_core.config.tree import Items, Node, Problems, Scalar, Table, printable
from nof0_core.plugins.suggestion import did_you_mean


@attrs.frozen(kw_only=True)
class Override:
    """What stands at a path instead of what the files have there; `node` knows its own place."""

    path: str
    node: Node


def overridden(session: Session, trees: Trees, overrides: Sequence[Override]) -> Trees:
    """Return the files with some keys set; what cannot be set is noted where it was asked for."""
    for one in overrides:
        steps = one.path.split(".")
        table = trees.named.get(steps[0])
        if steps[0] not in trees.named:
            main = _put(session.problems, trees.main, steps, one, "the main file")
            trees = attrs.evolve(trees, main=main)
        elif table is not None:
            # A file that could not be read has been told.
            put = _put(session.problems, table, steps[1:], one, steps[0])
            trees = attrs.evolve(trees, named={**trees.named, steps[0]: put})
    return trees


def only_traders(session: Session, trees: Trees, wanted: Collection[Scalar]) -> Trees:
    """Return the files with these traders alone; all of them where none is named."""
    manager = trees.named.get("Manager")
    nodes = manager.get("traders") if manager is not None else None
    if not wanted or manager is None or not isinstance(nodes, Items):
        return trees
    ids = [_id(node) for node in nodes.items]
    for scalar in wanted:
        if scalar.text not in ids:
            session.unknown(scalar.place, "trader", scalar.text or "", filter(None, ids))
    names = {scalar.text for scalar in wanted}
    kept = attrs.evolve(nodes, items=tuple(n for n in nodes.items if _id(n) in names))
    if not kept.items:
        return trees
    entries = {**manager.entries, "traders": kept}
    named = {**trees.named, "Manager": attrs.evolve(manager, entries=entries)}
    return attrs.evolve(trees, named=named)


def _put(
    problems: Problems, node: Table, steps: Sequence[str], one: Override, inside: str
) -> Table:
    """Return a table in which the value stands; the table as it is, with what is wrong noted."""
    if not steps:
        problems.add(one.node.place, f"{inside} is a file: name a key in it")
        return node
    key, rest = _key(node, steps)
    if not rest:
        return attrs.evolve(node, entries={**node.entries, key: one.node})
    inner = node.get(key)
    name = f"{inside}.{key}"
    if isinstance(inner, Items):
        return attrs.evolve(
            node, entries={**node.entries, key: _put_in(problems, inner, rest, one, name)}
        )
    if inner is None or (isinstance(inner, Scalar) and inner.is_empty):
        if not _is_block(key):
            told = f'{inside} has no "{printable(key)}"{did_you_mean(key, node.entries)}'
            problems.add(one.node.place, told)
            return node
        inner = Table(place=node.below(key), entries={})
    if not isinstance(inner, Table):
        problems.add(one.node.place, f"{name} has no keys: it is {inner.shown}")
        return node
    put = _put(problems, inner, rest, one, name)
    return attrs.evolve(node, entries={**node.entries, key: put})


_BLOCKS = frozenset({"risk_params", "exec_guards", "params", "manager", "monitoring", "Clock"})
"""Mappings that need not be written, and whose keys are checked when they are read."""


def _is_block(key: str) -> bool:
    return key in _BLOCKS


def _put_in(
    problems: Problems, nodes: Items, steps: Sequence[str], one: Override, inside: str
) -> Items:
    """Set something in the entry of a list that has the id, or the number, of the first step."""
    if steps[0] == "*" and len(steps) > 1:
        every = [
            _put(problems, node, steps[1:], one, f"{inside}.{number}")
            if isinstance(node, Table)
            else node
            for number, node in enumerate(nodes.items)
        ]
        return attrs.evolve(nodes, items=tuple(every))
    for count in range(len(steps), 0, -1):
        wanted = ".".join(steps[:count])
        for number, node in enumerate(nodes.items):
            if isinstance(node, Table) and wanted in {_id(node), str(number)}:
                put = _put(problems, node, steps[count:], one, f"{inside}.{wanted}")
                items = (*nodes.items[:number], put, *nodes.items[number + 1 :])
                return attrs.evolve(nodes, items=items)
    known = [found for node in nodes.items if (found := _id(node))]
    told = f'{inside} has no "{printable(steps[0])}"{did_you_mean(steps[0], known)}'
    problems.add(one.node.place, told)
    return nodes


def _id(node: Node) -> str:
    found = node.get("id") if isinstance(node, Table) else None
    return (found.text or "") if isinstance(found, Scalar) else ""


def _key(node: Table, steps: Sequence[str]) -> tuple[str, Sequence[str]]:
    """Return the longest key that is there, and the steps below it; else the first step."""
    for count in range(len(steps), 0, -1):
        key = ".".join(steps[:count])
        if key in node.entries:
            return key, steps[count:]
    return steps[0], steps[1:]
