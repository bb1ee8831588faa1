"""`nof0 data resample`: longer bars from the candle files of a folder."""

from __future__ import annotations

from pathlib import Path

import click

from nof0_core.cli.data_import import format_option, target_option
from nof0_core.cli.data_list import folder_argument
from nof0_core.cli.data_progress import followed
from nof0_core.cli.data_written import Written, tell, write_all
from nof0_core.cli.options import json_option


@click.command("resample")
@folder_argument
@click.option("--interval", required=True, help="Length of the bars to make: 5m, 1h, 1d.")
@target_option
@format_option
@json_option
def resample(folder: Path, interval: str, target: Path, form: str, *, as_json: bool) -> None:
    """Make longer bars of the shortest ones each coin has in DIR.

    Bars of which a part is missing are left out and counted. Funding rates are written as they are.
    """
    from nof0_core.domain.candles import Interval, interval_ms
    from nof0_core.recordings.listing import SeriesFiles, list_folder, nothing_found
    from nof0_core.recordings.loading import load_candles, load_funding, refuse
    from nof0_core.recordings.resampling import resampled
    from nof0_core.recordings.writing import candle_rows

    listing = list_folder(folder)
    refuse(listing.faults)
    finest: dict[tuple[str, bool], SeriesFiles] = {}
    for files in listing.series:
        key = (files.coin.lower(), files.name.is_funding)
        known = finest.setdefault(key, files)
        if interval_ms(files.interval) < interval_ms(known.interval):
            finest[key] = files
    if not any(not is_funding for _, is_funding in finest):
        raise nothing_found(listing, "any coin")
    made = []
    for files in followed(list(finest.values()), "reading"):
        length, left_out = str(files.interval), 0
        if files.name.is_funding:
            rows = load_funding(files, allow_gaps=True).values
        else:
            candles, left_out = resampled(load_candles(files, allow_gaps=True), Interval(interval))
            rows, length = candle_rows(candles), interval
        made.append(
            Written(
                coin=files.coin,
                interval=length,
                is_funding=files.name.is_funding,
                rows=rows,
                left_out=left_out,
            )
        )
    tell(write_all(target, made, form), as_json=as_json)
