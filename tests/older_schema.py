"""Databases as earlier revisions left them, with the rows of a short run in them.

    python tests/older_schema.py DATABASE

keeps all rows of the SQLite database of an engine named "arena's", with a `sql` section and two
short runs, in `tests/data/schema/<revision>.json.gz`: to be done before a revision is added.
"""

from __future__ import annotations

import base64
import contextlib
import gzip
import hashlib
import json
import sqlite3
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import text

from nof0_core.storage import upgrade as upgrading
from nof0_core.storage.database import DatabaseSettings, opened

KEPT = Path(__file__).parent / "data" / "schema"


def names():
    return sorted(path.name.partition(".")[0] for path in KEPT.glob("*.json.gz"))


def read(revision):
    return json.loads(gzip.decompress((KEPT / f"{revision}.json.gz").read_bytes()))


def script_of(revision):
    """Return the bytes of a revision's file."""
    (path,) = (Path(upgrading.__file__).parent / "migrations" / "versions").glob(f"v{revision}_*")
    return path.read_bytes()


def lines_of(kept):
    """Return the journal's lines that are in it."""
    events = kept["tables"]["events"]
    at = events["columns"].index("line")
    return [base64.b64decode(row[at]["base64"]) for row in events["rows"]]


async def fill(source, kept):
    """Make the tables of a revision, and put the rows in, as plain SQL would."""
    async with opened(DatabaseSettings(data_source=source)) as database:
        async with database.transaction() as session:
            await session.call(lambda c: _upgrade_to(c, kept["revision"]), "upgrade")
        for name, table in kept["tables"].items():
            async with database.transaction() as session:
                await _insert(session, name, table["columns"], table["rows"])


def _upgrade_to(connection, revision):
    config = Config()
    config.set_main_option("script_location", str(upgrading._HOME))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


async def _insert(session, name, columns, rows):
    if not rows:
        return
    types = {}
    if not session.is_sqlite:
        asked = text(
            "SELECT column_name, data_type FROM information_schema.columns WHERE table_name = :name"
        )
        types = dict((await session.connection.execute(asked, {"name": name})).all())
        if name in ("klines", "indicators"):
            await _make_parts(session, name, {row[columns.index("timestamp")][:7] for row in rows})
    places = [f":p{n}" if session.is_sqlite else _cast(types[c], n) for n, c in enumerate(columns)]
    quoted = ", ".join(f'"{column}"' for column in columns)
    statement = text(f"INSERT INTO {name} ({quoted}) VALUES ({', '.join(places)})")  # noqa: S608
    await session.execute(
        statement,
        [{f"p{n}": _value(value, session) for n, value in enumerate(row)} for row in rows],
    )


async def _make_parts(session, name, months):
    for month in months:
        year, number = map(int, month.split("-"))
        after = f"{year + number // 12:04}-{number % 12 + 1:02}"
        await session.execute(
            text(
                f"CREATE TABLE {name}_{month.replace('-', '_')} PARTITION OF {name} FOR VALUES "
                f"FROM ('{month}-01 00:00:00+00') TO ('{after}-01 00:00:00+00')"
            )
        )


def _cast(type_, number):
    if type_ == "bytea":
        return f"decode(CAST(:p{number} AS TEXT), 'base64')"
    return f"CAST(CAST(:p{number} AS TEXT) AS {type_})"


def _value(value, session):
    if isinstance(value, dict):
        return base64.b64decode(value["base64"]) if session.is_sqlite else value["base64"]
    return value if session.is_sqlite or value is None else str(value)


def keep(path):
    with contextlib.closing(sqlite3.connect(path)) as connection:
        (revision,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        asked = "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"
        names = [name for (name,) in connection.execute(asked) if name != "alembic_version"]
        tables = {}
        for name in names:
            cursor = connection.execute(f"SELECT * FROM {name}")  # noqa: S608
            tables[name] = {
                "columns": [column[0] for column in cursor.description],
                "rows": [[_kept(each) for each in row] for row in cursor.fetchall()],
            }
    digest = hashlib.sha256(script_of(revision)).hexdigest()
    content = json.dumps({"revision": revision, "script": digest, "tables": tables})
    KEPT.mkdir(parents=True, exist_ok=True)
    packed = gzip.compress(content.encode(), mtime=0)
    (KEPT / f"{revision}.json.gz").write_bytes(packed)


def _kept(value):
    return {"base64": base64.b64encode(value).decode()} if isinstance(value, bytes) else value


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
