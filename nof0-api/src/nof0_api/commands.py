"""`nof0 serve`: API and dashboard over the files of a run, or its database."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nof0_core.cli.options import run_argument

if TYPE_CHECKING:
    from nof0_core.project import ServingConfig

_INTERRUPTED = 130


@click.command()
@run_argument
@click.option("--host", help="Address to listen on instead of the configured one.")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port instead of the configured one; 0: any free."
)
@click.option(
    "--source",
    type=click.Choice(["files", "database"]),
    default="files",
    show_default=True,
    help="Where the data is: the files in DataPath, or the database of the first `sql` exporter.",
)
@click.option(
    "--engine",
    metavar="NAME",
    help="Whose data of the database instead of the configured Name's: import:NAME for imported "
    "files.",
)
def serve(
    config_file: Path,
    host: str | None,
    port: int | None,
    data_dir: Path | None,
    source: str,
    engine: str | None,
) -> None:
    """Serve API and dashboard of a run, running or over, until Ctrl-C.

    Needs no key of a model or an exchange, and changes nothing.
    """
    import anyio
    import attrs

    from nof0_core.project import load_serving

    if engine is not None and source != "database":
        message = "--engine chooses among the engines of a database: add --source database"
        raise click.UsageError(message)
    config = load_serving(config_file, data_dir=data_dir, from_database=source == "database")
    if engine is not None and config.database is not None:
        config = attrs.evolve(config, database=attrs.evolve(config.database, engine=engine))
    config = attrs.evolve(
        config, host=host or config.host, port=config.port if port is None else port
    )
    anyio.run(_serve, config)
    raise SystemExit(_INTERRUPTED)


async def _serve(config: ServingConfig) -> None:
    import anyio
    import anyio.to_thread

    from nof0_api.opening import open_server

    async with (
        open_server(config, log=TerminalLog(), say=click.echo) as running,
        anyio.create_task_group() as tasks,
    ):

        async def stop_on_signal() -> None:
            with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
                async for _ in signals:
                    tasks.cancel_scope.cancel()

        tasks.start_soon(stop_on_signal)
        # The thread ends before it is told to only by a fault of its own.
        await anyio.to_thread.run_sync(running.thread.join, abandon_on_cancel=True)
        message = "the HTTP server has stopped by itself"
        raise RuntimeError(message)


class TerminalLog:
    """Shows warnings and errors to whoever started the command."""

    def debug(self, event: str, **values: object) -> None:
        """Say nothing."""

    def info(self, event: str, **values: object) -> None:
        """Say nothing."""

    def warning(self, event: str, **values: object) -> None:
        """Show a line."""
        _show("warning", event, values)

    def error(self, event: str, **values: object) -> None:
        """Show a line."""
        _show("error", event, values)


def _show(level: str, event: str, values: dict[str, object]) -> None:
    rest = " ".join(f"{name}={value}" for name, value in values.items())
    click.echo(f"{level}: {event}  {rest}".rstrip(), err=True)
