"""`nof0 db`: the database of a run."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import anyio
import click

from nof0_core.cli.db_files import export, import_
from nof0_core.cli.options import config_argument, data_dir_option, json_option
from nof0_core.cli.told import Told


@click.group()
def db() -> None:
    """See to a run's database: upgrade, check, restore, import and export files.

    The database is that of the first `sql` section of CONFIG: Postgres.DataSource, or what
    Exporters has.
    """


db.add_command(import_)
db.add_command(export)


@db.command()
@config_argument
@data_dir_option
@json_option
def upgrade(config_file: Path, data_dir: Path | None, *, as_json: bool) -> None:
    """Make the tables, or lead those of an earlier version to this one; rows stay."""
    from nof0_core.cli.output import print_json
    from nof0_core.exporters.sql.exporter import settings_of
    from nof0_core.project.database import named_database
    from nof0_core.storage.database import opened
    from nof0_core.storage.preparing import upgraded

    named = named_database(config_file, data_dir=data_dir)
    _make_room(named.run.state_dir)

    async def work() -> tuple[str, str]:
        async with opened(settings_of(named.config, Told())) as database:
            return await upgraded(database)

    before, now = anyio.run(work)
    if as_json:
        print_json({"before": before or None, "now": now})
    elif before == now:
        click.echo(f"the tables are of revision {now} already; nothing was done")
    else:
        click.echo(f"the tables are of revision {now} now (before: {before or 'none'})")


@db.command()
@config_argument
@data_dir_option
@json_option
@click.pass_context
def check(
    context: click.Context, config_file: Path, data_dir: Path | None, *, as_json: bool
) -> None:
    """Compare the tables with the journal, up to where the database is.

    The tables are made again from the journal, beside it, and each row is compared. The engine may
    be running. Exit code 1: something differs.
    """
    from nof0_core.cli.output import print_json
    from nof0_core.cli.steps_progress import steps_followed
    from nof0_core.project.database import named_database
    from nof0_core.project.database_check import check_database

    named = named_database(config_file, data_dir=data_dir)
    with steps_followed(is_quiet=as_json) as follow:
        found = anyio.run(partial(check_database, named, named.journal, Told(), follow))
    if as_json:
        print_json(
            {
                "engine": named.engine,
                "cursor": found.seq,
                "journal": found.last,
                "rows": found.rows,
                "differences": found.differences,
                "told": found.told,
            }
        )
    else:
        for text in found.told:
            click.echo(text)
        if found.differences > len(found.told):
            click.echo(f"… and {found.differences - len(found.told)} more")
        state = f"{found.differences} rows differ" if found.differences else "equal the journal"
        click.echo(
            f"{sum(found.rows.values())} rows of {len(found.rows)} tables up to record {found.seq}"
            f" of {found.last}: {state}"
        )
    if found.differences:
        context.exit(1)


@db.command()
@config_argument
@data_dir_option
@json_option
def restore(config_file: Path, data_dir: Path | None, *, as_json: bool) -> None:
    """Write back the journal's lines that the data directory lacks, byte for byte.

    No engine may be running on it. Where directory and database tell different stories nothing is
    written, and both ends are named.
    """
    from nof0_core.cli.output import print_json
    from nof0_core.project.database import named_database
    from nof0_core.project.database_restore import restore_journal
    from nof0_core.runtime.lock import locked

    named = named_database(config_file, data_dir=data_dir)
    with locked(named.run.state_dir):
        found = anyio.run(partial(restore_journal, named, Told()))
    root = named.journal.root
    if as_json:
        print_json({"engine": named.engine, "written": found.written, "last": found.last})
    elif found.written:
        click.echo(
            f"{found.written} records were written back; the journal in {root} ends with "
            f"record {found.last} now"
        )
    else:
        click.echo(f"nothing is missing: the journal in {root} ends with {found.last}")


def _make_room(directory: Path) -> None:
    from nof0_core.runtime.lock import prepare

    prepare(directory)
