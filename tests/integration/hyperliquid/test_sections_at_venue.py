"""Several sections of one process at the local venue, which counts by IP address."""

from datetime import timedelta

import anyio
import pytest

from nof0_core.domain.candles import Interval
from nof0_core.errors import TransientError
from nof0_core.ids import Symbol
from nof0_core.testing import env
from nof0_provider_hyperliquid import plugin
from nof0_provider_hyperliquid.config import HyperliquidMarketConfig
from nof0_provider_hyperliquid.rehearsal.venue import Venue, VenueSettings

pytestmark = pytest.mark.anyio


async def test_sections_of_a_process_keep_together_to_what_one_address_may():
    [kind] = plugin.nof0_market_providers()
    refused = []
    async with Venue.open(VenueSettings(history=timedelta(days=4))) as venue:

        def section(dex):
            return HyperliquidMarketConfig(base_url=venue.base_url, dex=dex, stream=False)

        async with (
            env(clock=venue.clock) as made,
            kind.open(section(""), made) as main,
            kind.open(section("xyz"), made) as builders,
        ):

            async def ask(market, coin, limit):
                try:
                    bars = await market.candles(
                        Symbol(coin), Interval("1m"), made.clock.now(), limit
                    )
                    assert len(bars) == limit
                except TransientError as error:
                    refused.append(str(error))

            async with anyio.create_task_group() as tasks:
                for limit in range(50, 90):
                    tasks.start_soon(ask, main, "BTC", limit)
                    tasks.start_soon(ask, builders, "TSLA", limit)
            assert main.figures() == builders.figures()
            assert main.figures()["weight_used"] == venue.audit.most_weight
        # The venue refused nobody: who found no room was told so here, and when there is some.
        assert {request.status for request in venue.audit.requests} == {200}
        assert 680 <= venue.audit.most_weight <= 720
        assert refused
        assert all("there is room in" in text for text in refused)
