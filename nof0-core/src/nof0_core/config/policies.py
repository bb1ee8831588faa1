"""Policies: allocators and risk checks, which are built at once because they only compute."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs

from nof0_core.config.across_fields import validate
from nof0_core.config.model import Place
from nof0_core.config.session import Session, type_of, type_place
from nof0_core.config.tree import Node
from nof0_core.errors import UnknownKindError
from nof0_core.plugins import messages
from nof0_core.plugins.families import FAMILIES
from nof0_core.plugins.kinds import PolicyKind


@attrs.frozen(kw_only=True)
class Policy:
    """A policy with the kind and config it was built from, and where that stands."""

    type: str
    place: Place
    config: Any
    made: Any


def make_policy(session: Session, family: str, node: Node) -> Policy | None:
    """Build a policy from its section, or from the bare name of its kind."""
    found = type_of(session, node, FAMILIES[family].noun)
    if found is None:
        return None
    type_, rest = found
    try:
        kind = session.registry.kind(family, type_)
    except UnknownKindError as error:
        session.plugin_problem(type_place(node), error)
        return None
    config = session.take(rest, kind.config)
    if config is None or not isinstance(kind, PolicyKind):
        return None
    if not validate(session, family, kind, config, node.place):
        return None
    try:
        made = kind.build(config)
    except ValueError as error:
        session.problems.add(node.place, str(error))
        return None
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a plugin's code raises anything
        owner = session.registry.owner(family, type_)
        said = f"{type_} cannot be built: {messages.failure(error)}: a defect of {owner}"
        session.problems.add(node.place, said)
        return None
    return Policy(type=type_, place=node.place, config=config, made=made)


def make_checks(session: Session, nodes: Sequence[Node]) -> tuple[Policy, ...]:
    """Build a trader's further risk checks."""
    made: list[Policy] = []
    for node in nodes:
        policy = make_policy(session, "risk", node)
        if policy is None:
            continue
        is_core = session.registry.owner("risk", policy.type).is_builtin
        if is_core and not attrs.fields(type(policy.config)):
            session.problems.add(
                type_place(node),
                f'"{policy.type}" is built in and always on; its limit is in risk_params'
                " or exec_guards",
            )
            continue
        made.append(policy)
    return tuple(made)
