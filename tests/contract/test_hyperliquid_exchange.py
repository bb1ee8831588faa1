"""Hyperliquid's exchange against the rehearsal venue: where all is well, and under each fault."""

from __future__ import annotations

from datetime import timedelta

import anyio
import attrs
import numpy as np
import pytest
from anyio.from_thread import start_blocking_portal
from anyio.lowlevel import checkpoint
from eth_account import Account
from hyperliquid_desk import AGENT_KEY, KEY, D

from nof0_core.clock import SystemClock
from nof0_core.plugins.env import NoTasks
from nof0_core.testing.contracts import ExchangeContract
from nof0_core.testing.environment import env as make_env
from nof0_provider_hyperliquid import plugin
from nof0_provider_hyperliquid.config import HyperliquidExchangeConfig, HyperliquidMarketConfig
from nof0_provider_hyperliquid.rehearsal.venue import Venue, VenueSettings

HOURS = 6
PRICE = 118_000.0
MAIN = Account.from_key(KEY).address
AGENT = Account.from_key(AGENT_KEY).address


class Standing(SystemClock):
    """Time stands still until somebody skips some; who sleeps does so on the machine's."""

    def __init__(self):
        super().__init__()
        self.time = super().now()

    def now(self):
        return self.time

    async def sleep_until(self, moment):
        await anyio.sleep((moment - self.time).total_seconds())


class Hurried:
    """The same time for whoever would wait: what is waited for has passed at once."""

    is_lockstep = False

    def __init__(self, clock):
        self.clock = clock

    def now(self):
        return self.clock.now()

    async def sleep_until(self, moment):
        self.clock.time = max(moment, self.clock.time)
        await checkpoint()


def flat(clock):
    """Return a venue on which Bitcoin always costs the same: the suite looks at its mark once."""
    bars = np.tile([PRICE, PRICE, PRICE, PRICE, 100.0], (2 * HOURS * 60, 1))
    start = clock.now() - timedelta(hours=HOURS)
    return VenueSettings(recorded={"BTC": bars}, recorded_from=start)


class TestHyperliquidExchange(ExchangeContract):
    """The suite, on a venue in a thread of its own; an agent signs for the account."""

    @pytest.fixture
    def clock(self):
        return Standing()

    @pytest.fixture
    def mode(self):
        return "unifiedAccount"

    @pytest.fixture
    def venue(self, clock, mode):
        with (
            start_blocking_portal() as portal,
            portal.wrap_async_context_manager(Venue.open(flat(clock), clock=clock)) as venue,
        ):
            venue.exchange.open_account(MAIN, D(10_000), mode=mode, agents={AGENT: "nof0"})
            yield venue
            assert not venue.audit.duplicates

    @pytest.fixture
    def kind(self):
        [kind] = plugin.nof0_exchange_providers()
        return kind

    @pytest.fixture
    def balance(self):
        return D(10_000)

    @pytest.fixture
    def config(self, venue):
        return HyperliquidExchangeConfig(
            private_key=AGENT_KEY,
            main_address=MAIN,
            base_url=venue.base_url,
            stream=False,
            http_timeout=timedelta(seconds=5),
            max_retries=10,
        )

    @pytest.fixture
    async def env(self, venue, clock):
        [kind] = plugin.nof0_market_providers()
        config = HyperliquidMarketConfig(base_url=venue.base_url, stream=False)
        async with (
            make_env(clock=Hurried(clock)) as around,
            kind.open(config, around) as market,
            make_env(clock=Hurried(clock), markets={"": market}) as made,
        ):
            # The clock would not rest while something waits in the background.
            yield attrs.evolve(made, tasks=NoTasks())


class TestIsolated(TestHyperliquidExchange):
    """With collateral of its own on each dex."""

    @pytest.fixture
    def mode(self):
        return "disabled"
