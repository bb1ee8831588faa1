"""Coins that traders leave alone for a while, because a stop was refused or lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import attrs
import msgspec

from nof0_core.domain.body import Body
from nof0_core.domain.event import CoinRested, Event, OrderAnswered
from nof0_core.domain.order import OrderPurpose, OrderStatus
from nof0_core.ids import Symbol, TraderId
from nof0_core.state.changes import Change, unchanged
from nof0_core.state.order_register import OrderRegister
from nof0_core.state.projection import Handler


class Rests:
    """The newest rest of each coin and trader, over or not."""

    name: ClassVar[str] = "rests"
    version: ClassVar[int] = 1

    def __init__(self, orders: OrderRegister) -> None:
        self._orders = orders
        self._rests: dict[tuple[TraderId, Symbol], CoinRested] = {}

    @property
    def handlers(self) -> Mapping[type[Body], Handler]:
        """Return the handlers by kind of event."""
        return {CoinRested: self._coin_rested, OrderAnswered: self._order_answered}

    def of(self, trader: TraderId, symbol: Symbol) -> CoinRested | None:
        """Return the newest rest of a coin for a trader; None before the first."""
        return self._rests.get((trader, symbol))

    def dump(self) -> bytes:
        """Return all rests, in the order of the first of each coin."""
        return msgspec.json.encode(list(self._rests.values()))

    def load(self, data: bytes) -> None:
        """Take over what `dump` has returned."""
        found = msgspec.json.decode(data, type=list[CoinRested])
        self._rests = {(rest.trader, rest.symbol): rest for rest in found}

    def _coin_rested(self, event: Event, body: CoinRested) -> Change:  # noqa: ARG002 - a handler
        def change() -> None:
            self._rests[body.trader, body.symbol] = body

        return change

    def _order_answered(self, event: Event, body: OrderAnswered) -> Change:  # noqa: ARG002 - a handler
        """Let the next rest be as short as the first once a stop is accepted; this one lasts."""
        known = self._orders.get(body.outcome.client_id)
        is_stop = known is not None and known.purpose is OrderPurpose.STOP
        if known is None or not is_stop or body.outcome.status is not OrderStatus.RESTING:
            return unchanged
        key = known.trader, known.symbol

        def change() -> None:
            rest = self._rests.get(key)
            if rest is not None:
                self._rests[key] = attrs.evolve(rest, count=0)

        return change
