"""`nof0 leaderboard`: who earns money, and whether that means anything."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof0_core.cli.options import source_argument
from nof0_core.errors import UsageError
from nof0_core.files import in_words

if TYPE_CHECKING:
    from rich.console import RenderableType

    from nof0_core.analysis.leaderboard import LeaderboardRow
    from nof0_core.cli.narrow import Column
    from nof0_core.config.model import Config

_UNKNOWN = "–"
_WIDE = 132
FILE_NAME = "leaderboard.json"


@click.command()
@source_argument
@click.option("--json", "as_json", is_flag=True, help="Print the rows of leaderboard.json.")
def leaderboard(source: Path, *, as_json: bool) -> None:
    """Show the ranking of a run, with 95 % intervals.

    CONFIG is the main configuration file of the run; DIR the directory with its JSON files, or
    what was given as --data-dir.
    """
    models: dict[str, str] = {}
    if source.is_dir():
        directory = _directory(source)
    else:
        from nof0_core.config.places import read_places

        places = read_places(source)
        directory = places.api_dir
        models = {trader: one.model for trader, one in places.traders.items()}
    if as_json:
        click.echo(json.dumps(_read(directory, FILE_NAME, "leaderboard"), indent=2))
        return
    from nof0_core.cli.output import console

    screen = console()
    rows = read_rows(directory, models)
    screen.print(render_leaderboard(rows, width=screen.width))


def read_rows(directory: Path, models: Mapping[str, str] | None = None) -> list[LeaderboardRow]:
    """Read the ranking from the JSON files of a run, in the order of leaderboard.json.

    Args:
        directory: where the files of the `json` exporter are.
        models: the model of each trader, which the files do not have.

    Raises:
        UsageError: a file is not there or cannot be understood.
    """
    rows = _read(directory, FILE_NAME, "leaderboard")
    try:
        return _rows(rows, models or {}, _fees(directory))
    except (KeyError, TypeError, IndexError) as error:
        message = f"the files in {directory} are not those of the `json` exporter: {error!r}"
        raise UsageError(message) from error


def data_path(config: Config) -> Path:
    """Return where a run puts its JSON files: DataPath, unless its `json` exporter differs."""
    for section in config.exporters:
        if section.kind.type == "json" and section.config.path is not None:
            return Path(section.config.path)
    return config.data_path


def render_leaderboard(rows: Sequence[LeaderboardRow], *, width: int = _WIDE) -> RenderableType:
    """Lay the rows out as a table, in the order given, with a sentence on what they mean.

    Who is not ranked stands apart, with the reason below the table. The model is shown where any
    row has one. Where it is narrow models, intervals and then other columns are left out, so that
    no number is cut.
    """
    from rich.console import Group
    from rich.text import Text

    from nof0_core.analysis.verdict import verdict
    from nof0_core.cli.narrow import fitted

    ranked = sum(row.is_ranked for row in rows)
    table = fitted(_columns(rows), rows, width=width, title="Leaderboard", parted_at=ranked)
    legend = (
        "* baseline   usable: answers of the model that could be used, of the cycles that asked it"
        "   P(best): chance of beating the best (other) baseline"
    )
    outside = [
        Text(f"not ranked: {row.trader}: {row.unranked_reason}")
        for row in rows
        if row.unranked_reason is not None
    ]
    return Group(table, Text(legend, style="dim"), *outside, Text(verdict(rows)))


def _columns(rows: Sequence[LeaderboardRow]) -> list[Column[LeaderboardRow]]:
    from rich.text import Text

    from nof0_core.cli.narrow import Column

    ranked = [row.trader for row in rows if row.is_ranked]
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
        column("trader", lambda row: row.trader + (" *" if row.is_baseline else ""), words=True),
        column("model", lambda row: row.model, 1, words=True),
        column("equity $", lambda row: f"{row.equity:,.2f}", 9),
        column("return %", lambda row: f"{row.return_pct:+.2f}"),
        column("[95 %]", lambda row: _interval(row.return_pct_ci), 3),
        column("Sharpe", lambda row: f"{row.sharpe:+.2f}", 8),
        column("[95 %]", lambda row: _interval(row.sharpe_ci), 2),
        column("trades", lambda row: str(row.num_trades), 7),
        column("win %", lambda row: f"{row.win_rate:.0f}" if row.num_trades else _UNKNOWN, 5),
        column("fees $", lambda row: f"{row.fees:,.2f}", 4),
        column("P(best)", lambda row: _chance(row.beats_baseline_p), 6),
        column("usable", lambda row: f"{row.usable_answers}/{row.cycles}"),
        column("status", lambda row: row.status, 10, words=True),
    ]
    return [one for one in found if any(one.cell(row).plain for row in rows)]


def _chance(probability: float | None) -> str:
    return _UNKNOWN if probability is None else f"{100 * probability:.0f} %"


def _interval(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else f"[{interval[0]:+.1f} … {interval[1]:+.1f}]"


def _directory(given: Path) -> Path:
    """Return where the files are: in the directory itself, or in its `api` as with --data-dir."""
    below = given / "api"
    return below if not (given / FILE_NAME).exists() and (below / FILE_NAME).exists() else given


def _read(directory: Path, name: str, key: str) -> list[dict[str, Any]]:
    """Read the list in one of the API's files, with its pieces."""
    from nof0_core.documents.collection import read_collection
    from nof0_core.documents.whole import PieceError

    path = directory / name
    try:
        return read_collection(directory, name, key)
    except FileNotFoundError as error:
        message = f"there is no {name} in {directory}"
        hint = "start a run with the `json` exporter first: nof0 run CONFIG"
        raise UsageError(message, hints=[hint]) from error
    except OSError as error:
        message = f"{path} cannot be read: {in_words(error)}"
        raise UsageError(message) from error
    except PieceError as error:
        message = f"{path} names {error.name}, which cannot be used: {error}"
        hint = "copy the pieces with the files; the next run writes both anew"
        raise UsageError(message, hints=[hint]) from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        message = f"{path} is not a file of the `json` exporter"
        raise UsageError(message, hints=("the next run writes it anew",)) from error


