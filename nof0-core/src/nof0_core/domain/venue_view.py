"""All traders of one venue account, for risk checks."""

from __future__ import annotations

from decimal import Decimal

import attrs

from nof0_core.domain.account import AccountState
from nof0_core.ids import Symbol
from nof0_core.money import ZERO, exactly


@attrs.frozen(kw_only=True)
class OpenEntry:
    """What an entry that was sent, or is about to be, may still add to a position.

    `quantity` is signed, in coins, `size_usd` its worth at the limit of the order, `margin` what it
    will take.
    """

    symbol: Symbol
    quantity: Decimal
    size_usd: Decimal
    leverage: int
    margin: Decimal

    @property
    def is_long(self) -> bool:
        """Return whether the position will gain when the price rises."""
        return self.quantity > 0


@attrs.frozen(kw_only=True)
class VenueTrader:
    """One trader's account at the marks of now, with its entries under way, oldest first."""

    account: AccountState
    entries: tuple[OpenEntry, ...] = ()


@attrs.frozen(kw_only=True)
class VenueView:
    """Everybody with an account on a venue account, the one that decides included.

    That is every trader there is or was, and `@unassigned` with what belongs to nobody; the reserve
    holds nothing and is left out. The order is that of their first capital. All of it is what the
    journal comes to up to record `seq`, at the marks of the newest `marks` record until there.
    """

    venue_account: str
    seq: int
    traders: tuple[VenueTrader, ...]

    @exactly
    def gross_usd(self, *, is_long: bool, symbol: Symbol | None = None) -> Decimal:
        """Return the notional on one side, of one coin or of all, in USD.

        Positions count at mark, entries under way at their limits. What traders hold against each
        other is not set off.
        """
        return sum(
            (
                part
                for trader in self.traders
                for part in (
                    *(
                        held.notional
                        for held in trader.account.holdings
                        if held.is_long is is_long and symbol in (None, held.symbol)
                    ),
                    *(
                        entry.size_usd
                        for entry in trader.entries
                        if entry.is_long is is_long and symbol in (None, entry.symbol)
                    ),
                )
            ),
            ZERO,
        )
