"""A net position and how a fill changes it."""

from __future__ import annotations

from decimal import Decimal

import attrs


@attrs.frozen(kw_only=True)
class Position:
    """`size` in coins, negative when short; `entry` is its average price in USD."""

    size: Decimal = Decimal(0)
    entry: Decimal = Decimal(0)

    def after(self, change: Decimal, price: Decimal) -> Position:
        """Return the position after `change` coins were traded at `price`."""
        size = self.size + change
        if self.size * change >= 0:
            entry = (self.size * self.entry + change * price) / size
        else:
            # A part that stays keeps its entry; what goes beyond zero is new.
            entry = self.entry if size * self.size > 0 else price
        return Position(size=size, entry=entry)
