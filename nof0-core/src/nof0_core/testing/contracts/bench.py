"""An opened exchange with everything needed to trade on it in a test."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal
from typing import Any

import attrs
import pytest

from nof0_core.domain.instrument import Instrument
from nof0_core.domain.order import OrderRequest, Side
from nof0_core.domain.outcome import OrderOutcome
from nof0_core.domain.position import VenuePosition
from nof0_core.ids import Symbol, TraderId, client_order_id, cycle_id
from nof0_core.money import ceil_to
from nof0_core.plugins.env import Env, MarketRef
from nof0_core.protocols import Capability, ExchangeProvider, MarketProvider, exchange_with
from nof0_core.testing.contracts.service import Opener
from nof0_core.testing.declared import DeclaredExchange
from nof0_core.testing.market import HandMarket

_TRADER = TraderId("contract")
_BUDGET = Decimal(100)
_ROOM = Decimal("0.02")


@attrs.frozen(kw_only=True)
class Bench:
    """An opened exchange.

    `exchange` fails a test as soon as a value it answers with is not of its declared type;
    `opened` is what the kind opened, with methods of its own. `instrument` and `mark` belong to
    `symbol`; orders are made for about 100 USD with a limit 2 % beyond the mark. Client ids are
    derived from the time they are made at, so that a later run on the same account places new
    orders.
    """

    exchange: ExchangeProvider
    opened: Any
    market: MarketProvider
    env: Env
    symbol: Symbol
    instrument: Instrument
    mark: Decimal
    counter: Iterator[int] = attrs.field(factory=lambda: itertools.count(1))

    @property
    def size(self) -> Decimal:
        """Return a size in coins worth about 100 USD, and never less."""
        return ceil_to(_BUDGET / self.mark, self.instrument.lot)

    def order(self, side: Side, *, trader: TraderId = _TRADER, **changes: Any) -> OrderRequest:
        """Make an IOC order that should fill at once, with `changes` made to it."""
        limit = self.mark * (1 + side.sign * _ROOM)
        leg = f"open.{next(self.counter)}"
        cycle = cycle_id(trader, self.env.clock.now())
        plain = OrderRequest(
            client_id=client_order_id(trader, cycle, self.symbol, leg),
            symbol=self.symbol,
            side=side,
            size=self.size,
            limit_price=self.instrument.round_price(limit, "up" if side is Side.BUY else "down"),
        )
        return attrs.evolve(plain, **changes)

    async def place(self, request: OrderRequest) -> OrderOutcome:
        """Place one order and return its outcome."""
        (outcome,) = await self.place_all([request])
        return outcome

    async def place_all(self, requests: Sequence[OrderRequest]) -> Sequence[OrderOutcome]:
        """Place orders in one call, with an expiry where the venue knows it."""
        late = self.env.clock.now() + timedelta(minutes=1)
        expires_at = late if self.has(Capability.EXPIRY) else None
        outcomes = await self.exchange.place(requests, expires_at=expires_at)
        assert len(outcomes) == len(requests), (
            f"{len(requests)} orders gave {len(outcomes)} outcomes"
        )
        return outcomes

    async def position(self) -> VenuePosition | None:
        """Return the position in `symbol`."""
        found = [p for p in (await self.exchange.report()).positions if p.symbol == self.symbol]
        assert len(found) <= 1, f"{len(found)} positions in {self.symbol}, not one net position"
        return found[0] if found else None

    async def quantity(self) -> Decimal:
        """Return the position in coins, 0 if there is none."""
        position = await self.position()
        return position.quantity if position else Decimal(0)

    async def minutes(self, count: int) -> None:
        """Let time pass."""
        clock = self.env.clock
        await clock.sleep_until(clock.now() + timedelta(minutes=count))

    async def set_mark(self, price: Decimal) -> None:
        """Move the market, and show the new price to a venue that is simulated.

        The test is skipped where nobody can move the market.
        """
        if not isinstance(self.market, HandMarket):
            pytest.skip("prices of this market cannot be moved")
        self.market.set(self.symbol, self.instrument.round_price(price))
        await self.show_marks()

    async def show_marks(self) -> None:
        """Hand the present quotes to a venue that is simulated."""
        simulated = exchange_with(self.exchange, Capability.ACCEPTS_MARKS)
        if simulated is not None:
            await simulated.accept_marks(await self.market.quotes([self.symbol]))

    def has(self, capability: Capability) -> bool:
        """Tell whether the venue declares a capability."""
        return capability in self.exchange.capabilities


@asynccontextmanager
async def open_bench(opener: Opener, symbol: Symbol) -> AsyncIterator[Bench]:
    """Open the exchange and look up what is traded on it."""
    market = opener.env.market(getattr(opener.config, "market", MarketRef("")))
    instruments = await market.instruments()
    mark = (await market.quotes([symbol]))[symbol].mark
    async with opener.open() as exchange:
        yield Bench(
            exchange=DeclaredExchange(exchange, instruments),
            opened=exchange,
            market=market,
            env=opener.env,
            symbol=symbol,
            instrument=instruments[symbol],
            mark=mark,
        )
