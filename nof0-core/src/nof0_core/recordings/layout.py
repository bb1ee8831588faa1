"""Which column of a file is what, by its header or its width."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

CANDLES = ("time", "open", "high", "low", "close", "volume")
FUNDING = ("time", "rate")
"""What is read of a file of candles and of funding rates, in this order."""
CANDLE_COLUMNS = ("timestamp_ms", "open", "high", "low", "close", "volume")
FUNDING_COLUMNS = ("timestamp_ms", "funding_rate")
"""Headers of nof0's own files."""

_ALIASES = {
    "time": (
        "timestamp_ms",
        "open_time",
        "open time",
        "opentime",
        "unix",
        "timestamp",
        "time",
        "t",
        "start",
        "ts",
        "datetime",
        "date",
    ),
    "open": ("open", "o"),
    "high": ("high", "h"),
    "low": ("low", "l"),
    "close": ("close", "c"),
    "volume": ("volume", "v", "vol", "base_volume"),
    "rate": ("funding_rate", "fundingrate", "rate", "open"),
}
_MARKET = ("symbol", "s", "coin", "pair")
_INTERVAL = ("i", "interval")
_WIDTHS = {
    6: (0, 1, 2, 3, 4, 5),  # freqtrade, ccxt, Coinbase
    7: (0, 1, 2, 3, 4, 5),  # Kraken's archives: and the number of trades
    8: (0, 1, 2, 3, 4, 6),  # Kraken's API: the average price stands before the volume
    12: (0, 1, 2, 3, 4, 5),  # Binance
}

_BINANCE, _COINS = 12, 7
"""Columns of its archives, and where those of coins as margin have the volume in coins."""


@attrs.frozen(kw_only=True)
class Layout:
    """Places of what is read, in its order, and of what is compared with the file's name.

    `unit` is "ms" where the header says that stamps are in milliseconds, else "" and their size
    tells. `names` are all columns in order, "" without a header.
    """

    places: tuple[int, ...]
    width: int
    unit: str = ""
    market: int | None = None
    interval: int | None = None
    names: tuple[str, ...] = ()

    def name(self, place: int) -> str:
        """Name a column for a message."""
        return f'"{self.names[place]}"' if self.names else f"of column {place + 1}"


def by_header(names: Sequence[str], fields: Sequence[str], coin: str) -> Layout | str:
    """Find columns by their names, or say in one sentence which is missing.

    Args:
        names: as they stand in the file.
        fields: `CANDLES` or `FUNDING`.
        coin: whose file it is; some headers name the coin a volume is in.
    """
    clean = [name.strip().lstrip("\ufeff") for name in names]
    places = []
    for field in fields:
        aliases = _ALIASES[field]
        if field == "volume":
            aliases = (*aliases, f"volume {coin.lower()}", f"volume_{coin.lower()}")
        place = _find(clean, aliases)
        if place is None:
            return f"there is no column of the {field}"
        places.append(place)
    return Layout(
        places=tuple(places),
        width=len(clean),
        unit="ms" if clean[places[0]].lower() == "timestamp_ms" else "",
        market=_find(clean, _MARKET),
        interval=_find(clean, _INTERVAL),
        names=tuple(clean),
    )


def by_width(width: int, fields: Sequence[str]) -> Layout | str:
    """Find columns of a file without header by their number, or say why that does not tell."""
    places = _WIDTHS.get(width) if fields == CANDLES else {2: (0, 1)}.get(width)
    if places is None:
        return f"there is no header, and {width} columns do not tell what they are"
    return Layout(places=places, width=width)


def in_coins(layout: Layout) -> Layout | str:
    """Read the volume of a market in which a coin is the margin, or say why that cannot be.

    Binance counts contracts there, and has the coins where others have the turnover.
    """
    if layout.width != _BINANCE:
        return "volume in contracts is no volume in coins"
    return attrs.evolve(layout, places=(*layout.places[:-1], _COINS))


def _find(names: Sequence[str], aliases: Sequence[str]) -> int | None:
    """Find the first alias; as it is spelled first, for some files have `t` and `T`."""
    for alias in aliases:
        if alias in names:
            return names.index(alias)
    folded = [name.lower() for name in names]
    for alias in aliases:
        if alias in folded and (len(alias) > 1 or folded.count(alias) == 1):
            return folded.index(alias)
    return None
