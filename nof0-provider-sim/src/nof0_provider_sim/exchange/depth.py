"""Recorded order books: how much stands how far from the middle."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs

from nof0_core.domain.candles import from_ms
from nof0_core.domain.order import Side
from nof0_core.domain.order_book import BookLevel, OrderBook
from nof0_core.errors import DataError
from nof0_core.files import in_words, read_text
from nof0_core.ids import Symbol
from nof0_core.money import EXACT


@attrs.frozen(kw_only=True)
class Level:
    """`size` coins at `ratio` times the middle of the book."""

    ratio: Decimal
    size: Decimal


@attrs.frozen(kw_only=True)
class Snapshot:
    """One order book; both sides from the best level outward."""

    time_ms: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class Depth:
    """Order books by coin, oldest first."""

    def __init__(self, snapshots: dict[Symbol, list[Snapshot]]) -> None:
        self._snapshots = {
            symbol: sorted(books, key=lambda book: book.time_ms)
            for symbol, books in snapshots.items()
        }

    def knows(self, symbol: Symbol) -> bool:
        """Tell whether there is a book of the coin."""
        return symbol in self._snapshots

    def levels(self, symbol: Symbol, side: Side, now_ms: int) -> Sequence[Level]:
        """Return what a taker of `side` meets, best first.

        The newest book at or before the time; the first one if all are later: books keep their
        shape longer than prices keep their level, which is why they are kept relative to it.
        """
        books = self._snapshots[symbol]
        after = bisect_right(books, now_ms, key=lambda book: book.time_ms)
        book = books[max(0, after - 1)]
        return book.asks if side is Side.BUY else book.bids


def load_depth(path: Path) -> Depth:
    """Read books in the form of the venue's `l2Book` answers, one JSON object per line.

    Raises:
        DataError: the file cannot be read, or a line is no book; says which.
    """
    try:
        lines = read_text(path, limit=None).splitlines()
    except OSError as error:
        message = f"{path}: cannot be read: {in_words(error)}"
        raise DataError(message) from error
    books: dict[Symbol, list[Snapshot]] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            answer = json.loads(line)
            books.setdefault(Symbol(answer["coin"]), []).append(_snapshot(answer))
        except (ValueError, KeyError, TypeError, ArithmeticError) as error:
            message = f"{path}:{number}: not an order book: {error}"
            raise DataError(message) from error
    if not books:
        message = f"{path}: holds no order book"
        raise DataError(message)
    return Depth(books)


def _snapshot(answer: dict[str, Any]) -> Snapshot:
    bids, asks = (
        tuple(BookLevel(price=Decimal(row["px"]), size=Decimal(row["sz"])) for row in side)
        for side in answer["levels"]
    )
    if not bids or not asks:
        message = "one side is empty"
        raise ValueError(message)
    time_ms = int(answer["time"])
    book = OrderBook(symbol=Symbol(answer["coin"]), time=from_ms(time_ms), bids=bids, asks=asks)
    middle = EXACT.divide(book.bids[0].price + book.asks[0].price, Decimal(2))
    return Snapshot(
        time_ms=time_ms,
        bids=_relative(book.bids, middle),
        asks=_relative(book.asks, middle),
    )


def _relative(levels: Sequence[BookLevel], middle: Decimal) -> tuple[Level, ...]:
    return tuple(Level(ratio=EXACT.divide(lv.price, middle), size=lv.size) for lv in levels)
