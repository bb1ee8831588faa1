"""The tables: made, told apart from others, and as the migrations leave them."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import inspect

from nof0_core.errors import ProviderError
from nof0_core.exporters.sql.rows import KEYS
from nof0_core.storage import migrations
from nof0_core.storage.database import opened
from nof0_core.storage.preparing import prepare, upgraded
from nof0_core.storage.reading import key_of
from nof0_core.storage.schema import EVENTS, METADATA, PROJECTED
from nof0_core.storage.upgrade import newest

ENGINE = "arena's"
pytestmark = pytest.mark.anyio


async def test_migrations_lead_to_the_tables_that_are_written(target):
    def columns(connection):
        found = inspect(connection)
        return {
            name: {(c["name"], c["nullable"]) for c in found.get_columns(name)}
            for name in METADATA.tables
        }

    async with opened(target.settings) as database:
        assert await upgraded(database) == ("", newest())
        assert await upgraded(database) == (newest(), newest())
        async with database.transaction() as session:
            there = await session.call(columns, "look")
    wanted = {
        name: {(column.name, column.nullable) for column in table.columns}
        for name, table in METADATA.tables.items()
    }
    assert there == wanted


async def test_an_empty_database_gets_its_tables_once(target):
    async with opened(target.settings) as database:
        assert await prepare(database)
        assert not await prepare(database)


def test_rows_have_the_keys_of_their_tables():
    assert {name: key_of(name) for name in PROJECTED} == KEYS


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE alembic_version SET version_num = '9999'", "install the newer nof0"),
        ("DROP TABLE alembic_version", "that nof0 has not made"),
        (
            "ALTER TABLE trader_fills DROP COLUMN commission",
            "trader_fills has no column commission",
        ),
        ("DROP TABLE assets", "the table assets is missing"),
    ],
)
async def test_what_is_not_the_schema_is_told_and_left_alone(target, change, words):
    async with opened(target.settings) as database:
        await prepare(database)
    await target.execute(change)
    async with opened(target.settings) as database:
        with pytest.raises(ProviderError, match=words):
            await prepare(database)


async def test_an_older_schema_is_told_with_the_way_out(target, monkeypatch):
    async with opened(target.settings) as database:
        await prepare(database)
        monkeypatch.setattr("nof0_core.storage.upgrade.newest", lambda: "9000")
        monkeypatch.setattr("nof0_core.storage.preparing.newest", lambda: "9000")
        with pytest.raises(ProviderError, match="run `nof0 db upgrade`"):
            await prepare(database)


async def test_an_upgrade_tells_the_funding_rates_of_lines_that_are_there(target, told, expected):
    def first(connection):
        config = Config()
        config.set_main_option("script_location", str(Path(migrations.__file__).parent))
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")

    async with opened(target.settings) as database:
        async with database.transaction() as session:
            await session.connection.run_sync(first)
            await session.execute(
                EVENTS.insert(),
                [
                    {
                        "engine": ENGINE, "seq": one.seq, "stream": one.stream, "type": one.type,
                        "day": one.time.date(), "line": one.line, "hash": one.hash,
                    }
                    for one in told.lines
                ],
            )  # fmt: skip
        await upgraded(database)
    found = (await target.rows())["funding_rates"]
    assert found
    assert found == expected["funding_rates"]
