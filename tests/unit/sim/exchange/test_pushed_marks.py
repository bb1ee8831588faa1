"""The paper exchange on a market without a recording, moved by the marks it is handed."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal

import attrs
import pytest

from nof0_core.clock import SimulatedClock
from nof0_core.domain.order import OrderRequest, OrderStatus, Side, TimeInForce, Trigger
from nof0_core.domain.order import TriggerKind as Kind
from nof0_core.protocols import Capability
from nof0_core.testing.environment import START
from nof0_core.testing.environment import env as make_env
from nof0_core.testing.market import HandMarket
from nof0_provider_sim import plugin
from nof0_provider_sim.config import FaultRules, ImpactRules, SimExchangeConfig

pytestmark = pytest.mark.anyio

D = Decimal
SETTINGS = SimExchangeConfig(impact=ImpactRules(major_bps=D(0), other_bps=D(0)))


class Counting(HandMarket):
    """Counts how often it is asked."""

    asked = 0

    async def quotes(self, symbols):
        self.asked += 1
        return await super().quotes(symbols)


@pytest.fixture
def open_live(tmp_path):
    @asynccontextmanager
    async def opened(settings=SETTINGS):
        clock = SimulatedClock(START)
        market = Counting(clock)
        kind = plugin.nof0_exchange_providers()[0]
        env = make_env(clock=clock, data_dir=tmp_path, markets={"m": market})
        async with env as made, kind.open(settings, made) as exchange:
            yield exchange, market, clock

    return opened


def _buy(name="0x1", limit="2600", **changes):
    return OrderRequest(
        client_id=name,
        symbol="ETH",
        side=Side.BUY,
        size=D(1),
        limit_price=D(limit),
        **changes,
    )


def _stop(price="2400"):
    return OrderRequest(
        client_id="0x2",
        symbol="ETH",
        side=Side.SELL,
        size=D(1),
        limit_price=D(2000),
        is_reduce_only=True,
        trigger=Trigger(kind=Kind.STOP, price=D(price)),
    )


async def test_paper_exchange_and_the_faulty_one_accept_marks(open_live):
    async with open_live() as (exchange, _, _):
        assert Capability.ACCEPTS_MARKS in exchange.capabilities
    async with open_live(SimExchangeConfig(faults=FaultRules(duplicate=0.1))) as (exchange, _, _):
        assert Capability.ACCEPTS_MARKS in exchange.capabilities


async def test_stop_fires_when_the_mark_is_handed_over_not_when_somebody_asks(open_live):
    async with open_live() as (exchange, market, clock):
        await exchange.place([_buy(), _stop()], expires_at=None)
        market.set("ETH", "2390")
        await exchange.accept_marks(await market.quotes(["ETH"]))
        market.set("ETH", "2450")
        await exchange.accept_marks(await market.quotes(["ETH"]))
        fills = await exchange.fills(clock.now())
        # 2390 x 0.9998 = 2389.522, five significant figures: 2389.5
        assert fills[-1].price == D("2389.5")


async def test_while_marks_are_handed_over_questions_do_not_ask_the_market(open_live):
    async with open_live() as (exchange, market, clock):
        await exchange.place([_buy()], expires_at=None)
        await exchange.accept_marks(await market.quotes(["ETH"]))
        asked = market.asked
        for _ in range(3):
            await exchange.report()
            await exchange.report()
        assert market.asked == asked
        # nobody hands anything over any more
        await clock.sleep_until(clock.now() + timedelta(minutes=1))
        market.set("ETH", "2510")
        assert (await exchange.report()).positions[0].unrealized_pnl > 9
        assert market.asked == asked + 1


async def test_order_is_priced_at_its_arrival_whatever_was_handed_over(open_live):
    async with open_live() as (exchange, market, _):
        await exchange.accept_marks(await market.quotes(["ETH"]))
        market.set("ETH", "2550")
        (outcome,) = await exchange.place([_buy()], expires_at=None)
        # 2550 x 1.0002 = 2550.51, five significant figures upward
        assert outcome.average_price == D("2550.6")


async def test_resting_order_fills_by_the_volume_of_a_minute(open_live):
    # 1e9 USD a day at 2440 are 284.6 ETH a minute, of which 10 %
    async with open_live() as (exchange, market, clock):
        market.set("ETH", "2500")
        bid = OrderRequest(
            client_id="0x9",
            symbol="ETH",
            side=Side.BUY,
            size=D(40),
            limit_price=D(2450),
            tif=TimeInForce.GTC,
        )
        await exchange.place([bid], expires_at=None)
        market.set("ETH", "2440")
        await exchange.accept_marks(await market.quotes(["ETH"]))
        first = (await exchange.order(bid.client_id)).filled_size
        assert first == D("28.4608")
        await exchange.accept_marks(await market.quotes(["ETH"]))
        assert (await exchange.order(bid.client_id)).filled_size == first
        await clock.sleep_until(clock.now() + timedelta(seconds=61))
        await exchange.accept_marks(await market.quotes(["ETH"]))
        assert (await exchange.order(bid.client_id)).status is OrderStatus.FILLED


async def test_impact_on_a_live_market_follows_the_volume_of_the_day(open_live):
    async with open_live(SimExchangeConfig()) as (exchange, _, _):
        # 1e9 / 2500 / 1440 = 277.7 coins a minute; 1 of them: 2 + 5 x sqrt(0.36 %/1 %) = 5 bps
        (outcome,) = await exchange.place([_buy()], expires_at=None)
        assert outcome.average_price == D("2501.3")


async def test_stale_mark_of_a_live_market_stays_as_it_was(open_live):
    rules = FaultRules(stale_mark=1.0)
    async with open_live(attrs.evolve(SETTINGS, faults=rules)) as (exchange, market, _):
        await exchange.place([_buy()], expires_at=None)
        market.set("ETH", "2300")
        await exchange.accept_marks(await market.quotes(["ETH"]))
        (position,) = list((await exchange.report()).positions)
        # bought at 2500 x 1.0002, rounded up to 2500.5; still valued at 2500
        assert position.unrealized_pnl == D("-0.5")
