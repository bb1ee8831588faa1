"""Exporter sections: those that follow from other keys, and the list in the main file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs

from nof0_core.config.fields import filled
from nof0_core.config.files.main import MainFile
from nof0_core.config.files.manager import MonitoringBlock
from nof0_core.config.model import Place, Section
from nof0_core.config.sections import Markets, make_section
from nof0_core.config.session import Session, nodes_of, type_of
from nof0_core.config.tree import Items, Node, Scalar, Table, find
from nof0_core.files import absolute

_SQLITE = "sqlite:///"
_MAIN_KEYS: Mapping[str, Mapping[str, tuple[str | int, ...]]] = {
    "sql": {
        "data_source": ("Postgres", "DataSource"),
        "max_open": ("Postgres", "MaxOpen"),
        "max_idle": ("Postgres", "MaxIdle"),
        "max_lifetime": ("Postgres", "MaxLifetime"),
        "prepared_statements": ("Postgres", "PreparedStatements"),
        "slow_threshold": ("Logging", "SlowThreshold", "SQL"),
        "verbose": ("Logging", "VerboseSQL"),
    },
    "redis": {
        "host": ("Cache", 0, "Host"),
        "password": ("Cache", 0, "Pass"),
        "tls": ("Cache", 0, "Tls"),
        "prefix": ("Cache", 0, "Prefix"),
        "slow_threshold": ("Logging", "SlowThreshold", "Redis"),
        "short": ("TTL", "Short"),
        "medium": ("TTL", "Medium"),
        "long": ("TTL", "Long"),
    },
}
"""Keys of sections, that of the server first, and where in the main file they are taken from."""
_OF_THE_SERVER = {
    "sql": ("max_open", "max_idle", "max_lifetime", "prepared_statements"),
    "redis": ("password", "tls", "prefix"),
}
"""What is said of one server, and not of another that a section names."""


def make_exporters(
    session: Session,
    main: MainFile,
    monitoring: MonitoringBlock,
    tables: tuple[Table, Table],
    markets: Markets,
    places: tuple[Path, Path],
) -> tuple[Section, ...]:
    """Make the exporter sections, in order: `json`, those of `monitoring`, then the list.

    A section of the list takes the place of an automatic one of the same kind. `tables` are main
    file and manager file, for places; `places` the state file, whose directory is the data
    directory, and the directory of the API's files.
    """
    state_file, data_path = places
    nodes: list[tuple[str, Node]] = []
    types: dict[str, int] = {}
    for node in nodes_of(main.exporters):
        found = type_of(session, node, "exporter")
        if found is not None:
            count = types[found[0]] = types.get(found[0], 0) + 1
            name = found[0] if count == 1 else f"{found[0]}-{count}"
            nodes.append((name, _with_main_keys(found[0], node, tables[0])))
    automatic = [
        (type_, node) for type_, node in _automatic(main, monitoring, *tables) if type_ not in types
    ]
    made = [
        make_section(session, "exporter", name, node, markets, is_needed=True)
        for name, node in [*automatic, *nodes]
    ]
    sections = [section for section in made if section is not None]
    for section in sections:
        if section.kind.type == "redis" and not section.config.host:
            session.problems.add(
                section.place, "names no server", "write `host: 127.0.0.1:6379`, or set Cache"
            )
    sizes = _sizes(sections)
    documents = (
        next((each.config.path for each in sections if each.kind.type == "json"), None) or data_path
    )
    return tuple(
        attrs.evolve(
            section,
            config=_settled(section, main.name, state_file.parent, (data_path, documents), sizes),
        )
        for section in sections
    )


def _sizes(sections: list[Section]) -> dict[str, Any]:
    """Return how much the `json` exporter keeps: a database has the same documents."""
    config = next((one.config for one in sections if one.kind.type == "json"), None)
    names = ("conversations", "candles")
    return {} if config is None else {name: getattr(config, name) for name in names}


def _settled(
    section: Section,
    name: str,
    state_dir: Path,
    files: tuple[Path, Path],
    sizes: Mapping[str, Any],
) -> Any:
    """Return the config of a section, with the places that follow from other keys.

    `files` are the directory of the API's files, and the one the `json` exporter has.
    """
    config, (data_path, documents) = section.config, files
    if section.kind.type == "json":
        return filled(config, path=data_path)
    if section.kind.type == "sql":
        source = f"{_SQLITE}{state_dir / 'nof0.db'}"
        config = filled(config, engine=name, data_source=source, **sizes)
        source = str(config.data_source)
        if source.startswith(_SQLITE):
            path = Path(section.place.file).parent / source.removeprefix(_SQLITE)
            return attrs.evolve(config, data_source=f"{_SQLITE}{absolute(path)}")
    if section.kind.type == "redis":
        return filled(config, documents=documents)
    if section.kind.type == "webhook":
        return filled(config, engine=name)
    return config


def _with_main_keys(type_: str, node: Node, main_table: Table) -> Node:
    """Give a section of a database or a cache what the main file says of it and it does not say."""
    keys = _MAIN_KEYS.get(type_)
    if keys is None or not isinstance(node, Table):
        return node
    found = {
        key: each
        for key, path in keys.items()
        if (each := _at(main_table, path)) is not None and not each.is_empty
    }
    own = node.get(next(iter(keys)))
    if own is not None and not own.is_empty:
        # It is another server: what is said of the first one's is not said of it.
        found = {key: each for key, each in found.items() if key not in _OF_THE_SERVER[type_]}
    return attrs.evolve(node, entries={**found, **node.entries})


def _at(table: Table, path: tuple[str | int, ...]) -> Node | None:
    node: Node | None = table
    for key in path:
        if isinstance(key, int):
            is_there = isinstance(node, Items) and key < len(node.items)
            node = node.items[key] if is_there and isinstance(node, Items) else None
        else:
            node = node.get(key) if isinstance(node, Table) else None
    return node


def _automatic(
    main: MainFile, monitoring: MonitoringBlock, main_table: Table, manager_table: Table
) -> list[tuple[str, Node]]:
    sections = [_section("json", find(main_table, "DataPath"), {})]
    if monitoring.metrics_exporter == "prometheus":
        sections.append(
            _section("prometheus", find(manager_table, "monitoring", "metrics_exporter"), {})
        )
    if main.postgres.data_source:
        place = find(main_table, "Postgres", "DataSource")
        type_, node = _section("sql", place, {})
        sections.append((type_, _with_main_keys(type_, node, main_table)))
    if any(node.host for node in main.cache):
        place = find(main_table, "Cache", 0, "Host")
        type_, node = _section("redis", place, {})
        sections.append((type_, _with_main_keys(type_, node, main_table)))
    url = manager_table.table("monitoring").get("alert_webhook")
    if url is not None and monitoring.alert_webhook:
        sections.append(_section("webhook", url.place, {"url": url}))
    return sections


def _section(type_: str, place: Place, entries: dict[str, Node]) -> tuple[str, Node]:
    tag = Scalar(place=place, text=type_, kind="text")
    return type_, Table(place=place, entries={"type": tag, **entries})


def check_caches(session: Session, main: MainFile, table: Table) -> None:
    """Refuse a second server of `Cache`: nothing would be written to it."""
    for number, node in enumerate(main.cache):
        if number and node.host:
            session.problems.add(
                find(table, "Cache", number, "Host"),
                "nof0 writes to one Redis server, and this is another one",
                "add a section `type: redis` with `host` to Exporters for each further server",
            )
