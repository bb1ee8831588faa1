"""Candles and funding rates of a market section, as arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Table, literal_column, select

from nof0_core.domain.candles import FloatArray, from_ms
from nof0_core.storage.database import Session
from nof0_core.storage.schema import FUNDING_RATES, KLINES

_STRETCH = 50_000
"""Rows that are read at once."""


async def sections(session: Session) -> list[str]:
    """Return the market sections that have candles, sorted."""
    asked = select(KLINES.c.provider_id).distinct()
    return sorted((await session.execute(asked)).scalars())


async def series(session: Session, section: str) -> list[tuple[str, str]]:
    """Return symbol and interval of each series of a section, sorted."""
    asked = select(KLINES.c.symbol, KLINES.c.interval).where(KLINES.c.provider_id == section)
    found = (await session.execute(asked.distinct())).all()
    return sorted((row.symbol, row.interval) for row in found)


async def bars(session: Session, section: str, symbol: str, interval: str) -> FloatArray:
    """Read bars: open time in ms, open, high, low, close, volume; shape (n, 6), oldest first."""
    place = {"provider_id": section, "symbol": symbol, "interval": interval}
    return await _numbers(session, KLINES, place, ("open", "high", "low", "close", "volume"))


async def rates(session: Session, section: str, symbol: str) -> FloatArray:
    """Read hourly funding rates: time in ms, fraction; shape (n, 2), oldest first."""
    place = {"provider_id": section, "symbol": symbol}
    return await _numbers(session, FUNDING_RATES, place, ("rate",))


async def _numbers(
    session: Session, table: Table, place: Mapping[str, str], columns: Sequence[str]
) -> FloatArray:
    """Read rows of a table, shape (n, 1 + columns): milliseconds first, oldest first."""
    where = [table.c[name] == value for name, value in place.items()]
    names = [table.c[name] for name in columns]
    parts: list[FloatArray] = []
    after: list[Any] = []
    while True:
        asked = (
            select(_milliseconds(is_sqlite=session.is_sqlite), *names)
            .where(*where, *after)
            .order_by(table.c.timestamp)
            .limit(_STRETCH)
        )
        rows = (await session.execute(asked)).all()
        if rows:
            parts.append(np.array([tuple(row) for row in rows], dtype=np.float64))
            after = [table.c.timestamp > from_ms(rows[-1][0])]
        if len(rows) < _STRETCH:
            return np.concatenate(parts) if parts else np.empty((0, 1 + len(columns)))


def _milliseconds(*, is_sqlite: bool) -> ColumnElement[Any]:
    # A datetime of each row would take most of the time.
    return literal_column(
        "CAST(strftime('%s', \"timestamp\") AS INTEGER) * 1000"
        if is_sqlite
        else 'CAST(EXTRACT(EPOCH FROM "timestamp") * 1000 AS BIGINT)'
    )
