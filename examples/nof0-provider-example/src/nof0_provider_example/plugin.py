"""What this distribution offers; the entry point in pyproject.toml names this module."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import attrs

from nof0_core import (
    BackendKind,
    Companion,
    Env,
    ExchangeKind,
    MarketRef,
    PolicyKind,
    ServiceKind,
    hookimpl,
    opt,
)
from nof0_core.domain.finding import Finding, FindingLevel
from nof0_core.protocols import (
    Allocator,
    ExchangeProvider,
    Exporter,
    LLMBackend,
    MarketProvider,
    RiskCheck,
)
from nof0_provider_example.account_file import AccountFile
from nof0_provider_example.exchange import ExampleExchange
from nof0_provider_example.favourite import Favourite
from nof0_provider_example.gross_exposure import GrossExposure
from nof0_provider_example.lines import Lines, LinesConfig
from nof0_provider_example.quiet_hours import QuietHours
from nof0_provider_example.recited import Recited, RecitedConfig
from nof0_provider_example.watching import watch
from nof0_provider_example.wave_market import Wave, WaveConfig

if TYPE_CHECKING:
    import click


@attrs.frozen(kw_only=True)
class ExampleConfig:
    """Section of exchange.yaml with `type: example`."""

    market: MarketRef = opt(default=MarketRef(""), help="market section that gives the prices")
    balance_usd: Decimal = opt(default=Decimal(10_000), unit="USD", gt=0, help="cash to begin with")
    fee_bps: Decimal = opt(default=Decimal(5), unit="bps", ge=0, help="fee of every fill")


@asynccontextmanager
async def open_example(config: ExampleConfig, env: Env) -> AsyncIterator[ExchangeProvider]:
    """Open the exchange; its account is in the section's own directory."""
    market = env.market(config.market)
    instruments = await market.instruments()
    with closing(AccountFile(env.data_dir / "account.jsonl")) as file:
        yield ExampleExchange(
            market=market,
            instruments=instruments,
            clock=env.clock,
            fee_bps=config.fee_bps,
            file=file,
            balance_usd=config.balance_usd,
        )


EXCHANGE: ExchangeKind[ExampleConfig] = ExchangeKind(
    type="example",
    config=ExampleConfig,
    open=open_example,
    summary="fills every order at the mark, in a file of its own (for learning)",
    taker_fee_bps=lambda config: config.fee_bps,
)

QUIET_HOURS: PolicyKind[QuietHours, RiskCheck] = PolicyKind(
    type="quiet_hours",
    config=QuietHours,
    build=lambda config: config,
    summary="no entries between two hours of the day, UTC",
)

GROSS_EXPOSURE: PolicyKind[GrossExposure, RiskCheck] = PolicyKind(
    type="gross_exposure",
    config=GrossExposure,
    build=lambda config: config,
    summary="all traders of a venue account together hold no more than so much on one side",
    sees_venue_account=True,
)


@asynccontextmanager
async def open_wave(config: WaveConfig, env: Env) -> AsyncIterator[MarketProvider]:
    """Open the market; there is nothing to connect to."""
    yield Wave(config=config, clock=env.clock)


@asynccontextmanager
async def open_recited(config: RecitedConfig, env: Env) -> AsyncIterator[LLMBackend]:
    """Open the model."""
    del env
    yield Recited(answer=config.answer)


@asynccontextmanager
async def open_lines(config: LinesConfig, env: Env) -> AsyncIterator[Exporter]:
    """Open the file in the section's own directory."""
    del config
    env.data_dir.mkdir(parents=True, exist_ok=True)
    path = env.data_dir / "lines.txt"
    # Unbuffered: a line is one write, and nothing waits in the process.
    with path.open("r+b" if path.exists() else "w+b", buffering=0) as file:
        yield Lines(file)


def wave_faults(config: WaveConfig) -> list[str]:
    """Say what is wrong with the settings together."""
    if config.period > timedelta(days=config.days):
        return ["period is longer than the wave: make days larger, or period shorter"]
    return []


async def check_wave(config: WaveConfig, env: Env) -> list[Finding]:
    """Look whether the coins that traders use are there; a venue would be asked now."""
    there = await Wave(config=config, clock=env.clock).instruments()
    lacking = [symbol for symbol in env.symbols if symbol not in there]
    if lacking:
        sentence = f"there is no {', '.join(lacking)}, only {', '.join(there)}"
        return [Finding(level=FindingLevel.PROBLEM, sentence=sentence)]
    return [Finding(level=FindingLevel.OK, sentence=f"{', '.join(there)} swings")]


WAVE: ServiceKind[WaveConfig, MarketProvider] = ServiceKind(
    type="wave",
    config=WaveConfig,
    open=open_wave,
    summary="one coin that swings around a level, made up",
    is_recorded=lambda _: True,
    validate=wave_faults,
    check_online=check_wave,
)

RECITED: BackendKind[RecitedConfig] = BackendKind(
    type="recited",
    config=RecitedConfig,
    open=open_recited,
    summary="a text of the configuration, whatever is asked",
    reads_prompt=False,
)

LINES: ServiceKind[LinesConfig, Exporter] = ServiceKind(
    type="lines",
    config=LinesConfig,
    open=open_lines,
    summary="a line of text for each event, in a file",
)

FAVOURITE: PolicyKind[Favourite, Allocator] = PolicyKind(
    type="favourite",
    config=Favourite,
    build=lambda config: config,
    summary="most for whoever earned most",
)


@hookimpl
def nof0_exchange_providers() -> list[ExchangeKind[ExampleConfig]]:
    """Offer `type: example` in exchange.yaml."""
    return [EXCHANGE]


@hookimpl
def nof0_risk_checks() -> list[PolicyKind[Any, RiskCheck]]:
    """Offer `type: quiet_hours` and `type: gross_exposure` under risk_checks."""
    return [QUIET_HOURS, GROSS_EXPOSURE]


@hookimpl
def nof0_market_providers() -> list[ServiceKind[WaveConfig, MarketProvider]]:
    """Offer `type: wave` in market.yaml."""
    return [WAVE]


@hookimpl
def nof0_llm_backends() -> list[BackendKind[RecitedConfig]]:
    """Offer `type: recited` under backends in llm.yaml."""
    return [RECITED]


@hookimpl
def nof0_exporters() -> list[ServiceKind[LinesConfig, Exporter]]:
    """Offer `type: lines` under Exporters."""
    return [LINES]


@hookimpl
def nof0_allocators() -> list[PolicyKind[Favourite, Allocator]]:
    """Offer `favourite` as an allocation_strategy."""
    return [FAVOURITE]


@hookimpl
def nof0_commands(cli: click.Group) -> None:
    """Add `nof0 peek`."""
    from nof0_provider_example.commands import peek

    cli.add_command(peek)


@hookimpl
def nof0_companions() -> list[Companion]:
    """Offer `nof0 run --with watch`."""
    return [Companion(name="watch", summary="says who is behind at the end", open=watch)]
