"""What this package offers to nof0. Everything heavy is imported when it is used."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING

from nof0_core.plugins.companion import Companion, CompanionEnv
from nof0_core.plugins.hookspecs import hookimpl

if TYPE_CHECKING:
    import click


@hookimpl
def nof0_commands(cli: click.Group) -> None:
    """Add `nof0 serve`."""
    from nof0_api.commands import serve

    cli.add_command(serve)


@hookimpl
def nof0_companions() -> Iterable[Companion]:
    """Offer what `nof0 run --serve` runs beside the engine."""
    return [Companion(name="serve", summary="HTTP API and dashboard", open=_open)]


def _open(env: CompanionEnv) -> AbstractAsyncContextManager[object]:
    from nof0_api.opening import open_beside

    return open_beside(env)
