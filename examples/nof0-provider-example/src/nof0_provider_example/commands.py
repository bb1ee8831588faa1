"""`nof0 peek`: what a run has done so far, and what a trader would be asked first."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import click


@click.command()
@click.argument("config_file", metavar="CONFIG", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    help="What the run was given as --data-dir.",
)
@click.option("--trader", "trader_id", metavar="ID", help="Whose prompt; default: the first.")
def peek(config_file: Path, data_dir: Path | None, trader_id: str | None) -> None:
    """Count the records of the run of CONFIG and show a trader's first prompt."""
    import anyio

    from nof0_core.errors import UsageError
    from nof0_core.project import load_config, open_journal, preview

    config = load_config(config_file, data_dir=data_dir)
    try:
        journal = open_journal(config_file, data_dir=data_dir)
    except UsageError as error:
        click.echo(f"note: {error}", err=True)
    else:
        for day in journal.archived():
            click.echo(f"note: {day.stream} {day.day} is archived", err=True)
        for type_, count in sorted(Counter(record.type for record in journal.records()).items()):
            click.echo(f"{count:>8} {type_}")
    found = anyio.run(preview, config, trader_id or config.traders[0].id)
    for message in found.prompt.messages:
        click.secho(f"--- {message.role}", bold=True)
        click.echo(message.content)
