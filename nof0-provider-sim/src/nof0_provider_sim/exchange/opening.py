"""Opening a `type: sim` exchange section."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import localcontext

from nof0_core.money import EXACT
from nof0_core.plugins.env import Env
from nof0_provider_sim.config import SimExchangeConfig
from nof0_provider_sim.exchange.execution import Execution
from nof0_provider_sim.exchange.feed import feed_for
from nof0_provider_sim.exchange.latency import Latency
from nof0_provider_sim.exchange.matching import Terms
from nof0_provider_sim.exchange.provider import SimExchange
from nof0_provider_sim.exchange.store import open_store
from nof0_provider_sim.exchange.venue import Venue


@asynccontextmanager
async def open_paper_exchange(config: SimExchangeConfig, env: Env) -> AsyncIterator[SimExchange]:
    """Open the account in the section's data directory; a new one if there is none.

    Raises:
        ProviderError: if the account's file cannot be used.
    """
    market = env.market(config.market)
    instruments = await market.instruments()
    feed = feed_for(market)
    with localcontext(EXACT):
        store, state = open_store(env.data_dir, config.initial_balance_usd)
    try:
        execution = Execution(
            state=state,
            feed=feed,
            instruments=instruments,
            terms=Terms(
                taker_fee_bps=config.taker_fee_bps,
                maker_fee_bps=config.maker_fee_bps,
                slippage_bps=config.slippage_bps,
            ),
        )
        venue = Venue(
            execution=execution,
            feed=feed,
            instruments=instruments,
            default_rate=config.default_funding_rate,
            log=env.log,
        )
        seed = env.rng.getrandbits(64) if config.seed is None else config.seed
        yield SimExchange(
            section=env.section,
            clock=env.clock,
            feed=feed,
            execution=execution,
            venue=venue,
            store=store,
            instruments=instruments,
            latency=Latency(median=config.latency, sigma=config.latency_sigma, seed=seed),
        )
    finally:
        store.close()
