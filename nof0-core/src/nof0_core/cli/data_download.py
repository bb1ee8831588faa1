"""`nof0 data download`: the history of a market, as files a simulated market reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nof0_core.cli.moment import MOMENT
from nof0_core.cli.options import config_argument, data_dir_option, json_option
from nof0_core.cli.output import print_json

if TYPE_CHECKING:
    from nof0_core.project.downloading import Progress, SeriesReport

FAILED = 1


@click.command()
@config_argument
@click.argument("section")
@click.option("--symbols", help="Coins, with commas between them; default: those traders use.")
@click.option(
    "--interval",
    "intervals",
    multiple=True,
    default=("1m",),
    show_default=True,
    help="Length of the bars; may be given several times.",
)
@click.option(
    "--from",
    "start",
    type=MOMENT,
    required=True,
    help="First moment, UTC; a file that is there goes on where it ends.",
)
@click.option("--to", "end", type=MOMENT, help="Last moment, UTC; default: now.")
@click.option("--funding/--no-funding", default=True, help="Also the funding rates.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["parquet", "csv"]),
    help="parquet needs pyarrow (nof0-core[data]); csv is gzipped. Default: that of the file that"
    " is there, else parquet.",
)
@data_dir_option
@json_option
def download(
    config_file: Path,
    section: str,
    symbols: str | None,
    intervals: tuple[str, ...],
    start: datetime,
    end: datetime | None,
    form: str | None,
    data_dir: Path | None,
    *,
    funding: bool,
    as_json: bool,
) -> None:
    """Download the history of the market SECTION of CONFIG.

    It goes to history/SECTION of the data directory, as closed bars that were checked, in files a
    simulated market can be given as `data`. The same command goes on where the files end. Exits
    with 1 if a series is not complete.
    """
    import anyio

    from nof0_core.clock import wall_time
    from nof0_core.domain.candles import Interval
    from nof0_core.ids import Symbol
    from nof0_core.project import load_config
    from nof0_core.project.downloading import Wanted
    from nof0_core.project.downloading import download as load
    from nof0_core.runtime.leaving import leave

    config = load_config(config_file, data_dir=data_dir)
    named = (
        symbols.split(",")
        if symbols
        else [
            symbol
            for trader in config.traders
            if trader.market == section
            for symbol in trader.symbols
        ]
    )
    wanted = Wanted(
        section=section,
        symbols=[Symbol(name.strip()) for name in dict.fromkeys(named) if name.strip()],
        intervals=[Interval(interval) for interval in dict.fromkeys(intervals)],
        start=start,
        end=end or wall_time(),
        has_funding=funding,
        form=form or "",
    )

    async def work() -> bool:
        with _shown(is_silent=as_json) as progress:
            reports = await load(config, wanted, progress)
        is_complete = _tell(section, reports, as_json=as_json)
        if any(one.is_left_behind for one in reports):
            # The event loop would wait for it for ever.
            leave(FAILED)
        return is_complete

    if not anyio.run(work):
        raise click.exceptions.Exit(FAILED)


def _tell(section: str, reports: Sequence[SeriesReport], *, as_json: bool) -> bool:
    """Show what became of all series; tell whether they are complete."""
    is_complete = not any(one.trouble for one in reports)
    if as_json:
        print_json({"section": section, "series": [_row(one) for one in reports]})
        return is_complete
    for one in reports:
        click.echo(_line(one))
    if not is_complete:
        click.echo("what was written is whole: the same command goes on from there", err=True)
    return is_complete


@contextmanager
def _shown(*, is_silent: bool) -> Iterator[Progress]:
    """Give what shows progress on standard error: bars on a terminal, else a line per tenth."""
    from rich.console import Console
    from rich.progress import Progress as Bars

    console = Console(stderr=True)
    if is_silent:
        yield lambda *_: None
        return
    if not console.is_terminal:
        yield _Tenths()
        return
    with Bars(console=console, transient=True) as bars:
        tasks: dict[str, Any] = {}

        def show(symbol: str, interval: str | None, part: float) -> None:
            name = f"{symbol} {interval or 'funding'}"
            if name not in tasks:
                tasks[name] = bars.add_task(name, total=1.0)
            bars.update(tasks[name], completed=part)

        yield show


class _Tenths:
    """Says a line whenever a further tenth of a series is there."""

    def __init__(self) -> None:
        self._said: dict[str, int] = {}

    def __call__(self, symbol: str, interval: str | None, part: float) -> None:
        """Take a part, 0 to 1."""
        name, tenths = f"{symbol} {interval or 'funding'}", int(10 * part)
        if tenths > self._said.get(name, 0):
            self._said[name] = tenths
            click.echo(f"{name}: {10 * tenths} %", err=True)


def _line(one: SeriesReport) -> str:
    name = f"{one.symbol} {one.interval or 'funding'}"
    if one.first is None or one.until is None:
        found = "nothing"
    else:
        found = (
            f"{one.rows:,} rows from {one.first:%Y-%m-%d %H:%M} to {one.until:%Y-%m-%d %H:%M}, "
            f"{one.added:,} of them new"
        )
    gaps = f"; {one.gaps} gaps, {one.missing:,} rows are missing" if one.gaps else ""
    trouble = f"; not complete: {one.trouble}" if one.trouble else ""
    return f"{name}: {found}{gaps}{trouble}"


def _row(one: SeriesReport) -> dict[str, Any]:
    return {
        "symbol": one.symbol,
        "interval": one.interval,
        "file": str(one.path),
        "added": one.added,
        "rows": one.rows,
        "from": one.first.isoformat() if one.first else None,
        "to": one.until.isoformat() if one.until else None,
        "gaps": one.gaps,
        "missing": one.missing,
        "trouble": one.trouble,
    }
