"""The paper exchange behind a market that only tells current quotes."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from nof0_core.clock import SimulatedClock
from nof0_core.domain.order import (
    OrderRequest,
    OrderStatus,
    Side,
    TimeInForce,
    Trigger,
    TriggerKind,
)
from nof0_core.errors import TransientError
from nof0_core.testing.environment import env as make_env
from nof0_core.testing.market import HandMarket
from nof0_provider_sim import plugin
from nof0_provider_sim.config import ImpactRules, SimExchangeConfig

pytestmark = pytest.mark.anyio

NOON = datetime(2025, 7, 16, 12, 0, tzinfo=UTC)
SETTINGS = SimExchangeConfig(impact=ImpactRules(major_bps=Decimal(0), other_bps=Decimal(0)))
BUY = OrderRequest(
    client_id="0x1", symbol="ETH", side=Side.BUY, size=Decimal(1), limit_price=Decimal(2600)
)
STOP = OrderRequest(
    client_id="0x2",
    symbol="ETH",
    side=Side.SELL,
    size=Decimal(1),
    limit_price=Decimal(2000),
    is_reduce_only=True,
    trigger=Trigger(kind=TriggerKind.STOP, price=Decimal(2400)),
)


class Blind(HandMarket):
    """Loses sight of its coins when told so."""

    is_blind = False
    asked = 0

    async def quotes(self, symbols):
        self.asked += 1
        return {} if self.is_blind else await super().quotes(symbols)


@pytest.fixture
def open_live(tmp_path):
    @asynccontextmanager
    async def opened(clock=None):
        clock = clock or SimulatedClock(NOON)
        market = Blind(clock)
        kind = plugin.nof0_exchange_providers()[0]
        env = make_env(clock=clock, data_dir=tmp_path, markets={"m": market})
        async with env as made, kind.open(SETTINGS, made) as exchange:
            yield exchange, market

    return opened


async def test_stop_fires_at_the_mark_of_the_next_call(open_live):
    async with open_live() as (exchange, market):
        await exchange.place([BUY, STOP], expires_at=None)
        market.set("ETH", "2401")
        assert len((await exchange.report()).orders) == 1
        market.set("ETH", "2390")
        fills = await exchange.fills(NOON)
        # 2390 x 0.9998 = 2389.522, five significant figures: 2389.5
        assert fills[-1].price == Decimal("2389.5")
        assert list((await exchange.report()).positions) == []


async def test_resting_order_fills_when_a_mark_goes_through_it(open_live):
    async with open_live() as (exchange, market):
        bid = OrderRequest(
            client_id="0x3",
            symbol="ETH",
            side=Side.BUY,
            size=Decimal(1),
            limit_price=Decimal(2450),
            tif=TimeInForce.GTC,
        )
        (outcome,) = await exchange.place([bid], expires_at=None)
        assert outcome.status is OrderStatus.RESTING
        market.set("ETH", "2440")
        (fill,) = await exchange.fills(NOON)
        assert (fill.price, fill.is_taker) == (Decimal(2450), False)


async def test_coin_without_a_quote_is_refused_in_the_venues_words(open_live):
    async with open_live() as (exchange, market):
        market.is_blind = True
        (outcome,) = await exchange.place([BUY], expires_at=None)
        assert outcome.reason == "No liquidity available for market order."


async def test_after_a_restart_nothing_is_valued_without_a_price(open_live):
    async with open_live() as (exchange, _):
        await exchange.place([BUY], expires_at=None)
    async with open_live() as (exchange, market):
        market.is_blind = True
        with pytest.raises(TransientError, match="the market tells no price of ETH"):
            await exchange.report()
        market.is_blind = False
        assert (await exchange.report()).account.margin_used == 125


async def test_without_position_and_order_the_market_is_never_asked(open_live):
    async with open_live() as (exchange, market):
        await exchange.report()
        await exchange.fills(NOON)
        assert market.asked == 0
