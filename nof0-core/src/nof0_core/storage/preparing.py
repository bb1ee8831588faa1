"""Seeing to it that a database has the tables, before anything is written to it."""

from __future__ import annotations

from sqlalchemy import Connection

from nof0_core.errors import ProviderError
from nof0_core.storage.database import Database
from nof0_core.storage.upgrade import SchemaState, altered, newest, schema_state, upgrade

_ALTERED = "somebody has altered it; put it back, or use another database"


async def prepare(database: Database) -> bool:
    """Make the tables in a database that has none of them; tell whether they were made.

    Raises:
        ProviderError: the tables are of another version, not nof0's, or somebody altered one; the
            message says what to do.
    """
    async with database.transaction() as session:
        state, _ = await session.call(schema_state, "reading the schema's revision")
        if state is SchemaState.EMPTY:
            await session.call(upgrade, "making the tables")
            return True
    return not await is_prepared(database)


async def is_prepared(database: Database) -> bool:
    """Tell whether a database has the tables, and change nothing.

    Raises:
        ProviderError: as `prepare`.
    """
    async with database.transaction() as session:
        state, found = await session.call(schema_state, "reading the schema's revision")
        if fault := _fault(state, found):
            raise ProviderError(fault)
        if state is SchemaState.EMPTY:
            return False
        if fault := await session.call(altered, "comparing the tables"):
            message = f"{fault}: {_ALTERED}"
            raise ProviderError(message)
    return True


async def upgraded(database: Database) -> tuple[str, str]:
    """Lead a database to the newest schema; return the revisions before ("" for none) and now.

    Raises:
        ProviderError: it is newer than this version of nof0, or holds tables that are not nof0's.
    """

    def lead(connection: Connection) -> tuple[str, str]:
        state, found = schema_state(connection)
        if state in (SchemaState.NEWER, SchemaState.FOREIGN):
            raise ProviderError(_fault(state, found))
        if state is not SchemaState.CURRENT:
            upgrade(connection)
        return found, newest()

    async with database.transaction() as session:
        # With much data in the tables it takes what it takes: no engine waits for it.
        return await session.connection.run_sync(lead)


def _fault(state: SchemaState, found: str) -> str:
    if state is SchemaState.OLDER:
        return (
            f"the tables are of revision {found}, this nof0 writes {newest()}: "
            "run `nof0 db upgrade`; what is missing is written afterwards"
        )
    if state is SchemaState.NEWER:
        return (
            f"the tables are of revision {found}, which this nof0 does not know (it writes "
            f"{newest()}): install the newer nof0, or use another database"
        )
    if state is SchemaState.FOREIGN:
        return "there are tables of nof0's names that nof0 has not made: use another database"
    return ""


def fault_of_schema(connection: Connection) -> str | None:
    """Say why the tables cannot be read, "" where they can; None where there are none yet.

    Only their revision is looked at: who reads one table need not care for an altered one.
    """
    state, found = schema_state(connection)
    if state is SchemaState.EMPTY:
        return None
    return _fault(state, found)
