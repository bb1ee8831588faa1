"""Opening a `type: hyperliquid` market section."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from nof0_core.plugins.env import Env
from nof0_provider_hyperliquid.config import HyperliquidMarketConfig
from nof0_provider_hyperliquid.market.provider import HyperliquidMarket
from nof0_provider_hyperliquid.transport.budget import shared_budget
from nof0_provider_hyperliquid.transport.client import InfoClient, Patience


@asynccontextmanager
async def open_live_market(
    config: HyperliquidMarketConfig, env: Env
) -> AsyncIterator[HyperliquidMarket]:
    """Open the market of a section; the venue is first asked when somebody wants to know."""
    budget = await shared_budget(env, config.address)
    patience = Patience(request=config.request_within, retries=config.max_retries)
    client = InfoClient(config.address, budget=budget, patience=patience, env=env)
    try:
        yield HyperliquidMarket(client, dex=config.dex, budget=budget, env=env)
    finally:
        client.close()
