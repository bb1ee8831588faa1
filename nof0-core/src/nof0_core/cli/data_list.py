"""`nof0 data list`: the series of a folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof0_core.cli.data_progress import followed
from nof0_core.cli.options import json_option
from nof0_core.cli.output import columns, print_json

if TYPE_CHECKING:
    from nof0_core.recordings.inspecting import SeriesReport

HEADER: tuple[str, ...] = ("coin", "interval", "rows", "from", "to", "gaps", "faults", "files")

folder_argument = click.argument(
    "folder", metavar="DIR", type=click.Path(path_type=Path, file_okay=False, exists=True)
)
"""DIR, a folder of candle files; passed as `folder: Path`."""


@click.command("list")
@folder_argument
@json_option
def list_(folder: Path, *, as_json: bool) -> None:
    """List the series of the candle files in DIR: coin, interval, rows, period, gaps."""
    from nof0_core.recordings.inspecting import inspect
    from nof0_core.recordings.listing import list_folder

    listing = list_folder(folder)
    reports = [inspect(files) for files in followed(listing.series, "reading")]
    passed_over = [path.name for path in listing.passed_over]
    if as_json:
        unread = [{"file": each.path.name, "message": each.message} for each in listing.faults]
        rows = [_row(report) for report in reports]
        print_json({"series": rows, "not_read": unread, "passed_over": passed_over})
        return
    table = [HEADER, *map(_cells, reports)]
    click.echo("\n".join(columns(table)) if reports else f"{folder}: no series")
    for fault in listing.faults:
        click.echo(f"not read: {fault}")
    if passed_over:
        click.echo(f"passed over: {', '.join(passed_over)}")
    if listing.faults or any(report.faults for report in reports):
        click.echo(f"`nof0 data check {folder}` names every fault")


def _row(report: SeriesReport) -> dict[str, Any]:
    return {
        "coin": report.coin,
        "interval": report.interval,
        "funding": report.is_funding,
        "files": list(report.files),
        "rows": report.rows,
        "from": report.start or None,
        "to": report.end or None,
        "gaps": report.gaps,
        "faults": len(report.faults) - report.gaps,
        "odd": len(report.odd),
    }


def _cells(report: SeriesReport) -> tuple[str, ...]:
    more = f" and {len(report.files) - 1} more" if len(report.files) > 1 else ""
    return (
        report.coin,
        "funding" if report.is_funding else report.interval,
        f"{report.rows:,}",
        report.start or "-",
        report.end or "-",
        str(report.gaps),
        str(len(report.faults) - report.gaps),
        report.files[0] + more,
    )
