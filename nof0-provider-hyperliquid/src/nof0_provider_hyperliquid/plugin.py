"""Entry point: what this package offers to nof0. Light to import; services load when opened."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from importlib import import_module
from typing import TYPE_CHECKING, Any

from nof0_core.plugins.env import Env
from nof0_core.plugins.hookspecs import hookimpl
from nof0_core.plugins.kinds import BackendKind, ExchangeKind, ServiceKind
from nof0_provider_hyperliquid.config import (
    HyperliquidExchangeConfig,
    HyperliquidMarketConfig,
    exchange_faults,
    faults,
)
from nof0_provider_hyperliquid.online.stakes import account_name, identity, stake
from nof0_provider_hyperliquid.rehearse.settings import REHEARSAL, RehearsalModelConfig

if TYPE_CHECKING:
    import click

    from nof0_core.domain.finding import Finding
    from nof0_core.protocols import ExchangeProvider, LLMBackend, MarketProvider

TAKER_BPS = Decimal("4.5")
"""Fee of an account that has not traded yet (Hyperliquid, "Fees")."""
BUILDER_TIMES = 2
"""How many times that a dex of a builder takes."""


async def _loaded(name: str) -> Any:
    """Import a module off the event loop: the SDK and what signs take a second or more."""
    from anyio import to_thread

    return await to_thread.run_sync(import_module, name)


@asynccontextmanager
async def open_market(config: HyperliquidMarketConfig, env: Env) -> AsyncIterator[MarketProvider]:
    """Open the venue's market; nothing is asked before somebody wants to know."""
    opening = await _loaded("nof0_provider_hyperliquid.market.opening")
    async with opening.open_live_market(config, env) as market:
        yield market


async def look_around(config: HyperliquidMarketConfig, env: Env) -> Sequence[Finding]:
    """Tell whether the venue answers, its clock, its dex and the coins that are traded."""
    from nof0_provider_hyperliquid.market.online import findings

    return await findings(config, env)


@asynccontextmanager
async def open_exchange(
    config: HyperliquidExchangeConfig, env: Env
) -> AsyncIterator[ExchangeProvider]:
    """Open the account of a section; nothing is sent before the engine wants it.

    Raises:
        ProviderError: the record of what was sent cannot be read.
    """
    opening = await _loaded("nof0_provider_hyperliquid.exchange.opening")
    async with opening.open_live_exchange(config, env) as exchange:
        yield exchange


async def look_at_account(config: HyperliquidExchangeConfig, env: Env) -> Sequence[Finding]:
    """Tell whether key, addresses, network, mode, clock and coins are what a run needs."""
    from nof0_provider_hyperliquid.online.exchange import findings

    return await findings(config, env)


@asynccontextmanager
async def open_rehearsal_model(config: RehearsalModelConfig, env: Env) -> AsyncIterator[LLMBackend]:
    """Make the model that decides in rehearsals."""
    from nof0_provider_hyperliquid.rehearse.model import RehearsalModel

    del env
    yield RehearsalModel(config)


def taker_fee_bps(config: HyperliquidExchangeConfig) -> Decimal:
    """Return what an account pays that has not traded yet."""
    return TAKER_BPS * BUILDER_TIMES if config.dex else TAKER_BPS


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


@hookimpl
def nof0_exchange_providers() -> list[ExchangeKind[Any]]:
    """Offer the account at the venue."""
    return [
        ExchangeKind(
            type="hyperliquid",
            config=HyperliquidExchangeConfig,
            open=open_exchange,
            summary="an account at Hyperliquid or its testnet, stops and targets at the venue",
            timeout=lambda config: config.timeout,
            taker_fee_bps=taker_fee_bps,
            validate=exchange_faults,
            check_online=look_at_account,
            stake=stake,
            account=account_name,
            rehearsal=REHEARSAL,
            identity=identity,
        )
    ]


REHEARSAL_MODEL: BackendKind[RehearsalModelConfig] = BackendKind(
    type="rehearsal",
    config=RehearsalModelConfig,
    open=open_rehearsal_model,
    summary="enters and leaves in turn: who decides in `nof0 rehearse`",
    reads_prompt=False,
    is_baseline=True,
)


@hookimpl
def nof0_llm_backends() -> list[BackendKind[Any]]:
    """Offer who decides in rehearsals."""
    return [REHEARSAL_MODEL]


@hookimpl
def nof0_commands(cli: click.Group) -> None:
    """Add `nof0 rehearse`."""
    from nof0_provider_hyperliquid.rehearse.commands import rehearse

    cli.add_command(rehearse)
