"""Arguments and options that several commands share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from nof0_core.cli.run_argument import OPTION, RunArgument
from nof0_core.errors import UsageError
from nof0_core.files import no_directory

F = TypeVar("F", bound=Callable[..., Any])

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
"""`--json`, passed as `as_json: bool`."""

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep journal, state and exported files here instead of where CONFIG says.",
)
"""`--data-dir DIR` of a command that may make it, passed as `data_dir: Path | None`."""

_config_option = click.option(
    "-c",
    "--config",
    OPTION,
    metavar="CONFIG",
    expose_value=False,
    help="Names CONFIG too. Default: NOF0_CONFIG of the environment, else etc/nof0.yaml.",
)


def config_argument(function: F) -> F:
    """Add CONFIG, the main file or a directory with it; passed as `config_file: Path`.

    It may be left out; that the file can be read is checked by who reads it. Stands above the
    other arguments of the command.
    """
    return click.argument("config_file", cls=RunArgument, metavar="[CONFIG]")(
        _config_option(function)
    )


def run_argument(function: F) -> F:
    """Add CONFIG and `--data-dir` for commands that look at a run.

    Passed as `config_file: Path` and `data_dir: Path | None`. A data directory may stand in the
    place of CONFIG; one that is not there is refused.
    """
    data_dir = click.option(
        "--data-dir",
        type=click.Path(path_type=Path),
        callback=_existing,
        help="What the run was given as --data-dir.",
    )
    return click.argument("config_file", cls=RunArgument, metavar="[CONFIG|DIR]", reads_data=True)(
        _config_option(data_dir(function))
    )


def _existing(ctx: click.Context, _: click.Parameter, data_dir: Path | None) -> Path | None:
    """Refuse a directory that is not there: what is looked for in it would seem to be empty."""
    if data_dir is None or ctx.resilient_parsing:
        return data_dir
    fault = no_directory(data_dir)
    if fault or not data_dir.is_dir():
        message = f"there is no data directory {data_dir}" + (f": {fault}" if fault else "")
        raise UsageError(message, hints=("give the one the engine works on; nothing was done",))
    return data_dir
