"""`nof0 journal archive` and `nof0 journal du`: the days of a journal as files on a disk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof0_core.cli import output
from nof0_core.cli.options import run_argument
from nof0_core.errors import JournalError, UsageError
from nof0_core.files import in_words
from nof0_core.project import open_journal

if TYPE_CHECKING:
    from nof0_core.project import DayUsage, JournalReader

UNKNOWN = "–"


@click.command(short_help="Move closed days to another place.")
@run_argument
@click.option(
    "--before",
    type=click.DateTime(["%Y-%m-%d"]),
    required=True,
    help="Move the days before this one (UTC).",
)
@click.option(
    "--to",
    "target",
    type=click.Path(path_type=Path),
    required=True,
    metavar="DIRECTORY",
    help="Where they go: DIRECTORY/<stream>/<day>.jsonl.gz.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def archive(
    config_file: Path, data_dir: Path | None, before: datetime, target: Path, *, as_json: bool
) -> None:
    """Move the closed days before a date to another place, compressed.

    A file is removed once its copy is proven to be on disk. No engine may be running on the
    journal. A start that needs an archived day names it; to put days back, copy their files to
    where they were.
    """
    from nof0_core.journal.archiving import archive as move
    from nof0_core.state.checkpoint import DIRECTORY, found

    place = open_journal(config_file, data_dir=data_dir)
    with ExitStack() as stack:
        _lock(place, stack)
        moved = move(place.root, place.elsewhere, before=before.date(), target=target)
    if as_json:
        rows = [
            {
                "stream": one.stream,
                "day": one.day.isoformat(),
                "file": str(one.file),
                "bytes": one.entry.packed_bytes,
                "records": one.entry.records,
            }
            for one in moved
        ]
        output.print_json({"to": str(target), "moved": rows})
        return
    if not moved:
        click.echo(f"{place.root}: no closed day before {before:%Y-%m-%d} is left here")
        return
    size = sum(one.entry.packed_bytes for one in moved)
    streams = len({one.stream for one in moved})
    click.echo(
        f"{len(moved)} days of {streams} streams are in {target} now: "
        f"{sum(one.entry.records for one in moved)} records, {size:,} bytes"
    )
    newest = next(map(int, (path.stem for path in found(place.state_dir / DIRECTORY))), 0)
    if newest < max(one.entry.last for one in moved):
        click.echo(
            "note: no checkpoint knows what they held: before the next start, put the files back "
            "as they are"
        )


@click.command(short_help="Say what takes how much room.")
@run_argument
@click.option(
    "--by",
    type=click.Choice(["stream", "day", "type"]),
    default="stream",
    show_default=True,
    help="What a line of the table is. By type all records are read.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def du(config_file: Path, data_dir: Path | None, by: str, *, as_json: bool) -> None:
    """Say how many records there are, what they take on disk, and where their days are."""
    place = open_journal(config_file, data_dir=data_dir)
    try:
        rows = _by_type(place) if by == "type" else _by_day_or_stream(place, by)
    except OSError as error:
        message = f"the journal cannot be read: {error.filename}: {in_words(error)}"
        raise JournalError(message) from error
    total = _total(rows)
    # What is compared: what is on disk, or, by type, what was written.
    measure = "content_bytes" if by == "type" else "disk_bytes"
    for row in (*rows, total):
        whole = total[measure] or 0
        row["share_pct"] = round(100 * (row[measure] or 0) / whole, 2) if whole else 0.0
    if as_json:
        output.print_json({"by": by, "rows": rows, "total": total})
    else:
        _print(rows, total, by)


def _lock(place: JournalReader, stack: ExitStack) -> None:
    from nof0_core.runtime.lock import locked

    try:
        stack.enter_context(locked(place.state_dir))
    except UsageError as error:
        hint = "days are moved while no engine runs: stop it first; nothing was moved"
        raise UsageError(str(error), hints=(hint,)) from error


def _by_day_or_stream(place: JournalReader, by: str) -> list[dict[str, Any]]:
    found = place.days()
    if by == "stream":
        return _grouped(found, by, lambda one: str(one.stream))
    return _grouped(found, by, lambda one: one.day.isoformat())


def _grouped(
    found: Iterable[DayUsage], by: str, name_of: Callable[[DayUsage], str]
) -> list[dict[str, Any]]:
    groups: dict[str, list[DayUsage]] = {}
    for one in found:
        groups.setdefault(name_of(one), []).append(one)
    return [
        {
            by: name,
            "records": _sum(one.records for one in group),
            "disk_bytes": sum(one.disk for one in group),
            "content_bytes": _sum(one.content for one in group),
            "days": dict(Counter(str(one.state) for one in group)),
        }
        for name, group in sorted(groups.items())
    ]


def _by_type(place: JournalReader) -> list[dict[str, Any]]:
    from nof0_core.journal.usage import usage_by_type

    return [
        {"type": one.type, "records": one.records, "disk_bytes": None, "content_bytes": one.content}
        for one in usage_by_type(place.root, place.elsewhere)
    ]


def _total(rows: list[dict[str, Any]]) -> dict[str, Any]:
    total = {
        key: _sum(row[key] for row in rows) for key in ("records", "disk_bytes", "content_bytes")
    }
    days: Counter[str] = Counter()
    for row in rows:
        days.update(row.get("days", {}))
    return total | ({"days": dict(days)} if days else {})


def _sum(numbers: Iterable[int | None]) -> int | None:
    """Add up; what is not known of one is not known of all."""
    found = list(numbers)
    return None if None in found else sum(filter(None, found))


def _print(rows: list[dict[str, Any]], total: dict[str, Any], by: str) -> None:
    from rich.table import Table
    from rich.text import Text

    from nof0_core.cli.journal_text import clean

    table = Table(box=None, pad_edge=False)
    table.add_column(by, no_wrap=True)
    for title in ("records", "on disk", "content", "share"):
        table.add_column(title, justify="right", no_wrap=True)
    if by != "type":
        table.add_column("days", no_wrap=True)
    for row in (*rows, {by: "total"} | total):
        days = ", ".join(f"{count} {state}" for state, count in sorted(row.get("days", {}).items()))
        numbers = [row[key] for key in ("records", "disk_bytes", "content_bytes")]
        cells = [UNKNOWN if number is None else f"{number:,}" for number in numbers]
        # Not as markup: the name of a stream may look like it.
        name = Text(clean(row[by]))
        table.add_row(name, *cells, f"{row['share_pct']:.1f} %", *([days] if by != "type" else []))
    output.console().print(table)
