"""`nof0 plugins`: what is installed, what it offers, what did not load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from nof0_core.cli.options import json_option
from nof0_core.cli.output import columns, print_json

if TYPE_CHECKING:
    from nof0_core.plugins import PluginRegistry


@click.command()
@json_option
def plugins(*, as_json: bool) -> None:
    """List plugins and what they offer.

    Exits with 1 if one of them failed to load.
    NOF0_PLUGINS (comma-separated distributions, empty for core only) loads only those;
    NOF0_DISABLE_PLUGINS leaves some out.
    """
    from nof0_core.plugins import load_plugins

    registry = load_plugins()
    if as_json:
        print_json(_facts(registry))
    else:
        _list(registry)
    if registry.failed:
        raise click.exceptions.Exit(1)


def _list(registry: PluginRegistry) -> None:
    for plugin in registry.plugins:
        click.echo(f"{plugin}   {plugin.module}")
        rows = [
            (noun, type_, summary)
            for noun, type_, summary, owner in _offers(registry)
            if owner == plugin.name
        ]
        click.echo("\n".join(columns(rows, indent="  ")) + ("\n" if rows else ""))
    for failed in registry.failed:
        click.echo(f"failed to load: {failed} — {failed.reason}")
    for name in sorted(registry.skipped):
        click.echo(f"switched off: {name}")


def _offers(registry: PluginRegistry) -> list[tuple[str, str, str, str]]:
    from nof0_core.plugins.families import FAMILIES

    kinds = [
        (family.noun, kind.type, kind.summary, registry.owner(family.name, kind.type).name)
        for family in FAMILIES.values()
        for kind in registry.kinds(family.name)
    ]
    companions = [
        ("companion", name, registry.companion(name).summary, owner.name)
        for name, owner in registry.companions.items()
    ]
    return kinds + companions


def _facts(registry: PluginRegistry) -> dict[str, Any]:
    from nof0_core.plugins.families import FAMILIES

    return {
        "plugins": [
            {
                "name": plugin.name,
                "distribution": plugin.distribution,
                "version": plugin.version,
                "module": plugin.module,
                "kinds": [
                    {"family": family, "type": kind.type, "summary": kind.summary}
                    for family in FAMILIES
                    for kind in registry.kinds(family)
                    if registry.owner(family, kind.type) == plugin
                ],
                "companions": [
                    {"name": name, "summary": registry.companion(name).summary}
                    for name, owner in registry.companions.items()
                    if owner == plugin
                ],
            }
            for plugin in registry.plugins
        ],
        "failed": [
            {"distribution": f.distribution, "version": f.version, "reason": f.reason}
            for f in registry.failed
        ],
        "switched_off": sorted(registry.skipped),
    }
