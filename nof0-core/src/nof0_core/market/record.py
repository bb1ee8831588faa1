"""The exact JSON form of market snapshots, and the way back.

It is what the digest of a market view is of. The journal has each bar once: see
`nof0_core.market.written_bars`, and `nof0_core.market.rereading` for how this form is made of it.

One object, an entry per symbol::

    {"BTC": {"time": "2025-07-14T00:03:00Z",
             "quote": {"mark": "119000.5", ...},
             "series": {"3m": {"columns": ["open_time", "open", ..., "ema20"],
                               "bars": [[1752451200000, 118990.0, ..., null], ...]}}}}

Where traders are shown order books, `"book": {"bids": [[price, size], …], "asks": …, "time": …}`
stands between quote and series. Times of bars are milliseconds UTC. Floats are written with the
fewest digits that give the same float back, Decimals as strings, NaN as null: what is restored has
the same bits. Decoding and encoding again with msgspec gives the same bytes, so the digest can be
checked at any time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np

from nof0_core.domain.candles import Candles, Interval, readonly
from nof0_core.domain.order_book import BookLevel, OrderBook
from nof0_core.domain.snapshot import MarketSnapshot, Quote, Series
from nof0_core.errors import DataError
from nof0_core.ids import Symbol

BAR_COLUMNS = ("open", "high", "low", "close", "volume")
"""Columns after `open_time` that every series has; indicators follow."""

_encode = msgspec.json.Encoder().encode


def encode(snapshots: Mapping[Symbol, MarketSnapshot]) -> bytes:
    """Write snapshots in their exact JSON form.

    Raises:
        DataError: a series holds an infinite number, which JSON cannot.
    """
    return join_entries(
        join_series(
            entry_head(symbol, snapshot.time, snapshot.quote, snapshot.book),
            (join_rows(*encode_series(series)) for series in snapshot.series.values()),
        )
        for symbol, snapshot in snapshots.items()
    )


def digest(record: bytes | msgspec.Raw) -> str:
    """Return the SHA-256 of the exact JSON form, in hex."""
    return hashlib.sha256(bytes(record)).hexdigest()


def encode_series(series: Series) -> tuple[bytes, list[bytes]]:
    """Write one series: what `join_rows` puts together.

    Raises:
        DataError: as `encode`.
    """
    bars = series.candles
    columns = [getattr(bars, name) for name in BAR_COLUMNS] + list(series.indicators.values())
    table = np.stack(columns, axis=1)
    if np.isinf(table).any():
        message = f"a series of {series.interval} holds an infinite number"
        raise DataError(message)
    rows = encode_rows(bars.open_time.tolist(), table.tolist())
    return column_head(series.interval, series.indicators), rows


def encode_rows(open_times: Sequence[int], table: Sequence[Sequence[float]]) -> list[bytes]:
    """Write bars one by one.

    Args:
        open_times: n times in milliseconds UTC.
        table: n rows of open, high, low, close, volume and the indicators, none of them infinite.
    """
    return [_encode([time, *row]) for time, row in zip(open_times, table, strict=True)]


def column_head(interval: Interval, indicators: Iterable[str]) -> bytes:
    """Write the part of a series that names its interval and columns: `"3m":{"columns":[…]`."""
    names = ["open_time", *BAR_COLUMNS, *indicators]
    return b'%b:{"columns":%b' % (_encode(interval), _encode(names))


def join_rows(head: bytes, rows: Iterable[bytes]) -> bytes:
    """Put a series together from `column_head` and its bars, oldest first."""
    return b'%b,"bars":[%b]}' % (head, b",".join(rows))


def entry_head(
    symbol: Symbol, time: datetime, quote: Quote, book: OrderBook | None = None
) -> bytes:
    """Write the part of an entry before its series: `"BTC":{"time":…,"quote":{…}`."""
    head = b'%b:{"time":%b,"quote":%b' % (_encode(symbol), _encode(time), _encode(quote))
    return head if book is None else with_book(head, _encode(_Book.of(book)))


def with_book(head: bytes, book: bytes) -> bytes:
    """Put an encoded order book behind a quote."""
    return b'%b,"book":%b' % (head, book)


def join_series(head: bytes, series: Iterable[bytes]) -> bytes:
    """Put the entry of one symbol together from `entry_head` and its encoded series."""
    return b'%b,"series":{%b}}' % (head, b",".join(series))


def join_entries(entries: Iterable[bytes]) -> bytes:
    """Put a record together from the entries of its symbols."""
    return b"{" + b",".join(entries) + b"}"


def restore(record: object) -> Mapping[Symbol, MarketSnapshot]:
    """Read snapshots back, bit for bit.

    Args:
        record: the JSON form as bytes, text or `msgspec.Raw`, or what a JSON decoder made of it.

    Raises:
        DataError: this is not such a record; the message says what is wrong with it.
    """
    try:
        plain = record
        if isinstance(record, bytes | str | msgspec.Raw):
            plain = msgspec.json.decode(record)
        entries = msgspec.convert(plain, dict[str, _Entry])
        return {
            Symbol(symbol): MarketSnapshot(
                symbol=Symbol(symbol),
                time=item.time,
                quote=item.quote,
                book=item.book.restored(Symbol(symbol)) if item.book is not None else None,
                series={
                    Interval(i): _series(Interval(i), table) for i, table in item.series.items()
                },
            )
            for symbol, item in entries.items()
        }
    except (msgspec.MsgspecError, ValueError) as error:
        message = f"not a market record: {error}"
        raise DataError(message) from error


class _Table(msgspec.Struct, forbid_unknown_fields=True):
    columns: list[str]
    bars: list[list[float | None]]


class _Book(msgspec.Struct, forbid_unknown_fields=True):
    bids: list[tuple[Decimal, Decimal]]
    asks: list[tuple[Decimal, Decimal]]
    time: datetime

    @classmethod
    def of(cls, book: OrderBook) -> _Book:
        bids, asks = ([(e.price, e.size) for e in side] for side in (book.bids, book.asks))
        return cls(bids, asks, book.time)

    def restored(self, symbol: Symbol) -> OrderBook:
        bids, asks = (
            tuple(BookLevel(price=price, size=size) for price, size in side)
            for side in (self.bids, self.asks)
        )
        return OrderBook(symbol=symbol, time=self.time, bids=bids, asks=asks)


class _Entry(msgspec.Struct, forbid_unknown_fields=True):
    time: datetime
    quote: Quote
    series: dict[str, _Table]
    book: _Book | None = None


def _series(interval: Interval, table: _Table) -> Series:
    if tuple(table.columns[:6]) != ("open_time", *BAR_COLUMNS):
        message = f"columns of {interval} begin with {table.columns[:6]}"
        raise ValueError(message)
    shape = (len(table.bars), len(table.columns))
    rows: Any = table.bars
    values = readonly(np.array(rows, dtype=np.float64).reshape(shape).T.copy())
    named = dict(zip(table.columns[1:], values[1:], strict=True))
    bars = {name: named.pop(name) for name in BAR_COLUMNS}
    times = values[0].astype(np.int64)
    candles = Candles(interval=interval, open_time=times, **bars)
    return Series(interval=interval, candles=candles, indicators=named)
