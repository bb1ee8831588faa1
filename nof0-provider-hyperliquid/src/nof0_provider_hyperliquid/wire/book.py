"""Order books."""

from __future__ import annotations

from nof0_core.domain.candles import from_ms
from nof0_core.domain.order_book import BookLevel, OrderBook
from nof0_core.ids import Symbol
from nof0_provider_hyperliquid.wire.reading import (
    bad,
    milliseconds,
    number,
    price,
    record,
    rows,
    shown,
)


def read_book(answer: object, symbol: Symbol, coin: str) -> OrderBook | None:
    """Return an answer to `l2Book`, None for null: the venue has no book of the coin.

    Raises:
        DataError: it is no book, or one of another coin.
    """
    if answer is None:
        return None
    where = f"l2Book of {coin}"
    book = record(answer, where)
    if book.get("coin") != coin:
        bad(where, f"it is one of {shown(book.get('coin'))}")
    sides = rows(book.get("levels"), f"{where}: levels")
    if len(sides) != 2:
        bad(where, f"it has {len(sides)} sides")
    bids, asks = (_levels(side, where) for side in sides)
    time = from_ms(milliseconds(book.get("time"), f"{where}: time"))
    try:
        return OrderBook(symbol=symbol, time=time, bids=bids, asks=asks)
    except ValueError as error:
        bad(where, str(error))


def _levels(side: object, where: str) -> tuple[BookLevel, ...]:
    found = []
    for level in rows(side, f"{where}: levels"):
        entry = record(level, f"{where}: a level")
        size = number(entry.get("sz"), f"{where}: sz")
        if size < 0:
            bad(where, f"a level of {size}")
        if size:
            at = price(entry.get("px"), f"{where}: px")
            found.append(BookLevel(price=at, size=size))
    return tuple(found)
