"""Keys of models and their backends that stand a level too high or too low."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from nof0_core.config.fields import key_of
from nof0_core.config.files.llm import OPENAI, ModelEntry
from nof0_core.config.session import Session
from nof0_core.config.tree import Scalar, Table
from nof0_core.plugins.kinds import BackendKind
from nof0_core.plugins.suggestion import nearest


def of_model(session: Session, file: Table, node: Table) -> Table:
    """Return a model's entry without what belongs elsewhere, each key noted with its place."""
    named = node.get("backend")
    backend = named.text if isinstance(named, Scalar) and named.text else OPENAI
    kinds = _kinds(session, file, backend)
    params = _keys(kind.params for kind in kinds if kind.params is not None)
    found = _without(
        session,
        node,
        _keys([ModelEntry]),
        {
            **_places(_keys(kind.config for kind in kinds), _section(backend)),
            **_places(params, "under params of the model"),
        },
    )
    inner = node.get("params")
    if not isinstance(inner, Table) or not params:
        return found
    places = {
        **_places(_keys(kind.config for kind in kinds), _section(backend)),
        **_places(_keys([ModelEntry]), "in the entry of the model, beside params"),
    }
    rest = _without(session, inner, params, places)
    return attrs.evolve(found, entries={**found.entries, "params": rest})


def of_section(session: Session, kind: BackendKind[Any], node: Table) -> Table:
    """Return a backend's section without what belongs to its models, each key noted."""
    places = _places(_keys([ModelEntry]), "in the entry of a model, under models")
    if kind.params is not None:
        places |= _places(_keys([kind.params]), "under params of a model")
    return _without(session, node, _keys([kind.config]), places)


def _kinds(session: Session, file: Table, backend: str) -> list[BackendKind[Any]]:
    """Return the kind behind a backend's name, or all there are where that is not plain."""
    section = file.table("backends").get(backend)
    tag = section.get("type") if isinstance(section, Table) else section
    type_ = tag.text if isinstance(tag, Scalar) else backend
    kinds = [kind for kind in session.registry.kinds("llm") if isinstance(kind, BackendKind)]
    one = [kind for kind in kinds if kind.type == type_ and kind.params is not None]
    return one or kinds


def _without(session: Session, node: Table, own: Iterable[str], places: Mapping[str, str]) -> Table:
    for key in node.entries:
        if key in own or nearest(key, own) is not None:
            continue
        meant = key if key in places else nearest(key, places)
        if meant is None:
            continue
        what = "" if meant == key else f', did you mean "{meant}"? That'
        told = f"unknown key here{what or ': it'} belongs {places[meant]}"
        session.problems.add(node.entries[key].place, told)
        node = node.without(key)
    return node


def _keys(classes: Iterable[type[Any]]) -> frozenset[str]:
    return frozenset(key_of(f) for cls in classes for f in attrs.fields(cls) if f.init)


def _places(keys: Iterable[str], place: str) -> dict[str, str]:
    return dict.fromkeys(sorted(keys), place)


def _section(backend: str) -> str:
    return f"to the backend's own section ({backend})"
