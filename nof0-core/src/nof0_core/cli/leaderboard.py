"""`nof0 leaderboard`: who earns money, and whether that means anything."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nof0_core.cli.exported import RANKING, exported
from nof0_core.cli.options import run_argument
from nof0_core.errors import UsageError

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

    from nof0_core.analysis.leaderboard import LeaderboardRow
    from nof0_core.cli.narrow import Column
    from nof0_core.config.model import Config
    from nof0_core.project.results import Results

_UNKNOWN = "–"
LEGEND = {
    "trader": "* baseline",
    "usable": "usable: answers of the model that could be used, of the cycles that asked it",
    "beats best": "beats best: chance of beating the best (other) baseline",
}
"""What the heads of columns mean, where they are shown."""
_WIDE = 132


@click.command()
@run_argument
@click.option("--json", "as_json", is_flag=True, help="Print the rows of leaderboard.json.")
def leaderboard(config_file: Path, data_dir: Path | None, *, as_json: bool) -> None:
    """Show the ranking of a run, with 95 % intervals.

    CONFIG is the main configuration file of the run; DIR the directory with its JSON files, or
    what was given as --data-dir.
    """
    directory, traders = exported(config_file, data_dir)
    models = {str(trader): one.model for trader, one in traders.items()}
    if as_json:
        click.echo(json.dumps(_read(directory, "leaderboard").rows("leaderboard"), indent=2))
        return
    from nof0_core.cli.output import console

    screen = console()
    rows = read_rows(directory, models)
    shown = {row.trader for row in rows}
    notes = _caveats(config_file) if shown <= {str(trader) for trader in traders} else ()
    screen.print(render_leaderboard(rows, width=screen.width, notes=notes))


def _caveats(config_file: Path) -> Sequence[str]:
    """Return what has to be said beside the results; nothing where CONFIG cannot be read."""
    from nof0_core.errors import Nof0Error
    from nof0_core.project import load_config
    from nof0_core.runtime.preview import caveats

    try:
        return caveats(load_config(config_file))
    except Nof0Error:
        return ()


def read_rows(directory: Path, models: Mapping[str, str] | None = None) -> list[LeaderboardRow]:
    """Read the ranking from the JSON files of a run, in the order of leaderboard.json.

    Args:
        directory: where the files of the `json` exporter are.
        models: the model of each trader, which the files do not have.

    Raises:
        UsageError: a file is not there or cannot be understood.
    """
    from nof0_core.documents.fees import fees_paid
    from nof0_core.documents.small_rows import read_leaderboard_row

    found = _read(directory, "leaderboard", "analytics", "trades", "positions")
    try:
        fees = fees_paid(*(found.rows(name) for name in ("analytics", "trades", "positions")))
        return [
            read_leaderboard_row(
                row, model=(models or {}).get(row["id"], ""), fees=fees.get(row["id"], 0.0)
            )
            for row in found.rows("leaderboard")
        ]
    except (KeyError, TypeError, IndexError) as error:
        message = f"the files in {directory} are not those of the `json` exporter: {error!r}"
        raise UsageError(message) from error


def _read(directory: Path, *names: str) -> Results:
    """Read documents of one export.

    Raises:
        UsageError: there is no ranking, or one of them cannot be used.
    """
    from nof0_core.project.results import read_results

    found = read_results(directory, names)
    if "leaderboard" not in found.written:
        message = f"there is no {RANKING} in {directory}"
        hint = "start a run with the `json` exporter first: nof0 run CONFIG"
        raise UsageError(message, hints=[hint])
    return found


def data_path(config: Config) -> Path:
    """Return where a run puts its JSON files: DataPath, unless its `json` exporter differs."""
    for section in config.exporters:
        if section.kind.type == "json" and section.config.path is not None:
            return Path(section.config.path)
    return config.data_path


def render_leaderboard(
    rows: Sequence[LeaderboardRow], *, width: int = _WIDE, notes: Sequence[str] = ()
) -> RenderableType:
    """Lay the rows out as a table, in the order given, with a sentence on what they mean.

    Who is not ranked stands apart, with the reason below the table. The model is shown where any
    row has one. Where it is narrow models, intervals and then other columns are left out, so that
    no number is cut. `notes` are what has to be known beside the results.
    """
    from rich.console import Group
    from rich.text import Text

    from nof0_core.analysis.verdict import verdict
    from nof0_core.cli.narrow import fitted

    ranked = sum(row.is_ranked for row in rows)
    table = fitted(_columns(rows), rows, width=width, title="Leaderboard", parted_at=ranked)
    heads = [str(column.header) for column in table.columns]
    meant = [text for head, text in LEGEND.items() if head in heads]
    legend = [Text(text, style="dim") for text in _lines(meant, width)]
    unranked: dict[str, list[str]] = {}
    for row in rows:
        if row.unranked_reason is not None:
            unranked.setdefault(row.unranked_reason, []).append(name_of(row))
    outside = [
        Text(f"not ranked: {'; '.join(names)}: {reason}") for reason, names in unranked.items()
    ]
    said = [Text(f"note: {note}") for note in notes]
    return Group(table, *legend, *said, *outside, Text(verdict(rows)))


def _columns(rows: Sequence[LeaderboardRow]) -> list[Column[LeaderboardRow]]:
    from rich.text import Text

    from nof0_core.cli.narrow import Column

    ranked = [row.trader for row in rows if row.is_ranked]
    is_named = any(name_of(row) != row.trader for row in rows)
    places = {trader: str(place) for place, trader in enumerate(ranked, start=1)}

    def column(
        name: str, cell: Callable[[LeaderboardRow], str], leaves: int = 0, *, words: bool = False
    ) -> Column[LeaderboardRow]:
        return Column(
            name=name,
            cell=lambda row: Text(cell(row)),
            leaves=leaves,
            is_words=words,
            least=24,
        )

    found = [
        column("#", lambda row: places.get(row.trader, _UNKNOWN)),
        column("trader", lambda row: name_of(row) + (" *" if row.is_baseline else ""), words=True),
        column("id", lambda row: row.trader if is_named else "", 2, words=True),
        column("model", lambda row: row.model, 1, words=True),
        column("equity $", lambda row: f"{row.equity:,.2f}", 10),
        Column(name="return %", cell=lambda row: coloured(row.return_pct)),
        column("[95 %]", lambda row: _interval(row.return_pct_ci), 9),
        column("Sharpe", lambda row: f"{row.sharpe:+.2f}", 8),
        column("[95 %]", lambda row: _interval(row.sharpe_ci), 7),
        column("trades", lambda row: str(row.num_trades), 6),
        column("win %", lambda row: f"{row.win_rate:.0f}" if row.num_trades else _UNKNOWN, 4),
        column("fees $", lambda row: f"{row.fees:,.2f}", 3),
        column("beats best", lambda row: _chance(row.beats_baseline_p), 5),
        column("usable", lambda row: f"{row.usable_answers}/{row.cycles}", 12),
        column("status", lambda row: row.status, 11, words=True),
    ]
    return [one for one in found if any(one.cell(row).plain for row in rows)]


def _lines(texts: Sequence[str], width: int) -> list[str]:
    """Put texts on as few lines as they fit on."""
    found: list[str] = []
    for text in texts:
        if found and len(found[-1]) + 3 + len(text) <= width:
            found[-1] += f"   {text}"
        else:
            found.append(text)
    return found


def name_of(row: LeaderboardRow) -> str:
    """Return what people call a trader."""
    return row.name or row.trader


def coloured(percent: float) -> Text:
    """Write a return in percent, green when positive and red when negative."""
    from rich.text import Text

    style = "green" if percent > 0 else "red" if percent < 0 else ""
    return Text(f"{percent:+.2f}", style=style)


def _chance(probability: float | None) -> str:
    return _UNKNOWN if probability is None else f"{100 * probability:.0f} %"


def _interval(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else f"[{interval[0]:+.1f} … {interval[1]:+.1f}]"
