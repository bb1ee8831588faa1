"""Entry point: what this package offers to nof0. Light to import; services load when opened."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from nof0_core.plugins.env import Env
from nof0_core.plugins.hookspecs import hookimpl
from nof0_core.plugins.kinds import ServiceKind
from nof0_core.protocols import MarketProvider
from nof0_provider_hyperliquid.config import HyperliquidMarketConfig, faults

if TYPE_CHECKING:
    from nof0_core.domain.finding import Finding


@asynccontextmanager
async def open_market(config: HyperliquidMarketConfig, env: Env) -> AsyncIterator[MarketProvider]:
    """Open the venue's market; nothing is asked before somebody wants to know."""
    from nof0_provider_hyperliquid.market.opening import open_live_market

    async with open_live_market(config, env) as market:
        yield market


async def look_around(config: HyperliquidMarketConfig, env: Env) -> Sequence[Finding]:
    """Tell whether the venue answers, its clock, its dex and the coins that are traded."""
    from nof0_provider_hyperliquid.market.online import findings

    return await findings(config, env)


@hookimpl
def nof0_market_providers() -> list[ServiceKind[Any, MarketProvider]]:
    """Offer the live market."""
    return [
        ServiceKind(
            type="hyperliquid",
            config=HyperliquidMarketConfig,
            open=open_market,
            summary="live prices of Hyperliquid perpetuals, of its dexes and of its testnet",
            timeout=lambda config: config.timeout,
            is_recorded=lambda _: False,
            validate=faults,
            check_online=look_around,
        )
    ]
