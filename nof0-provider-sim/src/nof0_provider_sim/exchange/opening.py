"""Opening a `type: sim` exchange section."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import localcontext

from nof0_core.money import EXACT, HUNDRED
from nof0_core.plugins.env import Env
from nof0_provider_sim.config import FaultRules, SimExchangeConfig
from nof0_provider_sim.exchange.depth import load_depth
from nof0_provider_sim.exchange.execution import Execution
from nof0_provider_sim.exchange.faults import Fault, Faults
from nof0_provider_sim.exchange.faulty import FaultyExchange
from nof0_provider_sim.exchange.feed import feed_for
from nof0_provider_sim.exchange.fees import fees_of
from nof0_provider_sim.exchange.founding import found_anew
from nof0_provider_sim.exchange.history import MONTH_AT_HAND
from nof0_provider_sim.exchange.impact import Impact
from nof0_provider_sim.exchange.latency import Latency
from nof0_provider_sim.exchange.liquidity import Liquidity
from nof0_provider_sim.exchange.matching import Slippage
from nof0_provider_sim.exchange.provider import SimExchange
from nof0_provider_sim.exchange.queueing import Queue
from nof0_provider_sim.exchange.state import VenueState
from nof0_provider_sim.exchange.store import FILE_NAME, NoStore, Store, open_store
from nof0_provider_sim.exchange.venue import Venue


@asynccontextmanager
async def open_paper_exchange(
    config: SimExchangeConfig, env: Env
) -> AsyncIterator[SimExchange | FaultyExchange]:
    """Open the account in the section's data directory; a new one if there is none, or none lasts.

    Raises:
        ProviderError: if the account's file cannot be used.
        DataError: if the file of order books cannot be used.
    """
    market = env.market(config.market)
    instruments = await market.instruments()
    seed = env.rng.getrandbits(64) if config.seed is None else config.seed
    faults = _faults(config.faults, seed)
    feed = feed_for(
        market,
        book_max_age_ms=config.book_max_age // timedelta(milliseconds=1),
        is_stale=faults.is_stale if faults.has(Fault.STALE_MARK) else None,
        log=env.log,
    )
    # A file of a few lines.
    depth = None if config.depth is None else load_depth(config.depth)
    with localcontext(EXACT):
        if env.restored is not None:
            path = env.data_dir / FILE_NAME
            found_anew(path, config.initial_balance_usd, env.restored)
            env.log.warning("the paper account was founded anew on the ledger", file=str(path))
        store, state = _account(config, env)
    try:
        liquidity = Liquidity(
            state=state,
            feed=feed,
            instruments=instruments,
            slippage=Slippage(bps=config.slippage_bps, by_coin=config.slippage_by_coin),
            impact=Impact(
                major_bps=config.impact.major_bps,
                other_bps=config.impact.other_bps,
                majors=frozenset(config.impact.major_coins),
                coins=config.impact.coins,
            ),
            depth=depth,
            max_volume=EXACT.divide(config.max_volume_pct, HUNDRED),
        )
        execution = Execution(
            state=state,
            feed=feed,
            instruments=instruments,
            fees=fees_of(config),
            liquidity=liquidity,
        )
        venue = Venue(
            execution=execution,
            feed=feed,
            instruments=instruments,
            default_rate=config.default_funding_rate,
            oracle_band=EXACT.divide(config.oracle_band_pct, HUNDRED),
            is_served=Queue(probability=config.queue_probability, seed=seed).serves,
            faults=faults,
            log=env.log,
        )
        exchange = SimExchange(
            section=env.section,
            clock=env.clock,
            feed=feed,
            execution=execution,
            venue=venue,
            store=store,
            instruments=instruments,
            latency=Latency(median=config.latency, sigma=config.latency_sigma, seed=seed),
        )
        yield FaultyExchange(exchange, faults, env.section) if faults.has_any else exchange
    finally:
        store.close()


def _account(config: SimExchangeConfig, env: Env) -> tuple[Store | NoStore, VenueState]:
    if not env.is_lasting:
        return NoStore(), VenueState(config.initial_balance_usd, at_most=MONTH_AT_HAND)
    return open_store(env.data_dir, config.initial_balance_usd, env.log)


def _faults(rules: FaultRules, seed: int) -> Faults:
    script: defaultdict[Fault, set[int]] = defaultdict(set)
    for entry in rules.script:
        script[Fault(entry.fault)].add(entry.nth)
    return Faults(
        probabilities={fault: getattr(rules, fault.value) for fault in Fault},
        script=script,
        seed=seed,
    )
