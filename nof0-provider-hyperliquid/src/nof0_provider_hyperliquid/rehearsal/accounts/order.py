"""Orders of the venue."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from attrs import define, field, frozen

from nof0_core.money import ZERO
from nof0_provider_hyperliquid.rehearsal.accounts.amounts import Json
from nof0_provider_hyperliquid.rehearsal.assets import Asset


class Tif(StrEnum):
    """How long an order stands; `FrontendMarket` is `Ioc` labelled as a market order."""

    GTC = "Gtc"
    IOC = "Ioc"
    ALO = "Alo"
    FRONTEND_MARKET = "FrontendMarket"
    LIQUIDATION_MARKET = "LiquidationMarket"

    @property
    def is_immediate(self) -> bool:
        """Whether what does not match at once is gone."""
        return self in {Tif.IOC, Tif.FRONTEND_MARKET, Tif.LIQUIDATION_MARKET}


class Tpsl(StrEnum):
    """What a trigger is for."""

    TP = "tp"
    SL = "sl"


@frozen(kw_only=True)
class Trigger:
    """When an order comes to life, by the mark price."""

    price: Decimal
    is_market: bool
    tpsl: Tpsl

    def is_above(self, *, is_buy: bool) -> bool:
        """Whether it fires at marks at or above its price; else at or below."""
        return is_buy == (self.tpsl is Tpsl.SL)

    def fires(self, mark: Decimal, *, is_buy: bool) -> bool:
        """Tell whether it fires at a mark."""
        return mark >= self.price if self.is_above(is_buy=is_buy) else mark <= self.price


@frozen(kw_only=True)
class OrderRequest:
    """An order as it was sent; `asset` is an id of the universe, `tif` None for triggers."""

    asset: int
    is_buy: bool
    limit: Decimal
    size: Decimal
    is_reduce_only: bool
    tif: Tif | None
    trigger: Trigger | None
    cloid: str | None


@frozen
class Stage:
    """A status that an order had from a time on, with the order as it was shown then."""

    status: str
    time: int
    shown: Json


@define(kw_only=True, eq=False)
class Order:
    """An order that has a place in the venue's records.

    Attributes:
        asset: What it trades.
        size: Original size; `left` is what has not filled.
        trigger: None once it fired.
        parent: Order that must fill first.
        siblings: Orders that end when this one fills.
        is_position_tied: Placed with `positionTpsl`.
        takes_all: Its size is the whole position at the moment it fires.
        is_live: Whether it is open; the last of `stages` says how it ended.
    """

    oid: int
    user: str
    asset: Asset
    is_buy: bool
    limit: Decimal
    size: Decimal
    left: Decimal
    is_reduce_only: bool
    tif: Tif | None
    kind: str
    time: int
    cloid: str | None = None
    trigger: Trigger | None = None
    has_fired: bool = False
    parent: Order | None = None
    children: list[Order] = field(factory=list)
    siblings: list[Order] = field(factory=list)
    is_position_tied: bool = False
    takes_all: bool = False
    is_live: bool = False
    notional: Decimal = ZERO
    stages: list[Stage] = field(factory=list)

    @property
    def filled(self) -> Decimal:
        """Size that traded."""
        return self.size - self.left

    @property
    def is_waiting(self) -> bool:
        """Whether its parent has not filled yet."""
        return self.parent is not None

    @property
    def rests(self) -> bool:
        """Whether it stands in the order book."""
        return self.is_live and self.trigger is None and not self.is_waiting


def label(request: OrderRequest) -> str:
    """Return the venue's name of a kind of order."""
    if request.trigger is not None:
        purpose = "Take Profit" if request.trigger.tpsl is Tpsl.TP else "Stop"
        return f"{purpose} {'Market' if request.trigger.is_market else 'Limit'}"
    return "Market" if request.tif is Tif.FRONTEND_MARKET else "Limit"
