"""Opening a `type: hyperliquid` market section."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from nof0_core.ids import Symbol
from nof0_core.plugins.env import Env
from nof0_provider_hyperliquid.config import HyperliquidMarketConfig
from nof0_provider_hyperliquid.market.bars import missing_bars
from nof0_provider_hyperliquid.market.provider import HyperliquidMarket, StreamedMarket
from nof0_provider_hyperliquid.stream.live import MarketStream
from nof0_provider_hyperliquid.transport.budget import NetworkBudget, shared_budget
from nof0_provider_hyperliquid.transport.client import InfoClient, Patience


@asynccontextmanager
async def open_live_market(
    config: HyperliquidMarketConfig, env: Env
) -> AsyncIterator[HyperliquidMarket]:
    """Open the market of a section; the venue is first asked when somebody wants to know."""
    budget = await shared_budget(env, config.address)
    patience = Patience(
        request=config.request_within, retries=config.max_retries, room=config.timeout
    )
    client = InfoClient(config.address, budget=budget, patience=patience, env=env)
    stream = _stream(config, client, budget, env)
    try:
        if stream is None:
            yield HyperliquidMarket(client, dex=config.dex, budget=budget, env=env)
        else:
            yield StreamedMarket(client, dex=config.dex, budget=budget, env=env, stream=stream)
    finally:
        if stream is not None:
            stream.close()
        client.close()


def _stream(
    config: HyperliquidMarketConfig, client: InfoClient, budget: NetworkBudget, env: Env
) -> MarketStream | None:
    if not config.stream:
        return None

    def start() -> None:
        try:
            env.tasks.start("stream", stream.run)
        except RuntimeError as error:  # a command that looks once
            env.log.debug("the venue is polled", because=str(error))

    stream = MarketStream(
        section=env.section,
        base_url=config.address,
        clock=env.clock,
        rng=random.Random(env.rng.random()),
        log=env.log,
        budget=budget,
        fetch=partial(missing_bars, client),
        start=start,
        symbol=lambda coin: Symbol(coin.rpartition(":")[2]),
    )
    return stream
