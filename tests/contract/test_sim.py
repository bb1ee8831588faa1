"""nof0's own paper providers against the suites plugin authors are given."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from nof0_core.clock import SimulatedClock
from nof0_core.testing import env as make_env
from nof0_core.testing.contracts import ExchangeContract, MarketContract
from nof0_provider_sim.config import SimMarketConfig
from nof0_provider_sim.plugin import nof0_exchange_providers, nof0_market_providers

MIDDLE = datetime(2025, 7, 20, 12, 1, tzinfo=UTC)
"""Inside the recording, between two bars."""


@pytest.fixture
async def recorded(tmp_path):
    """Return the recorded market, opened, and its clock."""
    (kind,) = nof0_market_providers()
    clock = SimulatedClock(MIDDLE)
    async with (
        make_env(clock=clock, data_dir=tmp_path / "market") as env,
        kind.open(kind.config(), env) as market,
    ):
        yield market, clock


class TestExchangeOverPricesSetByHand(ExchangeContract):
    @pytest.fixture
    def kind(self):
        (kind,) = nof0_exchange_providers()
        return kind

    @pytest.fixture
    def balance(self, config):
        return config.initial_balance_usd


class TestExchangeOverRecordedPrices(ExchangeContract):
    @pytest.fixture
    def kind(self):
        (kind,) = nof0_exchange_providers()
        return kind

    @pytest.fixture
    async def env(self, recorded, tmp_path):
        market, clock = recorded
        async with make_env(clock=clock, data_dir=tmp_path, markets={"": market}) as env:
            yield env


class TestRecordedMarket(MarketContract):
    @pytest.fixture
    def kind(self):
        (kind,) = nof0_market_providers()
        return kind

    @pytest.fixture
    async def env(self):
        async with make_env(clock=SimulatedClock(MIDDLE)) as env:
            yield env


class TestSyntheticMarket(MarketContract):
    @pytest.fixture
    def kind(self):
        (kind,) = nof0_market_providers()
        return kind

    @pytest.fixture
    def config(self):
        start = datetime(2025, 7, 19, tzinfo=UTC)
        return SimMarketConfig(source="synthetic", start=start, symbols=("BTC",))

    @pytest.fixture
    async def env(self):
        async with make_env(clock=SimulatedClock(MIDDLE)) as env:
            yield env
