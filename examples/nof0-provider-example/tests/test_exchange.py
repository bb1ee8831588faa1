"""The exchange against the contract suite, and what only this exchange does."""

from __future__ import annotations

from decimal import Decimal

import pytest

from nof0_core import MarketRef, testing
from nof0_core.clock import SimulatedClock
from nof0_core.domain.order import OrderStatus, Side, Trigger, TriggerKind
from nof0_core.testing.contracts import ExchangeContract
from nof0_provider_example.plugin import EXCHANGE, ExampleConfig


class TestExample(ExchangeContract):
    @pytest.fixture
    def kind(self):
        return EXCHANGE

    @pytest.fixture
    def balance(self, config):
        return config.balance_usd

    async def test_every_fill_is_at_the_mark(self, bench):
        outcome = await bench.place(bench.order(Side.BUY))
        assert outcome.status is OrderStatus.FILLED
        assert outcome.average_price == bench.mark

    async def test_profit_follows_the_market(self, bench):
        before = (await bench.exchange.report()).account
        bought = await bench.place(bench.order(Side.BUY))
        bench.market.set("BTC", "110000")
        after = (await bench.exchange.report()).account
        fee = bought.filled_size * bench.mark * Decimal("0.0005")
        gain = bought.filled_size * Decimal(10_000)
        assert after.equity - before.equity == gain - fee

    async def test_trigger_orders_are_refused_with_a_reason(self, bench):
        stop = Trigger(kind=TriggerKind.STOP, price=Decimal(90_000))
        outcome = await bench.place(bench.order(Side.SELL, trigger=stop))
        assert outcome.status is OrderStatus.REJECTED
        assert "trigger" in outcome.reason


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.mark.anyio
async def test_price_comes_from_the_named_market_section():
    clock = SimulatedClock(testing.START)
    other = testing.HandMarket(clock)
    other.set("BTC", "50000")
    markets = {"main": testing.HandMarket(clock), "other": other}
    async with testing.env(clock=clock, markets=markets) as env:
        config = ExampleConfig(market=MarketRef("other"), balance_usd=Decimal(500))
        async with EXCHANGE.open(config, env) as exchange:
            quote = (await exchange.market.quotes(["BTC"]))["BTC"]
            assert quote.mark == Decimal(50_000)
            assert (await exchange.report()).account.equity == Decimal(500)
