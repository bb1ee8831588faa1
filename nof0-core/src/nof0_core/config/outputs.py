"""Exporter sections: those that follow from other keys, and the list in the main file."""

from __future__ import annotations

from pathlib import Path

import attrs

from nof0_core.config.fields import filled
from nof0_core.config.files.main import MainFile
from nof0_core.config.files.manager import MonitoringBlock
from nof0_core.config.model import Place, Section
from nof0_core.config.sections import Markets, make_section
from nof0_core.config.session import Session, nodes_of, type_of
from nof0_core.config.tree import Node, Scalar, Table, find

DATABASES = (("sql", "Postgres", "DataSource"), ("redis", "Cache", "Host"))


def make_exporters(
    session: Session,
    main: MainFile,
    monitoring: MonitoringBlock,
    tables: tuple[Table, Table],
    markets: Markets,
    data_path: Path,
) -> tuple[Section, ...]:
    """Make the exporter sections, in order: `json`, those of `monitoring`, then the list.

    A section of the list takes the place of an automatic one of the same kind. `tables` are main
    file and manager file, for places.
    """
    nodes: list[tuple[str, Node]] = []
    types: dict[str, int] = {}
    for node in nodes_of(main.exporters):
        found = type_of(session, node, "exporter")
        if found is not None:
            count = types[found[0]] = types.get(found[0], 0) + 1
            nodes.append((found[0] if count == 1 else f"{found[0]}-{count}", node))
    automatic = [
        (type_, node) for type_, node in _automatic(monitoring, *tables) if type_ not in types
    ]
    made = [
        make_section(session, "exporter", name, node, markets, is_needed=True)
        for name, node in [*automatic, *nodes]
    ]
    return tuple(
        attrs.evolve(section, config=filled(section.config, path=data_path))
        if section.kind.type == "json"
        else section
        for section in made
        if section is not None
    )


def _automatic(
    monitoring: MonitoringBlock, main_table: Table, manager_table: Table
) -> list[tuple[str, Node]]:
    sections = [_section("json", find(main_table, "DataPath"), {})]
    if monitoring.metrics_exporter == "prometheus":
        sections.append(
            _section("prometheus", find(manager_table, "monitoring", "metrics_exporter"), {})
        )
    url = manager_table.table("monitoring").get("alert_webhook")
    if url is not None and monitoring.alert_webhook:
        sections.append(_section("webhook", url.place, {"url": url}))
    return sections


def _section(type_: str, place: Place, entries: dict[str, Node]) -> tuple[str, Node]:
    tag = Scalar(place=place, text=type_, kind="text")
    return type_, Table(place=place, entries={"type": tag, **entries})


def check_databases(session: Session, main: MainFile, table: Table) -> None:
    """Refuse a configured database or cache that nothing would write to."""
    configured = {
        "sql": bool(main.postgres.data_source),
        "redis": any(node.host for node in main.cache),
    }
    kinds = {kind.type for kind in session.registry.kinds("exporter")}
    for type_, block, key in DATABASES:
        if configured[type_] and type_ not in kinds:
            place = find(table, block, key) if block == "Postgres" else find(table, block, 0, key)
            session.problems.add(
                place,
                f'is set, but nothing would be stored there: no exporter "{type_}" is installed',
                "leave the value empty to run with files only",
            )
