"""All that the exchange side of a rehearsal venue knows."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from attrs import define, field, frozen

from nof0_core.money import ZERO
from nof0_provider_hyperliquid.rehearsal.accounts.account import Account, Mode
from nof0_provider_hyperliquid.rehearsal.accounts.agents import Agents
from nof0_provider_hyperliquid.rehearsal.accounts.depth import Liquidity
from nof0_provider_hyperliquid.rehearsal.accounts.nonces import Nonces
from nof0_provider_hyperliquid.rehearsal.accounts.refusals import Refusal
from nof0_provider_hyperliquid.rehearsal.assets import Asset

DEX_IDS = 100_000
DEX_SPAN = 10_000


@frozen(kw_only=True)
class Rules:
    """What may differ from venue to venue, from year to year, or is not documented.

    Attributes:
        fills_page: Rows of one answer of `userFills` and `userFillsByTime`.
        fills_reach: Newest fills that can be asked for at all.
        funding_page: Rows of one answer of `userFunding` and of ledger updates.
        orders_page: Rows of one answer of `historicalOrders`.
        info_lag_ms: How far what the info endpoint says of orders and fills lies behind.
        taker: Fee of a taker, fraction of the notional.
        maker: Fee of a maker.
        funding_rate: Per hour, where no other is given.
        liquidation_step: USD from which a liquidation first sells a fifth.
        cooling_ms: Time until the rest of it.
        initial_requests: Requests of an address before it traded.
        daily_actions: Actions a day in unified and portfolio mode.
        strangers: Mode of accounts that nobody set another for.
        has_short_groups: Whether grouped orders are answered by one status.
        has_reduce_only_minimum: Whether orders that only reduce must be worth $10 too.
    """

    fills_page: int = 2_000
    fills_reach: int = 10_000
    funding_page: int = 500
    orders_page: int = 2_000
    info_lag_ms: int = 0
    taker: Decimal = Decimal("0.00045")
    maker: Decimal = Decimal("0.00015")
    funding_rate: Decimal = Decimal("0.0000125")
    liquidation_step: Decimal = Decimal(100_000)
    cooling_ms: int = 30_000
    initial_requests: int = 10_000
    daily_actions: int = 50_000
    strangers: Mode = Mode.UNIFIED
    has_short_groups: bool = False
    has_reduce_only_minimum: bool = False


@frozen
class Event:
    """Something that subscribers hear: type of the subscription, user, data of the message."""

    type: str
    user: str
    data: Any


@define
class PlannedRefusal:
    """Orders of a kind that will be refused, as often as `left` says."""

    refusal: Refusal
    only_triggers: bool | None
    user: str | None
    left: int


@define(kw_only=True, eq=False)
class ExchangeState:
    """Accounts, prices and records; changed by the functions of the modules beside this one."""

    rules: Rules
    assets: dict[int, Asset] = field(factory=dict)
    coins: dict[str, Asset] = field(factory=dict)
    seed: int = 0
    now: int = 0
    accounts: dict[str, Account] = field(factory=dict)
    agents: Agents = field(factory=Agents)
    nonces: dict[str, Nonces] = field(factory=dict)
    marks: dict[str, Decimal] = field(factory=dict)
    mids: dict[str, Decimal] = field(factory=dict)
    oracles: dict[str, Decimal] = field(factory=dict)
    funding_rates: dict[str, Decimal] = field(factory=dict)
    liquidity: dict[str, Liquidity] = field(factory=dict)
    capped: set[str] = field(factory=set)
    planned: list[PlannedRefusal] = field(factory=list)
    events: list[Event] = field(factory=list)
    last_oid: int = 77_000_000_000
    last_hash: int = 0
    funded_hour: int | None = None

    @classmethod
    def of(cls, assets: Sequence[Asset], rules: Rules, seed: int) -> ExchangeState:
        """Return the state of a venue without accounts that lists `assets`."""
        state = cls(rules=rules, seed=seed)
        state.list_assets(assets)
        return state

    def list_assets(self, assets: Sequence[Asset]) -> None:
        """List assets, or change the rules of some; dexes are numbered as they are first seen."""
        for asset in assets:
            self.coins[asset.name] = asset
            dex = self.dexes().index(asset.dex)
            first = DEX_IDS + dex * DEX_SPAN if asset.dex else 0
            self.assets[first + asset.index] = asset

    def account(self, address: str) -> Account:
        """Return an account, made at the first mention."""
        known = self.accounts.get(address)
        if known is None:
            known = Account(
                address=address,
                mode=self.rules.strangers,
                rates=(self.rules.taker, self.rules.maker),
            )
            self.accounts[address] = known
        return known

    def next_oid(self) -> int:
        """Return an id that no order has."""
        self.last_oid += 1
        return self.last_oid

    def next_hash(self) -> str:
        """Return the hash of another transaction, the same for the same seed."""
        self.last_hash += 1
        made = hashlib.sha256(f"{self.seed} {self.last_hash}".encode()).hexdigest()
        return f"0x{made}"

    def tell(self, kind: str, user: str, data: Any) -> None:
        """Add an event."""
        self.events.append(Event(kind, user, data))

    def collateral(self, dex: str) -> str:
        """Return the token that margin of a dex is held in."""
        for each in self.coins.values():
            if each.dex == dex:
                return each.collateral
        return "USDC"

    def dexes(self) -> list[str]:
        """Return the dexes, the main one first."""
        return list(dict.fromkeys(["", *(each.dex for each in self.coins.values())]))

    def worth(self, account: Account) -> Decimal:
        """Return all that an account owns, in USD, at present marks."""
        cash = sum(account.pools.values(), ZERO) + sum(account.spot.values(), ZERO)
        return cash + sum(
            (each.raw + each.szi * self.marks[name] for name, each in account.positions.items()),
            ZERO,
        )
