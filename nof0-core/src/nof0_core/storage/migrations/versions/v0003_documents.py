"""The API's documents, funding rates, and what imported rows have beyond the columns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from alembic import op
from sqlalchemy import Connection, text

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_BATCH = 500
"""Records of the market that are read at once."""
_NEWEST_COUNTS = (
    "INSERT INTO funding_rates (provider_id, symbol, timestamp, engine, seq, rate) "
    "VALUES (:provider_id, :symbol, {time}, :engine, :seq, {rate}) "
    "ON CONFLICT (provider_id, symbol, timestamp) DO UPDATE SET "
    "engine = excluded.engine, seq = excluded.seq, rate = excluded.rate"
)


def upgrade() -> None:
    """Make the tables and columns; the rates are told by the journal's lines that are there."""
    connection = op.get_bind()
    is_sqlite = connection.dialect.name == "sqlite"
    data, amount, moment, json_ = (
        ("BLOB", "TEXT", "TEXT", "TEXT")
        if is_sqlite
        else ("BYTEA", "NUMERIC", "TIMESTAMP WITH TIME ZONE", "JSONB")
    )
    op.execute(
        'CREATE TABLE documents ("engine" TEXT NOT NULL, "name" TEXT NOT NULL, '
        '"is_piece" BOOLEAN NOT NULL, "digest" TEXT NOT NULL, "made_at" DOUBLE PRECISION NOT NULL, '
        f'"content" {data} NOT NULL, PRIMARY KEY ("engine", "name"))'
    )
    op.execute(
        'CREATE TABLE funding_rates ("provider_id" TEXT NOT NULL, "symbol" TEXT NOT NULL, '
        f'"timestamp" {moment} NOT NULL, "engine" TEXT NOT NULL, "seq" BIGINT NOT NULL, '
        f'"rate" {amount} NOT NULL, PRIMARY KEY ("provider_id", "symbol", "timestamp"))'
    )
    for table in ("trader_positions", "trader_performance"):
        op.execute(f'ALTER TABLE {table} ADD COLUMN "extra" {json_}')
    _tell_rates(connection, is_sqlite=is_sqlite)


def downgrade() -> None:
    """Refuse: what the tables hold would be lost."""
    message = "there is no way back to the first tables"
    raise NotImplementedError(message)


def _tell_rates(connection: Connection, *, is_sqlite: bool) -> None:
    """Write the newest rate of each hour that a record of the market names."""
    statement = text(
        _NEWEST_COUNTS.format(time=":hour", rate=":rate")
        if is_sqlite
        else _NEWEST_COUNTS.format(
            time="CAST(CAST(:hour AS TEXT) AS TIMESTAMPTZ)",
            rate="CAST(CAST(:rate AS TEXT) AS NUMERIC)",
        )
    )
    for engine, seq, line in _markets(connection):
        body = json.loads(bytes(line))["data"]
        rates = [
            {
                "provider_id": body["section"],
                "symbol": symbol,
                "hour": f"{entry['quote']['time'][:13]}:00:00.000000Z",
                "engine": engine,
                "seq": seq,
                "rate": entry["quote"]["funding_rate"],
            }
            for symbol, entry in (body.get("snapshots") or {}).items()
            if entry["quote"].get("funding_rate") is not None
        ]
        if rates:
            connection.execute(statement, rates)


def _markets(connection: Connection) -> Iterator[tuple[Any, ...]]:
    place = ("", 0)
    asked = text(
        "SELECT engine, seq, line FROM events WHERE type = 'market' AND "
        "(engine > :engine OR (engine = :engine AND seq > :seq)) ORDER BY engine, seq LIMIT :most"
    )
    while found := connection.execute(
        asked, {"engine": place[0], "seq": place[1], "most": _BATCH}
    ).all():
        yield from (tuple(row) for row in found)
        place = found[-1].engine, found[-1].seq
