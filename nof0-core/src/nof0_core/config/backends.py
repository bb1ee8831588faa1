"""Backends: sections under `backends`, the one implied by the top level, and bare kinds."""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Any

import attrs

from nof0_core.config.fields import key_of
from nof0_core.config.files.llm import CORE_KEYS, OPENAI, OPENAI_KEYS
from nof0_core.config.model import Place, Section
from nof0_core.config.names import check_case
from nof0_core.config.references import circle, named_in, referring
from nof0_core.config.sections import Markets, make_section
from nof0_core.config.session import Session, type_of
from nof0_core.config.tree import Node, Scalar, Table, find
from nof0_core.errors import UnknownKindError
from nof0_core.plugins.env import BackendRef
from nof0_core.plugins.kinds import BackendKind
from nof0_core.plugins.messages import FIRST_PARTY
from nof0_core.plugins.suggestion import did_you_mean, nearest

AnyKind = BackendKind[Any]


class Backends:
    """The backends of one llm.yaml.

    Args:
        session: takes problems and warnings.
        table: the whole file.
        mentioned: backends that some model names.
        markets: for backends that refer to a market section.
    """

    def __init__(
        self, session: Session, table: Table, mentioned: AbstractSet[str], markets: Markets
    ) -> None:
        self._session = session
        self._markets = markets
        self._nodes = dict(table.table("backends").entries)
        check_case(session, ((n, node.place) for n, node in self._nodes.items()), "section")
        self._written = tuple(self._nodes)
        self._implied = table.without(*CORE_KEYS)
        self._kinds = {name: self._kind_of(node) for name, node in self._nodes.items()}
        self._made: dict[str, Section | None] = {}
        self._needed: dict[str, Section] = {}
        self._check_top_level(is_asked=OPENAI in mentioned)

    @property
    def sections(self) -> dict[str, Section]:
        """Return the sections that are needed, those referred to before those that refer to them.

        That is so once `need` and `finish` were called.
        """
        return self._needed

    def kind(self, name: str, place: Place, *, is_needed: bool) -> AnyKind | None:
        """Return the kind behind a backend's name; None if there is none, with the problem noted.

        Args:
            name: a section under `backends`, or a kind that needs no settings.
            place: where the name stands, for a problem.
            is_needed: whether it is used; else the backend may be missing if it is one of this
                project's.
        """
        if name in self._kinds:
            return self._kinds[name]
        try:
            kind = self._session.registry.kind("llm", name)
        except UnknownKindError as error:
            if is_needed or ("llm", name) not in FIRST_PARTY:
                self._no_such(place, error)
            else:
                self._session.warn(place, f"left out: {error}, and no trader uses it")
            return None
        if not isinstance(kind, BackendKind) or not self._is_complete(kind, place):
            return None
        self._kinds[name] = kind
        self._nodes[name] = self._section_node(name, Table(place=place, entries={}))
        return kind

    def answering(self, name: str) -> AnyKind | None:
        """Return the kind that judges the models of a backend.

        That is the backend's own, or the one behind it if it has no `params` and refers to another.
        """
        kind = self._kinds.get(name)
        seen = {name}
        while kind is not None and kind.params is None and name in self._nodes:
            fields = referring(kind.config, BackendRef)
            node = self._nodes[name]
            inner = node.get(key_of(fields[0])) if fields and isinstance(node, Table) else None
            if not isinstance(inner, Scalar) or not inner.text or inner.text in seen:
                return kind
            name = inner.text
            seen.add(name)
            kind = self.kind(name, inner.place, is_needed=False)
        return kind

    def need(self, name: str) -> bool:
        """Make a section that is used, and before it those it opens.

        Returns:
            Whether the kind that `answering` returns is going to be asked.
        """
        if name not in self._made and name in self._nodes:
            section = self._make(name, is_needed=True)
            if section is not None:
                for ref in section.backends if section.opens_backends else ():
                    if ref not in self._kinds:
                        self.kind(ref, section.place, is_needed=True)
                    self.need(ref)
                self._needed[name] = section
        made = self._made.get(name)
        return made is None or made.opens_backends

    def finish(self) -> None:
        """Check the sections nobody uses, and that none refers to itself by way of others."""
        for name in tuple(self._nodes):
            if name not in self._made:
                self._make(name, is_needed=False)
        for name, section in tuple(self._made.items()):
            refs = named_in(section.config, BackendRef) if section is not None else {}
            for key, names in refs.items():
                for ref in names:
                    self.kind(ref, find(self._nodes[name], key), is_needed=False)
        found = circle(self._made, self._refs)
        if found:
            place = self._nodes[found[0]].place
            text = " → ".join(found)
            self._session.problems.add(place, f"backends refer to each other: {text}")

    def _refs(self, name: str) -> tuple[str, ...]:
        section = self._made.get(name)
        return section.backends if section is not None else ()

    def _no_such(self, place: Place, error: UnknownKindError) -> None:
        hints = list(error.hints)
        if self._written:
            hints.append("sections under backends: " + ", ".join(self._written))
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

    def _check_top_level(self, *, is_asked: bool) -> None:
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
            return
        self._check_misspelt()
        if self._implied.entries or is_asked:
            kind = self._session.registry.kind("llm", OPENAI)
            self._kinds[OPENAI] = kind if isinstance(kind, BackendKind) else None
            self._nodes[OPENAI] = self._section_node(OPENAI, self._implied)

    def _check_misspelt(self) -> None:
        """Say of what core's own keys a key at the top level is a misspelling.

        They are none of the backend's; as such it would only be called unknown.
        """
        kind = self._session.registry.kind("llm", OPENAI)
        own = [key_of(field) for field in attrs.fields(kind.config) if field.init]
        for key, node in tuple(self._implied.entries.items()):
            meant = nearest(key, [*own, *CORE_KEYS])
            if key not in own and meant in CORE_KEYS:
                self._session.problems.add(node.place, f'unknown key, did you mean "{meant}"?')
                self._implied = self._implied.without(key)

    def _section_node(self, type_: str, rest: Table) -> Table:
        tag = Scalar(place=rest.place, text=type_, kind="text")
        return attrs.evolve(rest, entries={"type": tag, **rest.entries})

    def _kind_of(self, node: Node) -> AnyKind | None:
        found = type_of(self._session, node, "LLM backend")
        known = {kind.type: kind for kind in self._session.registry.kinds("llm")}
        kind = known.get(found[0]) if found else None
        return kind if isinstance(kind, BackendKind) else None

    def _make(self, name: str, *, is_needed: bool) -> Section | None:
        node = self._nodes[name]
        section = make_section(self._session, "llm", name, node, self._markets, is_needed=is_needed)
        self._made[name] = section
        return section
