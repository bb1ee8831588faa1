"""The perpetuals that a rehearsal venue lists."""

from __future__ import annotations

from decimal import Decimal

from attrs import frozen


@frozen(kw_only=True)
class Asset:
    """One entry of a dex's universe.

    Attributes:
        index: Place in the universe of its dex.
        name: Coin, `BTC`; on a builder's dex with its prefix, `xyz:TSLA`.
        sz_decimals: Decimals of a size.
        max_leverage: Of the lowest tier.
        margin_tiers: (lower bound in USD, maximum leverage), ascending; empty: one tier.
        is_delisted: No orders are taken any more.
        only_isolated: Cross margin is refused.
        dex: Empty for the main dex.
        collateral: Token that margin is held in.
        is_growing: Its fees are a tenth (growth mode, dexes of builders).
    """

    index: int
    name: str
    sz_decimals: int
    max_leverage: int
    margin_tiers: tuple[tuple[Decimal, int], ...] = ()
    is_delisted: bool = False
    only_isolated: bool = False
    dex: str = ""
    collateral: str = "USDC"
    is_growing: bool = False

    @property
    def fee_factor(self) -> Decimal:
        """By how much the fees of an account are multiplied: 2 on dexes of builders."""
        factor = Decimal(2) if self.dex else Decimal(1)
        return factor / 10 if self.is_growing else factor
