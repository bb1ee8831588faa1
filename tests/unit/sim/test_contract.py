"""The contract suites of nof0 over both services of the package."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from nof0_core.clock import SimulatedClock
from nof0_core.domain.candles import Interval
from nof0_core.testing.contracts import ExchangeContract, MarketContract
from nof0_core.testing.environment import env as make_env
from nof0_core.testing.market import INSTRUMENTS, HandMarket
from nof0_provider_sim import plugin
from nof0_provider_sim.config import SimExchangeConfig, SimMarketConfig

NOON = datetime(2025, 7, 16, 12, 0, tzinfo=UTC)


@pytest.fixture
def recorded_config():
    return SimMarketConfig(symbols=("BTC", "DOGE"))


class TestRecordedMarket(MarketContract):
    @pytest.fixture
    def kind(self):
        return plugin.nof0_market_providers()[0]

    @pytest.fixture
    def config(self, recorded_config):
        return recorded_config

    @pytest.fixture
    def interval(self):
        return Interval("3m")

    @pytest.fixture
    async def env(self):
        async with make_env(clock=SimulatedClock(NOON)) as made:
            yield made


class TestSyntheticMarket(TestRecordedMarket):
    @pytest.fixture
    def config(self):
        return SimMarketConfig(
            source="synthetic", symbols=("BTC",), start=NOON - timedelta(days=2), interval="1m"
        )


class TestExchangeOnLiveQuotes(ExchangeContract):
    """Behind a market that only tells current quotes."""

    @pytest.fixture
    def kind(self):
        return plugin.nof0_exchange_providers()[0]

    @pytest.fixture
    def config(self):
        return SimExchangeConfig(initial_balance_usd=Decimal(100_000))


class Deep(HandMarket):
    """Shows a book around its present price: 1,000 coins every basis point on both sides."""

    async def books(self, symbols):
        for symbol, quote in (await self.quotes(symbols)).items():
            rules = INSTRUMENTS[symbol]
            self.set_book(
                symbol,
                bids=self._side(rules, quote.mark, -1, "down"),
                asks=self._side(rules, quote.mark, 1, "up"),
            )
        return await super().books(symbols)

    def _side(self, rules, mark, sign, rounding):
        steps = (mark * (1 + sign * Decimal(n) / 10_000) for n in range(1, 21))
        prices = dict.fromkeys(str(rules.round_price(step, rounding)) for step in steps)
        return [(price, "1000") for price in prices]


class TestExchangeOnLiveBooks(TestExchangeOnLiveQuotes):
    """Behind a market that also shows its order book."""

    @pytest.fixture
    async def env(self):
        clock = SimulatedClock(NOON)
        async with make_env(clock=clock, markets={"deep": Deep(clock)}) as made:
            yield made


class TestExchangeOnRecording(TestExchangeOnLiveQuotes):
    """Behind a recorded market, as in a demo or a backtest."""

    @pytest.fixture
    async def env(self, recorded_config):
        clock = SimulatedClock(NOON)
        async with (
            make_env(clock=clock) as market_env,
            plugin.open_market(recorded_config, market_env) as market,
            make_env(clock=clock, markets={"recorded": market}) as made,
        ):
            yield made
