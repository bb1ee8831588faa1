"""Sections: the named entries that use a service kind."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from nof0_core.config.across_fields import validate
from nof0_core.config.asking import ask
from nof0_core.config.fields import key_of
from nof0_core.config.misplaced import of_section
from nof0_core.config.model import Place, Section
from nof0_core.config.names import check_case, check_length
from nof0_core.config.references import named_in
from nof0_core.config.session import Session, type_of, type_place
from nof0_core.config.stakes import read_account, read_stake
from nof0_core.config.structure import hints_of
from nof0_core.config.timeouts import read_timeout
from nof0_core.config.tree import Node, Table
from nof0_core.errors import UnknownKindError
from nof0_core.plugins.env import BackendRef, MarketRef
from nof0_core.plugins.families import FAMILIES
from nof0_core.plugins.kinds import BackendKind, ServiceKind, Stake
from nof0_core.plugins.messages import FIRST_PARTY

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
"""Sections have a directory of their own name."""


@attrs.frozen(kw_only=True)
class Markets:
    """The names in market.yaml, for fields that refer to one; `default` may be empty."""

    names: frozenset[str]
    default: str


def make_sections(
    session: Session, family: str, nodes: Mapping[str, Node], used: Iterable[str], markets: Markets
) -> dict[str, Section]:
    """Check all sections of a family and make those that are used.

    Sections nobody uses must be right as well, but the environment variables they need may be
    missing, and so may this project's own packages.
    """
    check_case(session, ((name, node.place) for name, node in nodes.items()), "section")
    needed = set(used)
    made = {
        name: make_section(session, family, name, node, markets, is_needed=name in needed)
        for name, node in nodes.items()
    }
    return {name: section for name, section in made.items() if section and name in needed}


def make_section(
    session: Session, family: str, name: str, node: Node, markets: Markets, *, is_needed: bool
) -> Section | None:
    """Check one section; None, with the problems noted, if it cannot be used."""
    if not _NAME.fullmatch(name):
        session.problems.add(
            node.place, "the name of a section is made of letters, digits, -, _ and ."
        )
        return None
    if not check_length(session, node.place, name):
        return None
    found = type_of(session, node, FAMILIES[family].noun)
    if found is None:
        return None
    type_, rest = found
    try:
        kind = session.registry.kind(family, type_)
    except UnknownKindError as error:
        if is_needed or (family, type_) not in FIRST_PARTY:
            session.plugin_problem(type_place(node), error)
        else:
            session.warn(type_place(node), f"left out: {error}, and no trader uses it")
        return None
    if isinstance(kind, BackendKind):
        rest = of_section(session, kind, rest)
    config = session.take(rest, kind.config, is_needed=is_needed)
    if config is None or not isinstance(kind, ServiceKind):
        return None
    config, refs = _with_markets(session, rest, config, markets, is_needed=is_needed)
    # Of sections nobody uses the environment may be missing.
    if is_needed and not validate(session, family, kind, config, node.place):
        return None
    backends = [ref for names in named_in(config, BackendRef).values() for ref in names]
    return Section(
        name=name,
        kind=kind,
        config=config,
        place=node.place,
        markets=refs,
        backends=tuple(dict.fromkeys(backends)),
        opens_backends=_opens_backends(session, kind, config, node.place),
        timeout=read_timeout(session, family, rest, kind, config),
        stake=read_stake(session, kind, config, node.place) if is_needed else Stake.PAPER,
        account=read_account(session, kind, config, node.place) if is_needed else "",
    )


def _opens_backends(
    session: Session, kind: ServiceKind[Any, Any], config: Any, place: Place
) -> bool:
    tell = kind.opens_backends if isinstance(kind, BackendKind) else None
    if tell is None:
        return True
    return ask(session, "llm", kind, "opens_backends", place, lambda: tell(config)) is not False


def _with_markets(
    session: Session, table: Table, config: Any, markets: Markets, *, is_needed: bool
) -> tuple[Any, tuple[str, ...]]:
    """Fill the default into fields that refer to a market section, and check the names."""
    refs: dict[str, str] = {}
    for field in attrs.fields(type(config)):
        if not _is_market_ref(hints_of(type(config)).get(field.name)):
            continue
        written = getattr(config, field.name)
        if written is None:
            # An optional reference that is not made; an empty one means the default.
            continue
        name = written or markets.default
        place = table.below(key_of(field)) if written else table.place
        if name in markets.names:
            refs[field.name] = name
        elif written:
            session.unknown(place, "market section", name, markets.names)
        elif is_needed and markets.names and not markets.default:
            session.problems.add(
                place,
                f"needs a market section: write {key_of(field)} here or default in the market file",
            )
    config = attrs.evolve(config, **{n: MarketRef(r) for n, r in refs.items()}) if refs else config
    return config, tuple(dict.fromkeys(refs.values()))


def _is_market_ref(type_: object) -> bool:
    return type_ is MarketRef or MarketRef in typing.get_args(type_)


def make_market_sections(
    session: Session, nodes: Mapping[str, Node], used: Iterable[str], markets: Markets
) -> dict[str, Section]:
    """Do as `make_sections` for markets, which may refer to each other.

    Returns:
        The sections used, those referred to before those that refer to them.
    """
    check_case(session, ((name, node.place) for name, node in nodes.items()), "section")
    made: dict[str, Section] = {}
    waiting = [name for name in dict.fromkeys(used) if name in nodes]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        section = make_section(session, "market", name, nodes[name], markets, is_needed=True)
        if section is not None:
            made[name] = section
            waiting.extend(section.markets)
    for name in nodes.keys() - seen:
        make_section(session, "market", name, nodes[name], markets, is_needed=False)
    return _in_order(session, made)


def _in_order(session: Session, made: Mapping[str, Section]) -> dict[str, Section]:
    ordered: dict[str, Section] = {}

    def visit(name: str, trail: tuple[str, ...]) -> None:
        if name in trail:
            circle = " → ".join((*trail[trail.index(name) :], name))
            place: Place = made[name].place
            session.problems.add(place, f"market sections refer to each other: {circle}")
            return
        if name in ordered or name not in made:
            return
        for ref in made[name].markets:
            visit(ref, (*trail, name))
        ordered[name] = made[name]

    for name in sorted(made):
        visit(name, ())
    return ordered


def default_section(session: Session, table: Table, written: str, what: str) -> str:
    """Return the section of traders that name none: `default`, or the only one there is.

    A default that does not exist is returned all the same: it is noted once, here.
    """
    providers = table.get("providers")
    if isinstance(providers, Table) and not providers.entries:
        session.problems.add(providers.place, f"must have at least one {what}")
    names = list(table.table("providers").entries)
    if written and names and written not in names:
        session.unknown(table.below("default"), what, written, names)
    return names[0] if len(names) == 1 and not written else written
