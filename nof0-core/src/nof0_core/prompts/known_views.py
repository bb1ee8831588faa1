"""Which names of a template are views, whatever happens while it is rendered."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import nodes

VIEWS = frozenset(
    ("trader", "account", "performance", "limits", "room", "brakes", "costs", "budget", "past")
)
"""Variables of every template that are views."""
LISTS: Mapping[tuple[str, ...], str] = MappingProxyType(
    {
        ("positions",): "position",
        ("coins",): "coin",
        ("coin", "series"): "series",
        ("brakes", "active"): "brake",
        ("brakes", "resting"): "resting coin",
        ("past", "setbacks"): "setback",
        ("past", "trades"): "past trade",
    }
)
"""Variables, and values of views by the kind of the view, in which there are only views of a kind.

The kind of a variable that is a view is its name.
"""

_Scope = Mapping[str, str]
"""Names that are views, with the kind of each."""


def known_look_ups(tree: nodes.Template) -> frozenset[int]:
    """Return the ids of all attributes in a tree that are read from what must be a view.

    A name counts where it can stand for nothing else: a variable to which the template nowhere
    gives another meaning, or the target of a loop over known views, inside of that loop, where the
    template binds that name by nothing but loops.
    """
    from jinja2 import nodes

    targets = {id(loop.target) for loop in tree.find_all(nodes.For) if not loop.recursive}
    stored = [each for each in tree.find_all(nodes.Name) if each.ctx != "load"]
    others = {each.name for each in stored if id(each) not in targets}
    others.update(_bound_by_name(tree))
    own = others.union(each.name for each in stored)
    lists = {name for name, *rest in LISTS if not rest} - own
    roots = {name: name for name in VIEWS - own}
    return frozenset(_Walk(roots, lists, others).through(tree, roots))


def _bound_by_name(tree: nodes.Template) -> Iterator[str]:
    """Yield names that a template binds without a variable in its tree."""
    from jinja2 import nodes

    for macro in tree.find_all(nodes.Macro):
        yield macro.name
    for each in tree.find_all(nodes.Import):
        yield each.target
    for one in tree.find_all(nodes.FromImport):
        for item in one.names:
            yield from (item,) if isinstance(item, str) else item


class _Walk:
    """Goes through a template and knows in each place which names are views."""

    def __init__(self, roots: _Scope, lists: Collection[str], others: Collection[str]) -> None:
        """Take variables that have their own meaning everywhere, and names that may be anything."""
        self._roots = roots
        self._lists = lists
        self._others = others

    def through(self, node: nodes.Node, scope: _Scope) -> Iterator[int]:
        """Yield the ids of attributes of views below a node.

        What stands in a macro or block is run elsewhere: there, no targets of loops are known.
        """
        from jinja2 import nodes

        if isinstance(node, nodes.For):
            yield from self._through_loop(node, scope)
            return
        if isinstance(node, nodes.Macro | nodes.CallBlock | nodes.Block):
            scope = self._roots
        if isinstance(node, nodes.Getattr) and self._kind(node.node, scope) is not None:
            yield id(node)
        for child in node.iter_child_nodes():
            yield from self.through(child, scope)

    def _through_loop(self, loop: nodes.For, scope: _Scope) -> Iterator[int]:
        from jinja2 import nodes

        bound = [loop.target, *loop.target.find_all(nodes.Name)]
        names = {each.name for each in bound if isinstance(each, nodes.Name)}
        inner = {name: kind for name, kind in scope.items() if name not in names}
        kind = self._items(loop.iter, scope)
        if kind is not None and isinstance(loop.target, nodes.Name):
            inner |= dict.fromkeys(names - set(self._others), kind)
        yield from self.through(loop.iter, scope)
        for child in (*loop.body, *([loop.test] if loop.test else [])):
            yield from self.through(child, inner)
        for child in loop.else_:
            yield from self.through(child, scope)

    def _items(self, node: nodes.Node, scope: _Scope) -> str | None:
        """Return the kind of the views a loop goes through, None if it may be anything."""
        from jinja2 import nodes

        if isinstance(node, nodes.Name):
            return LISTS[node.name,] if node.name in self._lists else None
        kind = self._kind(node.node, scope) if isinstance(node, nodes.Getattr) else None
        return None if kind is None else LISTS.get((kind, node.attr))  # type: ignore[attr-defined]  # just tested

    def _kind(self, node: nodes.Node, scope: _Scope) -> str | None:
        from jinja2 import nodes

        return scope.get(node.name) if isinstance(node, nodes.Name) else None
