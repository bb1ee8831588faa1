"""What this distribution offers; the entry point in pyproject.toml names this module."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from decimal import Decimal
from typing import Any

import attrs

from nof0_core import Env, ExchangeKind, MarketRef, PolicyKind, hookimpl, opt
from nof0_core.protocols import ExchangeProvider, RiskCheck
from nof0_provider_example.account_file import AccountFile
from nof0_provider_example.exchange import ExampleExchange
from nof0_provider_example.gross_exposure import GrossExposure
from nof0_provider_example.quiet_hours import QuietHours


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


@hookimpl
def nof0_exchange_providers() -> list[ExchangeKind[ExampleConfig]]:
    """Offer `type: example` in exchange.yaml."""
    return [EXCHANGE]


@hookimpl
def nof0_risk_checks() -> list[PolicyKind[Any, RiskCheck]]:
    """Offer `type: quiet_hours` and `type: gross_exposure` under risk_checks."""
    return [QUIET_HOURS, GROSS_EXPOSURE]
