"""Rows of a table, a page at a time in the order of their key, and the rows of some keys."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Result,
    Select,
    Table,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    tuple_,
)

from nof0_core.storage.database import Database
from nof0_core.storage.schema import METADATA
from nof0_core.storage.tables import Row

PAGE = 400
"""Rows that are read at once."""

Key = tuple[Any, ...]
"""What tells a row from others of its table: the columns of its primary key, in that order."""


async def pages(database: Database, name: str, engine: str) -> AsyncIterator[dict[Key, Row]]:
    """Yield the rows of a table by key, `PAGE` at most at a time; each is read once.

    Rows stand under one engine; those of the market are told whichever engine wrote them. The order
    is the database's, which has its own for texts.

    Raises:
        ProviderError: as `Database.transaction`.
    """
    table = METADATA.tables[name]
    last: Key | None = None
    while True:
        async with database.transaction() as session:
            found = _by_key(table, await session.execute(page_of(table, engine, last)))
        if found:
            yield found
            *_, last = found
        if len(found) < PAGE:
            return


async def rows_of(database: Database, name: str, keys: Collection[Key]) -> dict[Key, Row]:
    """Return the rows of some keys, as far as they are there.

    Raises:
        ProviderError: as `Database.transaction`.
    """
    table, values = METADATA.tables[name], {}
    for number, key in enumerate(keys):
        for column, value in zip(table.primary_key, key, strict=True):
            values[f"{column.name}_{number}"] = value
    async with database.transaction() as session:
        return _by_key(table, await session.execute(of_keys(name, len(keys)), values))


async def count_rows(database: Database, name: str, engine: str) -> int:
    """Return how many rows `pages` yields.

    Raises:
        ProviderError: as `Database.transaction`.
    """
    table = METADATA.tables[name]
    asked = _of_engine(table, engine, select(func.count()).select_from(table))
    async with database.transaction() as session:
        return int((await session.execute(asked)).scalar_one())


def page_of(table: Table, engine: str, last: Sequence[Any] | None) -> Select[Any]:
    """Ask for the page behind the key `last`; None: for the first."""
    asked = _of_engine(table, engine, select(table)).order_by(*table.primary_key).limit(PAGE)
    return asked if last is None else asked.where(_is_above(table, last))


@cache
def of_keys(name: str, count: int) -> Select[Any]:
    """Ask for so many keys; it is made once, for that takes longer than to answer it.

    SQLite finds no index for a list of keys, but one for each that stands by itself.
    """
    table = METADATA.tables[name]
    alike = (
        and_(
            *(
                column == bindparam(f"{column.name}_{number}", type_=column.type)
                for column in table.primary_key
            )
        )
        for number in range(count)
    )
    return select(table).where(or_(*alike))


def _of_engine(table: Table, engine: str, asked: Select[Any]) -> Select[Any]:
    return asked.where(table.c.engine == engine) if table.c.engine.primary_key else asked


def _is_above(table: Table, key: Sequence[Any]) -> ColumnElement[bool]:
    """Compare without the engine, which is the same: an index leads to the rest only then."""
    pairs = [
        (column, literal(value, column.type))
        for column, value in zip(table.primary_key, key, strict=True)
        if column.name != "engine"
    ]
    return tuple_(*(column for column, _ in pairs)) > tuple_(*(value for _, value in pairs))


def _by_key(table: Table, found: Result[Any]) -> dict[Key, Row]:
    keys = [column.name for column in table.primary_key]
    return {tuple(row[key] for key in keys): dict(row) for row in found.mappings()}
