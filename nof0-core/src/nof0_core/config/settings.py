"""Every key of a configuration with its value, so that two readings of it can be compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import attrs

from nof0_core.config.assembly import Files, Trees
from nof0_core.config.fields import info_of, key_of
from nof0_core.config.files.llm import CORE_KEYS
from nof0_core.config.model import Place, Setting
from nof0_core.config.tree import Items, Node, Scalar, Table
from nof0_core.config.wiring import Wiring

NAMED = "<name>"
"""Stands in a key for a name of the user's choice."""


@attrs.frozen(kw_only=True)
class _Key:
    """Where a value belongs: see `Setting`; `is_secret` is passed on to all below."""

    file: str
    key: str = ""
    path: str = ""
    trader: str = ""
    is_secret: bool = False

    def below(self, word: str, *, written: str = "", is_secret: bool = False) -> _Key:
        """Return the key of something in it; `written` is how its own path has the word."""
        return attrs.evolve(
            self,
            key=f"{self.key}.{word}" if self.key else word,
            path=f"{self.path}.{written or word}" if self.path else written or word,
            is_secret=self.is_secret or is_secret,
        )

    def having(self, value: object, place: Place) -> Setting:
        """Return the setting."""
        return Setting(
            file=self.file,
            key=self.key,
            path=self.path,
            trader=self.trader,
            value=value,
            place=place,
            is_secret=self.is_secret,
        )


def settings_of(files: Files, wiring: Wiring) -> tuple[Setting, ...]:
    """Return all settings of files that were found in order, defaults filled in."""
    trees = files.trees
    found: list[Setting] = [
        *_walk(files.main, trees.main, _Key(file="Main")),
        *_walk(files.executor, trees.of("Executor"), _Key(file="Executor")),
        *_walk(files.exchange, trees.of("Exchange"), _Key(file="Exchange")),
        *_walk(files.market, trees.of("Market"), _Key(file="Market")),
        *_models(trees, wiring),
        *_manager(files, wiring),
    ]
    return tuple(found)


def _models(trees: Trees, wiring: Wiring) -> Iterator[Setting]:
    table, file = trees.of("LLM"), _Key(file="LLM")
    others = table.without(*CORE_KEYS)
    yield from _raw(others, file)
    yield from _raw(table.get("default_model"), file.below("default_model"))
    yield from _raw(table.get("backends"), file.below("backends"))
    yield from _walk(wiring.models.budget, table.get("budget"), file.below("budget"))
    nodes, models = table.table("models"), file.below("models")
    place = table.below("models")
    yield models.having(tuple(wiring.models.entries), place)
    for name, entry in wiring.models.entries.items():
        yield from _walk(entry, nodes.get(name), models.below(NAMED, written=name))


def _manager(files: Files, wiring: Wiring) -> Iterator[Setting]:
    table, file = files.trees.of("Manager"), _Key(file="Manager")
    yield from _walk(files.block, table.get("manager"), file.below("manager"))
    yield from _walk(files.monitoring, table.get("monitoring"), file.below("monitoring"))
    ids = tuple(named.entry.id for named in wiring.traders)
    yield file.below("traders").having(ids, table.below("traders"))
    for named in wiring.traders:
        key = attrs.evolve(
            file, key="traders[]", path=f"traders[{named.entry.id}]", trader=named.entry.id
        )
        yield from _walk(named.entry, named.node, key)


def _walk(value: Any, node: Node | None, key: _Key) -> Iterator[Setting]:
    """Yield what is in an object of a class of `config/files`, beside the tree it was made from."""
    table = node if isinstance(node, Table) else None
    for field in attrs.fields(type(value)):
        word, inner = key_of(field), getattr(value, field.name)
        below = key.below(word, is_secret=info_of(field).secret)
        child = table.get(word) if table is not None else None
        place = _place(node, word)
        if isinstance(inner, Scalar | Items | Table):
            yield from _raw(inner, below)
        elif attrs.has(type(inner)):
            beneath = child or Table(place=place, entries={})
            yield from _walk(inner, beneath, below)
        elif isinstance(inner, Mapping):
            for name, one in inner.items():
                yield from _raw(one, below.below(NAMED, written=name))
        else:
            yield below.having(_plain(inner), place)


def _place(node: Node | None, word: str) -> Place:
    if isinstance(node, Table):
        return node.below(word)
    return node.place if node is not None else Place(file="", line=0, path=word)


def _raw(node: Any, key: _Key) -> Iterator[Setting]:
    """Yield what stands in a part that a kind of its own reads: each key of it is one setting."""
    if isinstance(node, Table):
        for word, inner in node.entries.items():
            yield from _raw(inner, key.below(word))
    elif isinstance(node, Scalar | Items):
        yield key.having(_plain(node), node.place)


def _plain(value: object) -> object:
    """Return what can be compared: nodes without their places, lists without their kind."""
    if isinstance(value, Scalar):
        return value.text
    if isinstance(value, Items):
        return tuple(map(_plain, value.items))
    if isinstance(value, Table):
        return tuple((key, _plain(inner)) for key, inner in sorted(value.entries.items()))
    if isinstance(value, list | tuple):
        return tuple(map(_plain, value))
    cls: Any = type(value)
    if attrs.has(cls):
        return tuple(
            (field.name, _plain(getattr(value, field.name))) for field in attrs.fields(cls)
        )
    return value
