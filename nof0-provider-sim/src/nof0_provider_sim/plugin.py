"""Entry point: what this package offers to nof0. Light to import; services load when opened."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from nof0_core.plugins.env import Env
from nof0_core.plugins.hookspecs import hookimpl
from nof0_core.plugins.kinds import ExchangeKind, ServiceKind
from nof0_core.protocols import ExchangeProvider, MarketProvider
from nof0_provider_sim.config import SimExchangeConfig, SimMarketConfig

if TYPE_CHECKING:
    from nof0_core.domain.outlook import MarketOutlook


@asynccontextmanager
async def open_market(config: SimMarketConfig, env: Env) -> AsyncIterator[MarketProvider]:
    """Load or make the candles and serve them under the clock of `env`.

    Raises:
        DataError: for files that are missing, unreadable or contradict themselves.
    """
    from anyio import to_thread

    from nof0_provider_sim.market.opening import load_market

    # Parsing and checking takes a good part of a second: not on the event loop.
    yield await to_thread.run_sync(load_market, config, env)


def outlook(config: SimMarketConfig) -> MarketOutlook:
    """Tell what the market will have, from its files.

    Raises:
        DataError: as `open_market`.
    """
    from nof0_provider_sim.market.opening import foreseen

    return foreseen(config)


@asynccontextmanager
async def open_exchange(config: SimExchangeConfig, env: Env) -> AsyncIterator[ExchangeProvider]:
    """Open the paper account kept in the data directory of `env`, or a new one.

    Raises:
        ProviderError: if the account's file cannot be used.
    """
    from nof0_provider_sim.exchange.opening import open_paper_exchange

    async with open_paper_exchange(config, env) as exchange:
        yield exchange


def taker_fee_bps(config: SimExchangeConfig) -> Decimal:
    """Return the fee of an account that has not traded yet, after discounts."""
    from nof0_provider_sim.exchange.fees import Turnover, fees_of

    return fees_of(config).rate_bps(Turnover(), 0, is_taker=True)


@hookimpl
def nof0_market_providers() -> list[ServiceKind[Any, MarketProvider]]:
    """Offer the simulated market."""
    return [
        ServiceKind(
            type="sim",
            config=SimMarketConfig,
            open=open_market,
            summary="recorded or synthetic candles under any clock",
            is_recorded=lambda _: True,
            foresee=outlook,
        )
    ]


@hookimpl
def nof0_exchange_providers() -> list[ExchangeKind[Any]]:
    """Offer the paper exchange."""
    return [
        ExchangeKind(
            type="sim",
            config=SimExchangeConfig,
            open=open_exchange,
            summary="paper exchange with fees, slippage, latency, triggers, funding",
            taker_fee_bps=taker_fee_bps,
            initial_balance_usd=lambda config: config.initial_balance_usd,
        )
    ]
