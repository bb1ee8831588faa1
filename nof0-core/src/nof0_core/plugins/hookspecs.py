"""The hooks of plugin API v1.

A plugin is a module with functions marked `@hookimpl`, named by an entry point in the group
`nof0.v1`. Hooks are called once, while plugins load; they are synchronous and do no I/O. An
implementation returns an iterable of kinds whose `type` no other plugin offers in that family: a
duplicate is a start-up error that names both distributions.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pluggy

from nof0_core.plugins.companion import Companion
from nof0_core.plugins.kinds import PolicyKind, ServiceKind

if TYPE_CHECKING:
    import click

    from nof0_core.protocols import (
        Allocator,
        ExchangeProvider,
        Exporter,
        LLMBackend,
        MarketProvider,
        RiskCheck,
    )

PROJECT = "nof0"
GROUP = "nof0.v1"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class ProviderSpecs:
    """Hooks that contribute places to get prices from and to trade on."""

    @hookspec
    def nof0_market_providers(self) -> Iterable[ServiceKind[Any, MarketProvider]]:
        """Offer market providers."""
        raise NotImplementedError

    @hookspec
    def nof0_exchange_providers(self) -> Iterable[ServiceKind[Any, ExchangeProvider]]:
        """Offer exchange providers."""
        raise NotImplementedError


class ModelSpecs:
    """Hooks that contribute models."""

    @hookspec
    def nof0_llm_backends(self) -> Iterable[ServiceKind[Any, LLMBackend]]:
        """Offer LLM backends."""
        raise NotImplementedError


class OutputSpecs:
    """Hooks that contribute places to export to."""

    @hookspec
    def nof0_exporters(self) -> Iterable[ServiceKind[Any, Exporter]]:
        """Offer exporters."""
        raise NotImplementedError


class PolicySpecs:
    """Hooks that contribute pure rules."""

    @hookspec
    def nof0_risk_checks(self) -> Iterable[PolicyKind[Any, RiskCheck]]:
        """Offer risk checks."""
        raise NotImplementedError

    @hookspec
    def nof0_allocators(self) -> Iterable[PolicyKind[Any, Allocator]]:
        """Offer allocation strategies."""
        raise NotImplementedError


class CommandSpecs:
    """Hooks that extend the command line."""

    @hookspec
    def nof0_commands(self, cli: click.Group) -> None:
        """Add click commands to `cli`; import heavy modules inside the commands only."""

    @hookspec
    def nof0_companions(self) -> Iterable[Companion]:
        """Offer what may run beside the engine in one process."""
        raise NotImplementedError


SPECS = (ProviderSpecs, ModelSpecs, OutputSpecs, PolicySpecs, CommandSpecs)
