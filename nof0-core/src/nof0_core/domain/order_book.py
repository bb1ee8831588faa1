"""Order books: what stands at which price."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import pairwise

import attrs

from nof0_core.ids import Symbol


@attrs.frozen(kw_only=True)
class BookLevel:
    """`size` coins wait at `price` USD; both are positive."""

    price: Decimal
    size: Decimal

    def __attrs_post_init__(self) -> None:
        """Refuse what cannot wait in a book.

        Raises:
            ValueError: a price or size that is not positive.
        """
        is_finite = self.price.is_finite() and self.size.is_finite()
        if not is_finite or self.price <= 0 or self.size <= 0:
            message = f"a level of {self.size} at {self.price}: both must be positive"
            raise ValueError(message)


@attrs.frozen(kw_only=True)
class OrderBook:
    """What waits at a venue in one coin at `time` (UTC, the venue's).

    Both sides go from the best price outward: `bids` fall, `asks` rise, no price comes twice, and
    the best bid is below the best ask. A side may be empty, and is as long as the venue shows it:
    what waits further out is not known.
    """

    symbol: Symbol
    time: datetime
    bids: tuple[BookLevel, ...]
    asks: tuple[BookLevel, ...]

    def __attrs_post_init__(self) -> None:
        """Refuse levels in the wrong order.

        Raises:
            ValueError: a side out of order, a price that comes twice, or a crossed book.
        """
        if not _rises(self.asks) or not _rises(self.bids[::-1]):
            message = f"{self.symbol}: levels are not ordered from the best price outward"
            raise ValueError(message)
        if self.bids and self.asks and self.bids[0].price >= self.asks[0].price:
            message = f"{self.symbol}: the book is crossed at {self.bids[0].price}"
            raise ValueError(message)


def _rises(levels: Sequence[BookLevel]) -> bool:
    return all(a.price < b.price for a, b in pairwise(levels))
