"""A market of the package, opened on a venue on loopback."""

from datetime import UTC, datetime

import pytest
from info_server import serving

from nof0_core.clock import SimulatedClock
from nof0_core.testing.environment import Lines
from nof0_core.testing.environment import env as make_env
from nof0_provider_hyperliquid import plugin
from nof0_provider_hyperliquid.config import HyperliquidMarketConfig

START = datetime(2026, 3, 4, 5, 7, 30, tzinfo=UTC)


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def clock():
    return SimulatedClock(START)


@pytest.fixture
def venue(clock):
    with serving(clock) as served:
        yield served


@pytest.fixture
def kind():
    [kind] = plugin.nof0_market_providers()
    return kind


@pytest.fixture
def config(venue):
    return HyperliquidMarketConfig(base_url=venue.url)


@pytest.fixture
async def env(clock):
    async with make_env(clock=clock, log=Lines()) as made:
        yield made


@pytest.fixture
async def market(kind, config, env):
    async with kind.open(config, env) as opened:
        yield opened
