"""Models as llm.yaml lists them."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any

import attrs

from nof0_core.config.backends import Backends
from nof0_core.config.files.llm import CORE_KEYS, SAMPLING, LlmFile, ModelEntry
from nof0_core.config.session import Session
from nof0_core.config.tree import Node, Table
from nof0_core.domain.model import ModelSpec
from nof0_core.plugins.kinds import ServiceKind


@attrs.define(kw_only=True)
class Models:
    """What llm.yaml says.

    `names` are all entries, `entries` those that are right by themselves, `specs` those whose
    backend is there too. `default` may be empty.
    """

    table: Table
    names: tuple[str, ...] = ()
    default: str = ""
    entries: dict[str, ModelEntry] = attrs.field(factory=dict)
    specs: dict[str, ModelSpec] = attrs.field(factory=dict)


def read_models(session: Session, table: Table) -> Models:
    """Check the file's own part and each model by itself."""
    own = {key: node for key, node in table.entries.items() if key in CORE_KEYS}
    session.take(attrs.evolve(table, entries=own), LlmFile)
    nodes = table.table("models").entries
    if not nodes and isinstance(table.get("models"), Table):
        session.problems.add(table.below("models"), "must have at least one model")
    models = Models(table=table, names=tuple(nodes))
    for name, node in nodes.items():
        # One by one, so that a wrong entry does not hide what depends on the others.
        entry = session.take(node, ModelEntry)
        if entry is not None:
            models.entries[name] = entry
    default = table.get("default_model")
    if default is not None and not default.is_empty:
        models.default = session.take(default, str) or ""
        if models.default and models.default not in nodes:
            session.unknown(default.place, "model", models.default, nodes)
    return models


def make_specs(
    session: Session, models: Models, backends: Backends, used: AbstractSet[str]
) -> None:
    """Fill `models.specs`, noting what is wrong between a model and its backend.

    Models nobody uses may lack what is not installed.
    """
    for name, entry in models.entries.items():
        table = models.table.table("models").table(name)
        kind = backends.kind(entry.backend, table, is_needed=name in used)
        if kind is None:
            continue
        _check_sampling(session, table, entry, kind)
        params = _params(session, table, entry, kind)
        spec = ModelSpec(
            name=name,
            backend=entry.backend,
            provider=entry.provider,
            model_name=entry.model_name or name,
            temperature=entry.temperature,
            max_completion_tokens=entry.max_completion_tokens,
            top_p=entry.top_p,
            priority=entry.priority,
            cost_tier=entry.cost_tier,
            params=params,
        )
        models.specs[name] = spec
        # With unusable params there is no whole entry to judge.
        is_whole = params is not None or kind.params is None
        fault = kind.check_model(spec) if kind.check_model is not None and is_whole else None
        if fault:
            session.problems.add(table.place, fault)


def _check_sampling(
    session: Session, table: Table, entry: ModelEntry, kind: ServiceKind[Any, Any]
) -> None:
    if kind.reads_prompt:
        return
    for key in SAMPLING:
        if getattr(entry, key) is not None:
            session.problems.add(
                table.below(key),
                f'means nothing here: backend "{entry.backend}" sends no text to a model',
                "settings of its own go under params" if kind.params else "take it out",
            )


def _params(
    session: Session, table: Table, entry: ModelEntry, kind: ServiceKind[Any, Any]
) -> object:
    node: Node | None = table.get("params")
    if kind.params is None:
        if node is not None and not node.is_empty:
            session.problems.add(
                node.place, f'backend "{entry.backend}" has no params for single models'
            )
        return None
    if node is None:
        node = Table(place=attrs.evolve(table.below("params"), line=table.place.line), entries={})
    return session.take(node, kind.params)
