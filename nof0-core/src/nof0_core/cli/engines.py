"""`nof0 engines`: who runs with a database."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import anyio
import attrs
import click

from nof0_core.cli.options import config_argument, data_dir_option, json_option
from nof0_core.cli.told import Told

HEADS = ("engine", "state", "since", "seen", "lease", "accounts", "place")


@click.command()
@config_argument
@data_dir_option
@json_option
def engines(config_file: Path, data_dir: Path | None, *, as_json: bool) -> None:
    """List the engines that use a database, and the accounts they hold.

    All times are the database's. An engine that runs was seen in the last 20 seconds.
    """
    from nof0_core.cli.output import columns, print_json
    from nof0_core.project.database import named_database
    from nof0_core.project.engines import known_engines

    named = named_database(config_file, data_dir=data_dir)
    found = anyio.run(partial(known_engines, named, Told()))
    if as_json:
        print_json({"engines": [attrs.asdict(one) for one in found]})
        return
    if not found:
        click.echo("no engine has run with this database")
        return
    rows = [
        (
            one.engine,
            str(one.life),
            _ago(one.age),
            _ago(one.silence),
            f"{one.token}{'' if one.is_binding else ' (tells only)'}",
            ", ".join(one.accounts),
            one.place,
        )
        for one in found
    ]
    for line in columns([HEADS, *rows]):
        click.echo(line)


def _ago(seconds: float) -> str:
    whole = max(0, round(seconds))
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if whole >= 2 * size:
            return f"{whole // size} {unit} ago"
    return f"{whole} s ago"
