"""`nof0 positions`: what the traders of a run hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof0_core.cli.exported import exported, rows_of, shown_number
from nof0_core.cli.options import json_option, run_argument
from nof0_core.cli.output import console, print_json

if TYPE_CHECKING:
    from nof0_core.cli.narrow import Column

_NONE = "–"
HEADS = ("trader", "symbol", "side", "size", "entry", "mark", "PnL USD", "stop", "target", "margin")


@click.command()
@run_argument
@click.option("--trader", "traders", multiple=True, help="Only of this trader; may be repeated.")
@click.option("--symbol", "symbols", multiple=True, help="Only in this coin; may be repeated.")
@json_option
def positions(
    config_file: Path,
    data_dir: Path | None,
    traders: tuple[str, ...],
    symbols: tuple[str, ...],
    *,
    as_json: bool,
) -> None:
    """List the open positions of a run with their exits, as it last exported them."""
    directory, known = exported(config_file, data_dir)
    accounts = rows_of(directory, "positions", {"model_id": traders})
    found = [
        {"trader": account["model_id"], **position}
        for account in accounts
        for symbol, position in account["positions"].items()
        if not symbols or symbol in symbols
    ]
    if as_json:
        print_json({"positions": found})
        return
    if not found:
        click.echo("no open positions" + (" like these" if traders or symbols else ""))
        return
    from nof0_core.cli.narrow import fitted

    screen = console()
    names = {str(trader): place.name for trader, place in known.items()}
    cells = [_cells(row, names) for row in found]
    screen.print(fitted(_columns(), cells, width=screen.width, title=""))


def _cells(row: Mapping[str, Any], names: Mapping[str, str]) -> tuple[str, ...]:
    plan = row["exit_plan"] or {}
    stop, target = plan.get("stop_loss"), plan.get("profit_target")
    return (
        names.get(row["trader"], row["trader"]),
        row["symbol"],
        "long" if row["quantity"] > 0 else "short",
        shown_number(abs(row["quantity"])),
        shown_number(row["entry_price"]),
        shown_number(row["current_price"]),
        f"{row['unrealized_pnl']:+.2f}",
        _NONE if stop is None else shown_number(stop),
        _NONE if target is None else shown_number(target),
        f"{row['margin']:.2f}",
    )


def _columns() -> list[Column[Sequence[str]]]:
    from rich.text import Text

    from nof0_core.cli.narrow import Column

    leaves = {"margin": 1, "target": 2, "mark": 3, "entry": 4, "stop": 5, "size": 6}

    def column(at: int, name: str) -> Column[Sequence[str]]:
        def cell(row: Sequence[str]) -> Text:
            gain = name == "PnL USD"
            style = ("green" if row[at][0] == "+" else "red") if gain else ""
            return Text(row[at], style=style)

        return Column(
            name=name, cell=cell, leaves=leaves.get(name, 0), is_words=name == "trader", least=20
        )

    return [column(at, name) for at, name in enumerate(HEADS)]
