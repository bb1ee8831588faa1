"""`nof0 trades`: the closed trades of a run."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof0_core.cli.exported import exported, rows_of, shown_number
from nof0_core.cli.options import json_option, run_argument
from nof0_core.cli.output import console, print_json

if TYPE_CHECKING:
    from nof0_core.cli.narrow import Column

COLUMNS = (
    "closed",
    "trader",
    "symbol",
    "side",
    "size",
    "entry",
    "exit",
    "net USD",
    "fees USD",
    "leverage",
    "opened",
)


@click.command()
@run_argument
@click.option("--trader", "traders", multiple=True, help="Only of this trader; may be repeated.")
@click.option("--symbol", "symbols", multiple=True, help="Only in this coin; may be repeated.")
@click.option(
    "--side", "sides", multiple=True, type=click.Choice(["long", "short"]), help="Only these."
)
@click.option(
    "--limit", type=click.IntRange(min=0), default=50, show_default=True, help="Newest N; 0: all."
)
@click.option("--csv", "as_csv", is_flag=True, help="Print comma-separated values.")
@json_option
def trades(
    config_file: Path,
    data_dir: Path | None,
    traders: tuple[str, ...],
    symbols: tuple[str, ...],
    sides: tuple[str, ...],
    limit: int,
    *,
    as_csv: bool,
    as_json: bool,
) -> None:
    """List the closed trades of a run, newest last.

    They are those the API has: the newest 100 of each trader. The journal has all of them
    (`nof0 journal list --type filled`).
    """
    directory, known = exported(config_file, data_dir)
    wanted = {"model_id": traders, "symbol": symbols, "side": sides}
    found = rows_of(directory, "trades", wanted)
    found.sort(key=lambda row: (row["exit_time"], row["id"]))
    chosen = found[-limit:] if limit else found
    if as_json:
        print_json({"trades": chosen})
        return
    names = {str(trader): place.name for trader, place in known.items()}
    if as_csv:
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(_exact(row) for row in chosen)
        click.echo(text.getvalue(), nl=False)
        return
    if not chosen:
        click.echo("no closed trades" + (" like these" if any(wanted.values()) else ""))
        return
    from nof0_core.cli.narrow import fitted

    screen = console()
    cells = [_cells(row, names) for row in chosen]
    screen.print(fitted(_columns(), cells, width=screen.width, title=""))
    total = sum(row["realized_net_pnl"] for row in chosen)
    left = f" of {len(found)}" if len(found) > len(chosen) else ""
    count = f"{len(chosen)}{left} trade{'s' if len(found) != 1 else ''}"
    screen.print(f"{count}, net {total:+,.2f} USD", soft_wrap=True)


def _cells(row: Mapping[str, Any], names: Mapping[str, str]) -> tuple[str, ...]:
    return (
        _moment(row["exit_time"]),
        names.get(row["model_id"], row["model_id"]),
        row["symbol"],
        row["side"],
        shown_number(abs(row["quantity"])),
        shown_number(row["entry_price"]),
        shown_number(row["exit_price"]),
        f"{row['realized_net_pnl']:+.2f}",
        f"{row['total_commission_dollars']:.2f}",
        shown_number(row["leverage"]),
        _moment(row["entry_time"]),
    )


def _exact(row: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the cells as scripts want them: ids of traders, and all digits."""
    cells = list(_cells(row, {}))
    for name, member in (("net USD", "realized_net_pnl"), ("fees USD", "total_commission_dollars")):
        cells[COLUMNS.index(name)] = shown_number(row[member])
    return tuple(cells)


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"


def _columns() -> list[Column[Sequence[str]]]:
    from rich.text import Text

    from nof0_core.cli.narrow import Column

    leaves = {"opened": 1, "leverage": 2, "fees USD": 3, "entry": 4, "exit": 5, "size": 6}
    leaves |= {"closed": 7, "side": 8}
    words = {"trader"}

    def column(at: int, name: str) -> Column[Sequence[str]]:
        def cell(row: Sequence[str]) -> Text:
            gain = name == "net USD"
            style = ("green" if row[at][0] == "+" else "red") if gain else ""
            return Text(row[at], style=style)

        return Column(
            name=name, cell=cell, leaves=leaves.get(name, 0), is_words=name in words, least=20
        )

    return [column(at, name) for at, name in enumerate(COLUMNS)]
