import pytest

from nof0_core.testing.contracts import MarketContract
from nof0_core.testing.environment import env as make_env
from nof0_provider_hyperliquid import plugin
from nof0_provider_hyperliquid.config import HyperliquidMarketConfig


class TestHyperliquidMarket(MarketContract):
    """Every test of the suite against a venue on loopback."""

    @pytest.fixture
    def kind(self):
        [kind] = plugin.nof0_market_providers()
        return kind

    @pytest.fixture
    def config(self, venue):
        return HyperliquidMarketConfig(base_url=venue.url)

    @pytest.fixture
    async def env(self, clock):
        async with make_env(clock=clock) as made:
            yield made
