"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

config_argument = click.argument(
    "config_file", metavar="CONFIG", type=click.Path(path_type=Path, dir_okay=False)
)
"""CONFIG, the main file; passed as `config_file: Path`. That it exists is checked by `load`."""

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
"""`--json`, passed as `as_json: bool`."""

data_dir_option = click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep journal, state and exported files here instead of where CONFIG says.",
)
"""`--data-dir DIR`, passed as `data_dir: Path | None`."""

source_argument = click.argument(
    "source", type=click.Path(exists=True, path_type=Path), metavar="CONFIG|DIR"
)
"""CONFIG|DIR, the main file of a run or its data directory; passed as `source: Path`."""
