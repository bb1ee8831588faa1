"""`nof0 resume`: the end of a halt."""

from __future__ import annotations

from pathlib import Path

import click

from nof0_core.cli.options import json_option, run_argument


@click.command()
@run_argument
@json_option
def resume(config_file: Path, data_dir: Path | None, *, as_json: bool) -> None:
    """End what `nof0 halt` began.

    Other brakes (pauses, losses) stay as they are. With --data-dir, CONFIG is not read.
    """
    from nof0_core.cli.output import print_json
    from nof0_core.manager.requests import HaltSwitch
    from nof0_core.project import data_directory

    lifted = HaltSwitch(data_directory(config_file, data_dir)).lift()
    if as_json:
        print_json({"halted": False, "was_halted": lifted})
        return
    click.echo("the halt is over" if lifted else "there was no halt")
