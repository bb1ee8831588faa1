"""Market sections that take their candles out of a database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs

from nof0_core.config.model import Section
from nof0_core.config.session import Session
from nof0_core.files import absolute

_SQLITE = "sqlite:///"
_DATABASE = "database"


def with_databases(
    session: Session, markets: Mapping[str, Section], exporters: Sequence[Section]
) -> dict[str, Section]:
    """Tell sections with `data_source: database` which one: their own, or that of the exporter."""
    place = next((str(one.config.data_source) for one in exporters if one.kind.type == "sql"), "")
    return {name: _settled(session, section, place) for name, section in markets.items()}


def _settled(session: Session, section: Section, exported: str) -> Section:
    config: Any = section.config
    names = {field.name for field in attrs.fields(type(config))}
    if not {"data_source", _DATABASE} <= names or config.data_source != _DATABASE:
        return section
    own = str(config.database)
    if own.startswith(_SQLITE):
        path = Path(section.place.file).parent / own.removeprefix(_SQLITE)
        own = f"{_SQLITE}{absolute(path)}"
    if not (own or exported):
        session.problems.add(
            section.place,
            "data_source: database needs one",
            "write `database:` here, set Postgres.DataSource, or add a `sql` exporter",
        )
    return attrs.evolve(section, config=attrs.evolve(config, database=own or exported))
