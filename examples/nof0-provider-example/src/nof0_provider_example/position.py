"""A net position and how a fill changes it."""

from __future__ import annotations

from decimal import Decimal

import attrs


@attrs.frozen(kw_only=True)
class Position:
    """`quantity` in coins, negative when short; `entry` is its average price in USD."""

    quantity: Decimal = Decimal(0)
    entry: Decimal = Decimal(0)

    def after(self, change: Decimal, price: Decimal) -> Position:
        """Return the position after `change` coins were traded at `price`."""
        quantity = self.quantity + change
        if self.quantity * change >= 0:
            entry = (self.quantity * self.entry + change * price) / quantity
        else:
            # A part that stays keeps its entry; what goes beyond zero is new.
            entry = self.entry if quantity * self.quantity > 0 else price
        return Position(quantity=quantity, entry=entry)
