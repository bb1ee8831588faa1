"""How plugins use the public names; checked by mypy, never run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal

import attrs

from nof0_core import (
    BackendKind,
    BackendRef,
    Companion,
    CompanionEnv,
    Env,
    ExchangeKind,
    MarketRef,
    PolicyKind,
    ServiceKind,
    hookimpl,
    opt,
)
from nof0_core.domain.decision import ALLOW, Decision, Verdict
from nof0_core.domain.event import Event
from nof0_core.domain.view import View
from nof0_core.protocols import ExchangeProvider, Exporter, LLMBackend, RiskCheck, RiskContext


@attrs.frozen(kw_only=True)
class PrinterConfig:
    """Section of an exporter."""

    prefix: str = opt(default="")
    market: MarketRef = MarketRef("")
    backend: BackendRef = opt(default=BackendRef(""))


class Printer:
    """An exporter without a base class."""

    async def cursor(self) -> int:
        """Begin at the beginning."""
        return 0

    async def export(self, events: Sequence[Event], view: View) -> None:
        """Take events."""


@asynccontextmanager
async def open_printer(config: PrinterConfig, env: Env) -> AsyncIterator[Exporter]:
    """Open it."""
    env.log.info(config.prefix, section=env.section)
    yield Printer()


@attrs.frozen(kw_only=True)
class Anything:
    """A check that is its own config."""

    def check(self, decision: Decision, context: RiskContext) -> Verdict:
        """Allow."""
        return ALLOW


@hookimpl
def nof0_exporters() -> list[ServiceKind[PrinterConfig, Exporter]]:
    """Offer the exporter."""
    return [ServiceKind(type="printer", config=PrinterConfig, open=open_printer, summary="prints")]


@hookimpl
def nof0_risk_checks() -> list[PolicyKind[Anything, RiskCheck]]:
    """Offer the check."""
    return [PolicyKind(type="anything", config=Anything, build=lambda c: c, summary="allows all")]


@asynccontextmanager
async def open_backend(config: PrinterConfig, env: Env) -> AsyncIterator[LLMBackend]:
    """Open it."""
    yield env.backend(config.backend)


def open_exchange(config: PrinterConfig, env: Env) -> AbstractAsyncContextManager[ExchangeProvider]:
    """Open it."""
    raise NotImplementedError


BACKEND: BackendKind[PrinterConfig] = BackendKind(
    type="x", config=PrinterConfig, open=open_backend, summary="", is_baseline=True
)
EXCHANGE: ExchangeKind[PrinterConfig] = ExchangeKind(
    type="x",
    config=PrinterConfig,
    open=open_exchange,
    summary="",
    taker_fee_bps=lambda config: Decimal(len(config.prefix)),
)
_NOT_A_BACKEND: BackendKind[PrinterConfig] = BackendKind(
    type="x",
    config=PrinterConfig,
    open=open_printer,  # type: ignore[arg-type]  # must be refused
    summary="",
)


@asynccontextmanager
async def beside(env: CompanionEnv) -> AsyncIterator[None]:
    """Run beside an engine."""
    env.say(f"{env.lag()} {[str(plugin) for plugin in env.catalog.plugins]}")
    yield


@hookimpl
def nof0_companions() -> list[Companion]:
    """Offer the companion."""
    return [Companion(name="beside", summary="says who is there", open=beside)]


class Wrong:
    """Not a check: what it returns is no verdict."""

    def check(self, decision: Decision, context: RiskContext) -> bool:
        """Allow."""
        return True


_not_a_check: RiskCheck = Wrong()  # type: ignore[assignment]  # must be refused
