"""Which schema a database has, and how it gets the newest one."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from nof0_core.storage.schema import METADATA

_HOME = Path(__file__).parent / "migrations"


class SchemaState(StrEnum):
    """How the tables of a database compare with those this version of nof0 writes."""

    EMPTY = "empty"
    OLDER = "older"
    CURRENT = "current"
    NEWER = "newer"
    FOREIGN = "foreign"
    """Tables of these names are there, and were not made by nof0."""


def newest() -> str:
    """Return the revision this version of nof0 writes."""
    return _scripts().get_current_head() or ""


def revisions() -> tuple[str, ...]:
    """Return all revisions, oldest first."""
    return tuple(sorted(script.revision for script in _scripts().walk_revisions()))


def schema_state(connection: Connection) -> tuple[SchemaState, str]:
    """Return how the schema compares, and its revision, "" where it has none."""
    found = MigrationContext.configure(connection).get_current_revision() or ""
    if not found:
        names = set(inspect(connection).get_table_names())
        is_empty = names.isdisjoint(METADATA.tables)
        return (SchemaState.EMPTY if is_empty else SchemaState.FOREIGN), ""
    if found == newest():
        return SchemaState.CURRENT, found
    return (SchemaState.OLDER if found in revisions() else SchemaState.NEWER), found


def altered(connection: Connection) -> str:
    """Say which table somebody has altered, "" where all have the columns they need."""
    inspector = inspect(connection)
    for table in METADATA.sorted_tables:
        if not inspector.has_table(table.name):
            return f"the table {table.name} is missing"
        there = {column["name"] for column in inspector.get_columns(table.name)}
        if lost := [column.name for column in table.columns if column.name not in there]:
            return f"the table {table.name} has no column {lost[0]}"
        key = inspector.get_pk_constraint(table.name)["constrained_columns"]
        if set(key) != {column.name for column in table.primary_key}:
            return f"the table {table.name} has another key than nof0 gave it"
    return ""


def upgrade(connection: Connection) -> None:
    """Lead the schema to the newest revision, within the transaction of the connection."""
    config = Config()
    config.set_main_option("script_location", str(_HOME).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(_HOME))
