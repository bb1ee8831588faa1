"""Hyperliquid's market against the rehearsal venue: where all is well, and under each fault."""

from __future__ import annotations

from datetime import timedelta

import pytest
from anyio.from_thread import start_blocking_portal
from anyio.lowlevel import checkpoint

from nof0_core.clock import SystemClock
from nof0_core.testing.contracts import MarketContract
from nof0_core.testing.environment import env as make_env
from nof0_provider_hyperliquid import plugin
from nof0_provider_hyperliquid.config import HyperliquidMarketConfig
from nof0_provider_hyperliquid.rehearsal.faults import MESSAGES, Harm
from nof0_provider_hyperliquid.rehearsal.venue import Venue, VenueSettings
from nof0_provider_hyperliquid.transport import windows

REQUESTS = [harm for harm in Harm if harm not in MESSAGES]
LONG = {Harm.SILENT_BEFORE, Harm.SILENT_AFTER, Harm.SLOW}
"""What is only noticed when a second is over."""

SMALL = VenueSettings(history=timedelta(hours=30))


class Hurried(SystemClock):
    """The machine's time, on which nobody waits: pauses between two attempts cost nothing."""

    async def sleep_until(self, moment):
        await checkpoint()


class TestHyperliquidMarket(MarketContract):
    """The suite, on a venue in a thread of its own."""

    @pytest.fixture(params=[None, *REQUESTS], ids=lambda harm: harm or "well")
    def harm(self, request):
        return request.param

    @pytest.fixture
    def venue(self, harm, monkeypatch):
        # The clock runs on; what a refusal makes wait for is tested where time can be moved.
        monkeypatch.setattr(windows, "YIELD", timedelta(milliseconds=200))
        with (
            start_blocking_portal() as portal,
            portal.wrap_async_context_manager(Venue.open(SMALL, clock=SystemClock())) as venue,
        ):
            if harm in LONG:
                venue.faults.add(harm, times=1)
            elif harm is not None:
                venue.faults.add(harm, chance=0.4)
            yield venue
            if harm is not Harm.RATE_LIMITED:
                assert 429 not in {request.status for request in venue.audit.requests}

    @pytest.fixture
    def kind(self):
        [kind] = plugin.nof0_market_providers()
        return kind

    @pytest.fixture
    def config(self, venue):
        return HyperliquidMarketConfig(
            base_url=venue.base_url,
            stream=False,
            http_timeout=timedelta(seconds=1),
            max_retries=10,
        )

    @pytest.fixture
    async def env(self):
        async with make_env(clock=Hurried()) as made:
            yield made
