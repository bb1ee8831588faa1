"""An account at a rehearsal venue, traded through the exchange provider, in a time of its own."""

from __future__ import annotations

from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta

import attrs
import numpy as np
from anyio.from_thread import start_blocking_portal
from anyio.lowlevel import checkpoint
from eth_account import Account
from hyperliquid_desk import AGENT_KEY, KEY, D

from nof0_core.clock import SystemClock, pause
from nof0_core.plugins.env import NoTasks
from nof0_core.testing.environment import env as make_env
from nof0_provider_hyperliquid import plugin
from nof0_provider_hyperliquid.config import HyperliquidExchangeConfig, HyperliquidMarketConfig
from nof0_provider_hyperliquid.rehearsal.listing import PRICES
from nof0_provider_hyperliquid.rehearsal.venue import Venue, VenueSettings

HOURS = 6
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
        await pause(max(0.0, (moment - self.time).total_seconds()))


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


def flat(clock, **settings):
    """Return a venue on which each coin costs about the same for some hours from now."""
    bars = {
        coin: np.tile([price, price, price, price, 100.0], (2 * HOURS * 60, 1))
        for coin, price in PRICES.items()
    }
    start = clock.now() - timedelta(hours=HOURS)
    return VenueSettings(recorded=bars, recorded_from=start, **settings)


@contextmanager
def venue_of(clock, *, mode="unifiedAccount", usd=10_000, **settings):
    """Serve a venue in a thread of its own, with an account that an agent may sign for."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(Venue.open(flat(clock, **settings), clock)) as venue,
    ):
        venue.exchange.open_account(MAIN, D(usd), mode=mode, agents={AGENT: "nof0"})
        yield venue


def exchange_config(venue, **changes):
    """Return the section that trades this account."""
    keys = {
        "private_key": AGENT_KEY,
        "main_address": MAIN,
        "base_url": venue.base_url,
        "stream": False,
        "http_timeout": timedelta(seconds=5),
        "max_retries": 10,
    }
    return HyperliquidExchangeConfig(**{**keys, **changes})


def exchange_kind():
    """Return the kind under test."""
    [kind] = plugin.nof0_exchange_providers()
    return kind


@asynccontextmanager
async def surroundings(venue, clock, data_dir=None):
    """Make what sections at this venue are opened with: a market, and a clock that never waits."""
    [kind] = plugin.nof0_market_providers()
    second = timedelta(seconds=1)
    config = HyperliquidMarketConfig(base_url=venue.base_url, stream=False, http_timeout=second)
    async with (
        make_env(clock=Hurried(clock)) as around,
        kind.open(config, around) as market,
        make_env(clock=Hurried(clock), markets={"": market}, data_dir=data_dir) as made,
    ):
        # The clock would not rest while something waits in the background.
        yield attrs.evolve(made, tasks=NoTasks())
