"""`nof0 db import` and `nof0 db export`: the API's files, into a database and out of it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import anyio
import click

from nof0_core.cli.options import config_argument, data_dir_option, json_option

_folder = click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))


@click.command("import")
@config_argument
@_folder
@click.option("--name", default="", help="Name of the import; default: that of DIR.")
@data_dir_option
@json_option
def import_(
    config_file: Path, folder: Path, name: str, data_dir: Path | None, *, as_json: bool
) -> None:
    """Take over the API's files in DIR, as rows and documents of an engine import:NAME.

    All of them or none; a folder need not have all. What an earlier import of the same name
    brought stays where DIR has no newer file.
    """
    from nof0_core.cli.output import print_json
    from nof0_core.cli.told import Told
    from nof0_core.project.database import named_database
    from nof0_core.project.database_import import import_files

    named = named_database(config_file, data_dir=data_dir)
    found = anyio.run(partial(import_files, named, folder, Told(), name=name))
    if as_json:
        print_json(
            {
                "engine": found.engine,
                "files": list(found.files),
                "left_out": list(found.left_out),
                "rows": dict(found.rows),
                "lost": found.lost,
                "changed": found.changed,
            }
        )
        return
    for each in found.left_out:
        click.echo(f"left out: {each}")
    if found.lost:
        click.echo(f"{found.lost} entries lack what a row must have: the tables are without them")
    rows = ", ".join(f"{count} {table}" for table, count in found.rows.items())
    what = "imported" if found.changed else "nothing is new in"
    click.echo(f"{what} {len(found.files)} files as {found.engine}: {rows}")


@click.command("export")
@config_argument
@_folder
@click.option("--engine", default="", help="Whose files; default: Name. import:NAME for imports.")
@data_dir_option
@json_option
def export(
    config_file: Path, folder: Path, engine: str, data_dir: Path | None, *, as_json: bool
) -> None:
    """Write the API's files as the database has them into DIR, which must be empty."""
    from nof0_core.cli.output import print_json
    from nof0_core.cli.told import Told
    from nof0_core.project.database import named_database
    from nof0_core.project.database_export import export_files

    named = named_database(config_file, data_dir=data_dir)
    files = anyio.run(partial(export_files, named, folder, Told(), engine=engine))
    if as_json:
        print_json({"engine": engine or named.engine, "files": files})
    else:
        click.echo(f"wrote {len(files)} files to {folder}")
