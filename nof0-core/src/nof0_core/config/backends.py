"""Backends: sections under `backends`, the one implied by the top level, and bare kinds."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any

import attrs

from nof0_core.config.files.llm import CORE_KEYS, OPENAI, OPENAI_KEYS
from nof0_core.config.model import Place, Section
from nof0_core.config.sections import Markets, make_section
from nof0_core.config.session import Session, type_of
from nof0_core.config.tree import Node, Scalar, Table
from nof0_core.errors import UnknownKindError
from nof0_core.plugins.kinds import ServiceKind
from nof0_core.plugins.messages import FIRST_PARTY
from nof0_core.plugins.suggestion import did_you_mean

AnyKind = ServiceKind[Any, Any]


class Backends:
    """The backends of one llm.yaml.

    Args:
        session: takes problems and warnings.
        table: the whole file.
        needed: backends that the models of some trader use.
        markets: for backends that refer to a market section.
    """

    def __init__(
        self, session: Session, table: Table, needed: AbstractSet[str], markets: Markets
    ) -> None:
        self._session = session
        self._needed = needed
        self._markets = markets
        self._nodes = table.table("backends").entries
        self._implied = table.without(*CORE_KEYS)
        self._kinds: dict[str, AnyKind | None] = {}
        self._made: dict[str, Section] = {}
        for name, node in self._nodes.items():
            self._kinds[name] = self._kind_of(node)
            self._make(name, node)
        self._check_top_level()

    @property
    def sections(self) -> dict[str, Section]:
        """Return the sections that are needed, by name."""
        return {name: made for name, made in self._made.items() if name in self._needed}

    def kind(self, name: str, model: Table, *, is_needed: bool) -> AnyKind | None:
        """Return the kind behind a model's backend; None if there is none, with the problem noted.

        Args:
            name: what the model says after `backend`.
            model: the model's entry, for the place of a problem.
            is_needed: whether a trader uses the model; else the backend may be missing if it is one
                of this project's.
        """
        if name in self._kinds:
            return self._kinds[name]
        place = model.below("backend") if model.get("backend") else model.place
        try:
            kind = self._session.registry.kind("llm", name)
        except UnknownKindError as error:
            if is_needed or ("llm", name) not in FIRST_PARTY:
                self._no_such(place, error)
            else:
                self._session.warn(place, f"left out: {error}, and no trader uses it")
            return None
        if not isinstance(kind, ServiceKind) or not self._is_complete(kind, place):
            return None
        self._kinds[name] = kind
        self._make(name, self._section_node(name, Table(place=place, entries={})))
        return kind

    def _no_such(self, place: Place, error: UnknownKindError) -> None:
        hints = list(error.hints)
        if self._nodes:
            hints.append("sections under backends: " + ", ".join(self._nodes))
        self._session.problems.add(place, str(error), *hints)

    def _is_complete(self, kind: AnyKind, place: Place) -> bool:
        missing = [
            f.name for f in attrs.fields(kind.config) if f.init and f.default is attrs.NOTHING
        ]
        if missing:
            self._session.problems.add(
                place,
                f'backend "{kind.type}" needs settings: give it a section under backends',
                "required: " + ", ".join(missing),
            )
        return not missing

    def _check_top_level(self) -> None:
        """Give the settings at the top level to the backend they belong to."""
        if OPENAI in self._nodes:
            for node in self._implied.entries.values():
                self._session.problems.add(
                    node.place, f"unknown key: the settings of {OPENAI} are under backends here"
                )
            return
        known = [kind.type for kind in self._session.registry.kinds("llm")]
        if OPENAI not in known:
            for key, node in self._implied.entries.items():
                if key not in OPENAI_KEYS:
                    hint = did_you_mean(key, (*OPENAI_KEYS, *CORE_KEYS))
                    self._session.problems.add(node.place, f"unknown key{hint}")
        elif self._implied.entries or OPENAI in self._needed:
            kind = self._session.registry.kind("llm", OPENAI)
            self._kinds[OPENAI] = kind if isinstance(kind, ServiceKind) else None
            self._make(OPENAI, self._section_node(OPENAI, self._implied))

    def _section_node(self, type_: str, rest: Table) -> Table:
        tag = Scalar(place=rest.place, text=type_, kind="text")
        return attrs.evolve(rest, entries={"type": tag, **rest.entries})

    def _kind_of(self, node: Node) -> AnyKind | None:
        found = type_of(self._session, node, "LLM backend")
        known = {kind.type: kind for kind in self._session.registry.kinds("llm")}
        kind = known.get(found[0]) if found else None
        return kind if isinstance(kind, ServiceKind) else None

    def _make(self, name: str, node: Node) -> None:
        section = make_section(
            self._session, "llm", name, node, self._markets, is_needed=name in self._needed
        )
        if section is not None:
            self._made[name] = section
