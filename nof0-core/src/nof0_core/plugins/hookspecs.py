"""The hooks of plugin API v1.

A plugin is a module with functions marked `@hookimpl`, named by an entry point in the group
`nof0.v1`. Each is called with the arguments it names: a plugin may leave out what it does not need,
and a hook that gets a further argument breaks nobody.

Hooks that offer something are called once, while plugins load; they are synchronous and do no I/O.
A plugin whose hook raises, or returns no list, has failed to load: it is told with hook, file and
line, and stops a run only if the configuration needs it. An offer that breaks the contract, or that
another plugin makes too, is a start-up error (`PluginError`, `DuplicateKindError`) with all that is
wrong.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import pluggy

from nof0_core.plugins.companion import Companion
from nof0_core.plugins.kinds import BackendKind, ExchangeKind, PolicyKind, ServiceKind

if TYPE_CHECKING:
    import click

    from nof0_core.protocols import Allocator, Exporter, MarketProvider, RiskCheck

PROJECT = "nof0"
GROUP = "nof0.v1"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class ProviderSpecs:
    """Hooks that contribute places to get prices from and to trade on."""

    @hookspec
    def nof0_market_providers(self) -> Iterable[ServiceKind[Any, MarketProvider]]:
        """Offer market providers, for sections of market.yaml.

        Called once, while plugins load; takes no arguments.

        Returns:
            Kinds whose `type` no other plugin offers for markets; empty for none. Their `open`
            yields a `MarketProvider`.

        Raises:
            Exception: any; the plugin has failed to load.
        """
        raise NotImplementedError

    @hookspec
    def nof0_exchange_providers(self) -> Iterable[ExchangeKind[Any]]:
        """Offer exchange providers, for sections of exchange.yaml.

        Called once, while plugins load; takes no arguments.

        Returns:
            Kinds whose `type` no other plugin offers for exchanges; empty for none. Their `open`
            yields an `ExchangeProvider`.

        Raises:
            Exception: any; the plugin has failed to load.
        """
        raise NotImplementedError


class BackendSpecs:
    """Hooks that contribute backends, which answer for models."""

    @hookspec
    def nof0_llm_backends(self) -> Iterable[BackendKind[Any]]:
        """Offer LLM backends, for `backends` in llm.yaml.

        Called once, while plugins load; takes no arguments.

        Returns:
            Kinds whose `type` no other plugin offers for backends; empty for none. Their `open`
            yields an `LLMBackend`.

        Raises:
            Exception: any; the plugin has failed to load.
        """
        raise NotImplementedError


class OutputSpecs:
    """Hooks that contribute places to export to."""

    @hookspec
    def nof0_exporters(self) -> Iterable[ServiceKind[Any, Exporter]]:
        """Offer exporters, for `Exporters` in the main file.

        Called once, while plugins load; takes no arguments.

        Returns:
            Kinds whose `type` no other plugin offers for exporters; empty for none. Their `open`
            yields an `Exporter`.

        Raises:
            Exception: any; the plugin has failed to load.
        """
        raise NotImplementedError


class PolicySpecs:
    """Hooks that contribute pure rules."""

    @hookspec
    def nof0_risk_checks(self) -> Iterable[PolicyKind[Any, RiskCheck]]:
        """Offer risk checks, for `risk_checks` of a trader.

        Called once, while plugins load; takes no arguments.

        Returns:
            Kinds whose `type` no other plugin offers for risk checks; empty for none. Their `build`
            returns a `RiskCheck`.

        Raises:
            Exception: any; the plugin has failed to load.
        """
        raise NotImplementedError

    @hookspec
    def nof0_allocators(self) -> Iterable[PolicyKind[Any, Allocator]]:
        """Offer allocation strategies, for `allocation_strategy` in manager.yaml.

        Called once, while plugins load; takes no arguments.

        Returns:
            Kinds whose `type` no other plugin offers for allocation strategies; empty for none.
            Their `build` returns an `Allocator`.

        Raises:
            Exception: any; the plugin has failed to load.
        """
        raise NotImplementedError


class CommandSpecs:
    """Hooks that extend the command line."""

    @hookspec
    def nof0_commands(self, cli: click.Group) -> None:
        """Add commands to `nof0`.

        Called when the command line lists its commands or is given one that core does not have, not
        while plugins load. Only plugins whose module mentions the hook are imported for that, so it
        must stand in the module the entry point names. Import heavy modules inside the commands.

        Args:
            cli: the group to add click commands to. A name that is taken raises `ValueError`.

        Returns:
            Nothing; what is returned is not looked at.

        Raises:
            Exception: any; the help text says that this plugin's commands are not there, and why.
        """

    @hookspec
    def nof0_companions(self) -> Iterable[Companion]:
        """Offer what `nof0 run --with NAME` runs beside the engine in one process.

        Called once, while plugins load; takes no arguments.

        Returns:
            Companions whose `name` no other plugin offers; empty for none.

        Raises:
            Exception: any; the plugin has failed to load.
        """
        raise NotImplementedError


SPECS = (ProviderSpecs, BackendSpecs, OutputSpecs, PolicySpecs, CommandSpecs)