def _rows(
    rows: Sequence[Mapping[str, Any]],
    models: Mapping[str, str],
    fees: Mapping[str, float],
) -> list[LeaderboardRow]:
    """Turn what stands in leaderboard.json back into rows."""
    from nof0_core.analysis.leaderboard import LeaderboardRow

    return [
        LeaderboardRow(
            trader=row["id"],
            name=row["name"],
            model=models.get(row["id"], ""),
            is_baseline=row["is_baseline"],
            equity=row["equity"],
            return_pct=row["return_pct"],
            return_pct_ci=_pair(row["return_pct_ci"]),
            sharpe=row["sharpe"],
            sharpe_ci=_pair(row["sharpe_ci"]),
            num_trades=row["num_trades"],
            num_wins=row["num_wins"],
            num_losses=row["num_losses"],
            win_dollars=row["win_dollars"],
            lose_dollars=row["lose_dollars"],
            fees=fees.get(row["id"], 0.0),
            beats_baseline_p=row["beats_baseline_p"],
            status=row["status"],
            usable_answers=row["usable_answers"],
            cycles=row["cycles"],
            unranked_reason=row["unranked_reason"],
        )
        for row in rows
    ]


def _pair(values: Sequence[float] | None) -> tuple[float, float] | None:
    return None if values is None else (values[0], values[1])


def _fees(directory: Path) -> dict[str, float]:
    """Add up what every trader paid: fees of closed trades and those of open positions.

    A position that was closed in part has some of its fees in closed trades already.
    """
    analytics = _read(directory, "analytics.json", "analytics")
    fees = {
        row["id"]: float(row["fee_pnl_moves_breakdown_table"]["total_fees_paid"])
        for row in analytics
    }
    trades = _read(directory, "trades.json", "trades")
    for row in _read(directory, "positions.json", "accountTotals"):
        for position in row["positions"].values():
            booked = sum(
                trade["total_commission_dollars"]
                for trade in trades
                if trade["model_id"] == row["model_id"]
                and trade["entry_oid"] == position["entry_oid"]
                and trade["symbol"] == position["symbol"]
            )
            fees[row["model_id"]] = fees.get(row["model_id"], 0.0) + position["commission"] - booked
    return fees
