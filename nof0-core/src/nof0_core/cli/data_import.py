"""`nof0 data import`: files of other programs, written as nof0's own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nof0_core.cli.data_progress import followed
from nof0_core.cli.data_written import Written, tell, write_all
from nof0_core.cli.options import json_option

if TYPE_CHECKING:
    from nof0_core.recordings.listing import SeriesFiles

target_option = click.option(
    "--to",
    "target",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder to write to; it is made.",
)
format_option = click.option(
    "--format",
    "form",
    type=click.Choice(["parquet", "csv"]),
    default="parquet",
    show_default=True,
    help="parquet needs pyarrow (nof0-core[data]); csv is gzipped.",
)
gaps_option = click.option(
    "--gaps",
    type=click.Choice(["refuse", "allow"]),
    default="refuse",
    show_default=True,
    help="What to do with series in which bars are missing.",
)


@click.command("import")
@click.argument(
    "sources", metavar="FILE|DIR...", nargs=-1, required=True, type=click.Path(path_type=Path)
)
@target_option
@click.option("--coin", help="Coin of all files, where their names do not tell it.")
@click.option("--interval", help="Length of their bars; with --coin.")
@click.option("--funding", is_flag=True, help="They hold hourly funding rates; with --coin.")
@format_option
@gaps_option
@json_option
def import_(
    sources: tuple[Path, ...],
    target: Path,
    coin: str | None,
    interval: str | None,
    form: str,
    gaps: str,
    *,
    funding: bool,
    as_json: bool,
) -> None:
    """Write candle files of other programs as files of nof0's own form.

    All is read and checked before anything is written. The sources are not changed, and no file is
    overwritten. Without --coin the names of the files tell coin and interval.
    """
    from nof0_core.recordings.loading import load_candles, load_funding
    from nof0_core.recordings.writing import candle_rows

    found = (
        _named(sources, coin, interval, funding=funding) if coin or interval or funding else None
    )
    series = found if found is not None else _listed(sources)
    written = []
    for files in followed(series, "reading"):
        allow = gaps == "allow"
        if files.name.is_funding:
            rows = load_funding(files, allow_gaps=allow).values
        else:
            rows = candle_rows(load_candles(files, allow_gaps=allow))
        written.append(
            Written(
                coin=files.coin,
                interval=str(files.interval),
                is_funding=files.name.is_funding,
                rows=rows,
            )
        )
    tell(write_all(target, written, form), as_json=as_json)


def _named(
    sources: Sequence[Path], coin: str | None, interval: str | None, *, funding: bool
) -> list[SeriesFiles]:
    from nof0_core.domain.candles import Interval, interval_ms
    from nof0_core.errors import UsageError
    from nof0_core.recordings.coins import Pair
    from nof0_core.recordings.listing import SeriesFiles
    from nof0_core.recordings.names import SeriesName

    length = interval or ("1h" if funding else None)
    if not coin or not length:
        message = "--coin and --interval belong together"
        raise UsageError(message, hints=("give both, for example --coin BTC --interval 1m",))
    try:
        interval_ms(length)
    except ValueError as error:
        raise UsageError(str(error)) from None
    if not coin.isalnum():
        message = f'"{coin}" is not a coin: letters and digits are'
        raise UsageError(message)
    if funding and length != "1h":
        message = "funding rates are hourly: leave --interval out"
        raise UsageError(message)
    name = SeriesName(
        pair=Pair(coin), interval=Interval(length), is_funding=funding, dates="", family=""
    )
    paths: list[Path] = []
    for source in sources:
        paths += sorted(each for each in source.iterdir()) if source.is_dir() else [source]
    return [SeriesFiles(name=name, paths=tuple(dict.fromkeys(paths)))]


def _listed(sources: Sequence[Path]) -> list[SeriesFiles]:
    from nof0_core.errors import DataError
    from nof0_core.recordings.listing import list_files, list_folder, nothing_found
    from nof0_core.recordings.loading import refuse

    series: list[SeriesFiles] = []
    listings = [list_folder(source) for source in sources if source.is_dir()]
    files = [source for source in sources if not source.is_dir()]
    if files:
        listings.append(list_files(files))
    for listing in listings:
        refuse(listing.faults)
        if not listing.series:
            raise nothing_found(listing, "any coin")
        series += listing.series
    keys = [(each.coin.lower(), each.interval, each.name.is_funding) for each in series]
    for key, each in zip(keys, series, strict=True):
        if keys.count(key) > 1:
            message = f"{each.paths[0]}: another of the sources holds the same series"
            raise DataError(message, hints=("import one of the two",))
    return series
