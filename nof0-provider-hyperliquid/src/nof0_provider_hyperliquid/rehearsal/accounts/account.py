"""Accounts: cash, positions, orders and what happened to them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from enum import StrEnum

from attrs import define, field

from nof0_core.money import ZERO
from nof0_provider_hyperliquid.rehearsal.accounts.amounts import Json
from nof0_provider_hyperliquid.rehearsal.accounts.order import Order
from nof0_provider_hyperliquid.rehearsal.accounts.position import Margining, Position
from nof0_provider_hyperliquid.rehearsal.assets import Asset

MAIN = "USDC"
USUAL_LEVERAGE = 20


class Mode(StrEnum):
    """Where collateral is held, and where the venue reports it."""

    DEFAULT = "default"
    DISABLED = "disabled"
    UNIFIED = "unifiedAccount"
    PORTFOLIO = "portfolioMargin"
    DEX = "dexAbstraction"

    @property
    def is_unified(self) -> bool:
        """Whether spot balances are the collateral of perpetuals."""
        return self in {Mode.UNIFIED, Mode.PORTFOLIO}


@define(kw_only=True, eq=False)
class Account:
    """A user, sub-account or vault; addresses in lower case.

    Attributes:
        pools: Cash by pool: a dex (empty: the main one) or, where dexes share it, `@` and a token.
        spot: Balances by token that are no collateral.
        rates: Taker's and maker's fee, fractions of the notional.
        flows: Deposits less withdrawals and transfers out, in USD.
        volume: USD traded ever.
        fills: In wire form, oldest first; funding and ledger updates likewise.
    """

    address: str
    mode: Mode
    rates: tuple[Decimal, Decimal]
    master: str | None = None
    name: str = ""
    role: str = "user"
    pools: dict[str, Decimal] = field(factory=dict)
    spot: dict[str, Decimal] = field(factory=dict)
    positions: dict[str, Position] = field(factory=dict)
    margining: dict[str, Margining] = field(factory=dict)
    funding_paid: dict[str, Decimal] = field(factory=dict)
    orders: dict[int, Order] = field(factory=dict)
    by_cloid: dict[str, Order] = field(factory=dict)
    live: dict[int, Order] = field(factory=dict)
    fills: list[Json] = field(factory=list)
    funding: list[Json] = field(factory=list)
    updates: list[Json] = field(factory=list)
    values: list[tuple[int, Decimal, Decimal]] = field(factory=list)
    flows: Decimal = ZERO
    volume: Decimal = ZERO
    has_deposited: bool = False
    used_requests: int = 0
    bought_requests: int = 0
    last_over_cap: int = 0
    day: int = 0
    day_actions: int = 0
    cancel_at: int | None = None
    cancel_day: int = 0
    cancels_fired: int = 0
    cooling_until: dict[str, int] = field(factory=dict)

    def pool_of(self, dex: str, collateral: str) -> str:
        """Return the name of the pool that margin of a dex comes from."""
        is_shared = self.mode.is_unified or (self.mode is Mode.DEX and collateral == MAIN)
        return f"@{collateral}" if is_shared else dex

    def pool(self, asset: Asset) -> str:
        """Return the name of the pool that an asset's margin comes from."""
        return self.pool_of(asset.dex, asset.collateral)

    def add_cash(self, pool: str, cash: Decimal) -> None:
        """Add to a pool; less than zero takes away."""
        self.pools[pool] = self.pools.get(pool, ZERO) + cash

    def held(self, coin: str) -> Decimal:
        """Return the signed size of a position, 0 without one."""
        position = self.positions.get(coin)
        return ZERO if position is None else position.szi

    def margining_of(self, asset: Asset) -> Margining:
        """Return how positions of an asset are margined: 20x cross until set."""
        set_by_user = self.margining.get(asset.name)
        if set_by_user is not None:
            return set_by_user
        return Margining(not asset.only_isolated, min(USUAL_LEVERAGE, asset.max_leverage))

    def in_pool(self, pool: str) -> Iterator[Position]:
        """Return the positions whose margin comes from a pool."""
        return (each for each in self.positions.values() if self.pool(each.asset) == pool)

    def resting(self) -> list[Order]:
        """Return the orders that stand in the order book, oldest first."""
        return [each for each in self.live.values() if each.rests]
