"""`nof0 data`: files of candles and funding rates."""

from __future__ import annotations

import click

from nof0_core.cli.data_check import check
from nof0_core.cli.data_download import download
from nof0_core.cli.data_import import import_
from nof0_core.cli.data_list import list_
from nof0_core.cli.data_resample import resample


@click.group()
def data() -> None:
    """See, check, convert, download candle files.

    Read are CSV, gzipped CSV, zip, JSON, Parquet and Feather as nof0, Binance, Coinbase, Kraken,
    CryptoDataDownload, Hyperliquid and freqtrade write them. No file that is read is changed.
    """


for command in (download, list_, check, import_, resample):
    data.add_command(command)
