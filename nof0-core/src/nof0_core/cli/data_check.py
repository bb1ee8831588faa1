"""`nof0 data check`: everything that is wrong with candle files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof0_core.cli.data_list import folder_argument
from nof0_core.cli.data_progress import followed
from nof0_core.cli.options import json_option
from nof0_core.cli.output import print_json

if TYPE_CHECKING:
    from nof0_core.recordings.fault import Fault

FAULTY = 1


@click.command("check")
@folder_argument
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    help="Most lines for one series; 0: all.",
)
@json_option
def check(folder: Path, limit: int, *, as_json: bool) -> None:
    """Name every gap, duplicate, outlier, wrong unit and wrong value of the files in DIR.

    Each with file and line. Exits with 1 if there is something a run would refuse; outliers and
    jumps of prices may be true and are told without that.
    """
    from nof0_core.recordings.inspecting import inspect
    from nof0_core.recordings.listing import list_folder

    listing = list_folder(folder)
    faults: list[Fault] = list(listing.faults)
    odd: list[Fault] = []
    shown: list[str] = [_line(fault) for fault in faults]
    rows = 0
    for files in followed(listing.series, "checking"):
        report = inspect(files)
        faults += report.faults
        odd += report.odd
        rows += report.rows
        shown += _lines([*report.faults, *report.odd], limit)
    if as_json:
        found = [_row(fault) for fault in faults] + [_row(fault, is_odd=True) for fault in odd]
        print_json({"ok": not faults, "series": len(listing.series), "rows": rows, "found": found})
    else:
        for line in shown:
            click.echo(line)
        click.echo(
            f"{folder}: {len(listing.series)} series, {rows:,} rows: "
            + (f"{len(faults)} to correct" if faults else "nothing a run would refuse")
            + (f", {len(odd)} to look at" if odd else "")
        )
    if faults:
        raise click.exceptions.Exit(FAULTY)


def _lines(found: Sequence[Fault], limit: int) -> list[str]:
    most = limit or len(found)
    lines = [_line(fault) for fault in found[:most]]
    if len(found) > most:
        lines.append(f"  … and {len(found) - most} more of this series (--limit 0 shows all)")
    return lines


def _line(fault: Fault) -> str:
    return f"{fault.kind}: {fault}\n  {fault.hint}"


def _row(fault: Fault, *, is_odd: bool = False) -> dict[str, Any]:
    return {
        "kind": fault.kind,
        "file": str(fault.path),
        "line": fault.line,
        "message": fault.message,
        "hint": fault.hint,
        "odd": is_odd,
    }
