"""Series that commands have made, put into a folder."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import click

from nof0_core.cli.data_progress import followed
from nof0_core.cli.output import print_json

if TYPE_CHECKING:
    from nof0_core.domain.candles import FloatArray


@attrs.frozen(kw_only=True, eq=False)
class Written:
    """A series that is to be written, or was: rows of time in ms and numbers."""

    coin: str
    interval: str
    is_funding: bool
    rows: FloatArray
    path: Path | None = None
    left_out: int = 0


def write_all(target: Path, series: Sequence[Written], form: str) -> list[Written]:
    """Write each series to a file of its own, none of which may be there.

    Raises:
        UsageError: one is there.
        DataError: one cannot be written.
    """
    from nof0_core.errors import UsageError
    from nof0_core.recordings.names import suffix_of
    from nof0_core.recordings.writing import FORMATS, file_name, write_rows

    placed = []
    for each in series:
        name = file_name(each.coin, each.interval, form, is_funding=each.is_funding)
        stem = name.removesuffix(FORMATS[form])
        there = [
            path
            for path in (target.iterdir() if target.is_dir() else ())
            if suffix_of(path.name) and path.name.lower().removesuffix(suffix_of(path.name)) == stem
        ]
        if there:
            message = f"{there[0]} is there already; nothing was written"
            raise UsageError(message, hints=("choose another folder, or move the file away",))
        placed.append(attrs.evolve(each, path=target / name))
    for each in followed(placed, "writing"):
        if each.path is not None:
            write_rows(each.path, each.rows, form)
    return placed


def tell(series: Sequence[Written], *, as_json: bool) -> None:
    """Say what was written."""
    if as_json:
        rows = [
            {
                "coin": each.coin.upper(),
                "interval": each.interval,
                "funding": each.is_funding,
                "file": str(each.path),
                "rows": len(each.rows),
                "left_out": each.left_out,
            }
            for each in series
        ]
        print_json({"series": rows})
        return
    for each in series:
        what = "funding" if each.is_funding else each.interval
        left = f", {each.left_out} incomplete bars left out" if each.left_out else ""
        click.echo(f"{each.path}: {each.coin.upper()} {what}, {len(each.rows):,} rows{left}")
