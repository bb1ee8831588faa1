"""What templates see of an order book."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from nof0_core.domain.order_book import BookLevel, OrderBook
from nof0_core.money import BPS, ZERO, decimal
from nof0_core.prompts.figures import CENT
from nof0_core.prompts.view import View

_WHOLE = Decimal(1)


def book_view(book: OrderBook, time: datetime, tick: Decimal) -> View:
    """Return the view of a coin's order book at `time`; prices are written on its tick."""
    bids, asks = book.bids, book.asks
    middle = (bids[0].price + asks[0].price) / 2 if bids and asks else None
    depths = _Depths(book, middle)
    return View(
        "book",
        bid=bids[0].price.quantize(tick) if bids else None,
        ask=asks[0].price.quantize(tick) if asks else None,
        spread_bps=None if middle is None else _bps(asks[0].price - bids[0].price, middle),
        reach_bps=depths.reach(),
        bid_depth_usd=depths.of(bids),
        ask_depth_usd=depths.of(asks),
        imbalance=depths.imbalance,
        age_seconds=int((time - book.time).total_seconds()),
    )


def _bps(distance: Decimal, price: Decimal) -> Decimal:
    return (abs(distance) * BPS / price).quantize(CENT)


class _Depths:
    """Amounts that wait within a distance of the middle of best bid and ask.

    With an empty side there is no middle, and nothing is known.
    """

    def __init__(self, book: OrderBook, middle: Decimal | None) -> None:
        self._book = book
        self._middle = middle

    def reach(self) -> Decimal | None:
        """Return how far from the middle the shorter side is shown, in basis points."""
        if self._middle is None:
            return None
        ends = (self._book.bids[-1].price, self._book.asks[-1].price)
        return min(_bps(end - self._middle, self._middle) for end in ends)

    def of(self, side: Sequence[BookLevel]) -> Callable[[Any], Decimal | None]:
        """Return what tells the depth of a side within so many basis points, in whole USD."""

        def depth(bps: Any) -> Decimal | None:
            found = self._within(side, bps)
            return None if found is None else found.quantize(_WHOLE)

        return depth

    def imbalance(self, bps: Any) -> Decimal | None:
        """Return (bids - asks) / (bids + asks) of the depths within so many basis points."""
        bids, asks = (self._within(side, bps) for side in (self._book.bids, self._book.asks))
        if bids is None or asks is None or not bids + asks:
            return None
        return ((bids - asks) / (bids + asks)).quantize(CENT)

    def _within(self, side: Sequence[BookLevel], bps: Any) -> Decimal | None:
        if self._middle is None:
            return None
        most = decimal(bps) * self._middle / BPS
        return sum(
            (level.price * level.size for level in side if abs(level.price - self._middle) <= most),
            ZERO,
        )
