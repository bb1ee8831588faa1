"""Liquidity of one coin: levels of the last book, less what was taken since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from attrs import define, field, frozen

from nof0_core.money import ZERO

Level = tuple[Decimal, Decimal]
"""Price and size."""


@frozen
class Depth:
    """An order book as given: bids descending, asks ascending, each (price, size)."""

    bids: tuple[Level, ...] = ()
    asks: tuple[Level, ...] = ()

    @classmethod
    def of_levels(cls, levels: Sequence[Sequence[Mapping[str, Any]]]) -> Depth:
        """Read `levels` of an `l2Book` answer."""
        bids, asks = (
            tuple((Decimal(each["px"]), Decimal(each["sz"])) for each in side) for side in levels
        )
        return cls(bids, asks)


@define
class Liquidity:
    """What is left of a book; levels that were taken stay so until the next book."""

    bids: list[Level] = field(factory=list)
    asks: list[Level] = field(factory=list)

    @classmethod
    def of(cls, depth: Depth) -> Liquidity:
        """Return all of a book."""
        return cls(list(depth.bids), list(depth.asks))

    def touch(self, *, is_buy: bool) -> Decimal | None:
        """Return the best price that an aggressor meets, None on an empty side."""
        side = self.asks if is_buy else self.bids
        return side[0][0] if side else None

    def crosses(self, *, is_buy: bool, limit: Decimal) -> bool:
        """Tell whether an order at `limit` would match."""
        best = self.touch(is_buy=is_buy)
        return best is not None and (best <= limit if is_buy else best >= limit)

    def take(self, *, is_buy: bool, limit: Decimal, size: Decimal) -> list[Level]:
        """Take up to `size` at `limit` or better; best prices first."""
        side = self.asks if is_buy else self.bids
        taken: list[Level] = []
        while size > ZERO and self.crosses(is_buy=is_buy, limit=limit):
            price, there = side[0]
            part = min(there, size)
            taken.append((price, part))
            size -= part
            if part == there:
                del side[0]
            else:
                side[0] = (price, there - part)
        return taken
