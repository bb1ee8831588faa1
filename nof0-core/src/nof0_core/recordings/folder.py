"""Loading the files of a recording."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from nof0_core.domain.candles import Interval
from nof0_core.errors import DataError
from nof0_core.ids import Symbol
from nof0_core.recordings.listing import Listing, list_folder, nothing_found
from nof0_core.recordings.loading import load_candles, load_funding, refuse
from nof0_core.recordings.recording import Recording
from nof0_core.recordings.series import BarSeries, RateSeries
from nof0_core.recordings.sharing import shared_or_loaded


def load_folder(folder: Path, symbols: Sequence[str], *, allow_gaps: bool) -> Recording:
    """Load all candle and funding files of a directory.

    File names are `<prefix>_<coin>_<interval>` and `<prefix>_<coin>_funding_1h`, the prefix may be
    missing; case does not matter. Names and formats of Binance, Coinbase, Kraken,
    CryptoDataDownload, Hyperliquid and freqtrade are known as well; files of which each holds a
    part of the period are put together. Symbols are spelled as in `symbols`, which also limits
    what is loaded; if it is empty all are, in capitals.

    Raises:
        DataError: naming the file, and the line where there is one.
    """
    listing = list_folder(folder, symbols)
    return shared_or_loaded(
        folder,
        symbols,
        listing.state,
        lambda: _loaded(listing, symbols, allow_gaps=allow_gaps),
        allow_gaps=allow_gaps,
    )


def _loaded(listing: Listing, symbols: Sequence[str], *, allow_gaps: bool) -> Recording:
    refuse(listing.faults)
    wanted = {symbol.lower(): Symbol(symbol) for symbol in symbols}
    bars: dict[Symbol, dict[Interval, BarSeries]] = {}
    rates: dict[Symbol, RateSeries] = {}
    for files in listing.series:
        symbol = wanted.get(files.coin.lower(), Symbol(files.coin.upper()))
        if files.name.is_funding:
            times, values = load_funding(files, allow_gaps=allow_gaps).values.T
            rates[symbol] = RateSeries(times.astype(np.int64), values)
        else:
            candles = load_candles(files, allow_gaps=allow_gaps)
            bars.setdefault(symbol, {})[files.interval] = BarSeries(candles)
    missing = [symbol for symbol in wanted.values() if symbol not in bars]
    if missing or not bars:
        raise nothing_found(listing, ", ".join(missing) if missing else "any symbol")
    if list_folder(listing.folder, symbols).state != listing.state:
        message = f"{listing.folder}: the directory changed while it was read"
        raise DataError(message, hints=("wait until nobody writes to it, and start again",))
    return Recording(bars, rates)
