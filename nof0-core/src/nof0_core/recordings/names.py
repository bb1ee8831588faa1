"""File names of recordings: nof0's own, and those of places where candles can be had."""

from __future__ import annotations

import re

import attrs

from nof0_core.domain.candles import Interval
from nof0_core.recordings.coins import Pair, pair_of

SUFFIXES = (".csv.gz", ".json.gz", ".csv", ".json", ".zip", ".parquet", ".feather")
"""Endings of files that are read."""
PATTERN = "<coin>_<interval>.csv.gz or <coin>_funding_1h.csv.gz, for example hl_btc_3m.csv.gz"

_INTERVAL = re.compile(r"[1-9]\d*[smhdw]")
_WORDS = {"minute": "1m", "1min": "1m", "hour": "1h", "1hour": "1h", "d": "1d", "daily": "1d"}
_KRAKEN = {"1": "1m", "5": "5m", "15": "15m", "30": "30m", "60": "1h", "240": "4h", "1440": "1d"}
_DATE = re.compile(r"(?:19|20)\d{2}(?:\d{2}){0,2}|[01]\d|[0-3]\d|Q[1-4]|to", re.IGNORECASE)
_DERIVATIVE = frozenset({"perp", "perpetual", "swap", "futures", "spot", "pf", "um"})
_INVERSE = re.compile(r"[A-Z0-9]+USD_PERP-")
"""Binance's markets in which a coin is the margin."""
_NOT_TRADED = frozenset({"mark", "index", "premiumindex"})


@attrs.frozen(kw_only=True)
class SeriesName:
    """What a file name tells.

    `dates` is the part of the period the file holds, "" where it holds all; `family` the name
    without them. `is_traded` is false for mark and index prices, which no trade was made at.
    """

    pair: Pair
    interval: Interval
    is_funding: bool
    dates: str
    family: str
    is_traded: bool = True


def suffix_of(name: str) -> str:
    """Return the ending by which a file is read, "" for one that is not."""
    return next((suffix for suffix in SUFFIXES if name.lower().endswith(suffix)), "")


def series_name(name: str, wanted: frozenset[str] = frozenset()) -> SeriesName | str:
    """Return what the name of a file tells, or in one sentence why it does not.

    Args:
        name: without directory; it ends in one of `SUFFIXES`.
        wanted: coins in lower case that are taken as they are spelled.
    """
    stem = name[: -len(suffix_of(name))].removesuffix(".csv")
    words = [word for word in re.split(r"[_\-. ]+", stem) if word]
    place = _interval_at(words) or _binance_funding(words)
    if place is None:
        return "the name does not tell symbol and interval"
    at, interval = place
    before, after = words[:at], words[at + 1 :]
    kinds = {word.lower() for word in after if not _DATE.fullmatch(word)}
    is_funding = bool({"funding", "fundingrate"} & {words[at].lower(), *kinds})
    known = _DERIVATIVE | _NOT_TRADED | {"funding", "rate", "fundingrate"}
    if kinds - known:
        return f'the name goes on after the interval with "{"_".join(after)}"'
    dates = [word for word in words[1:] if _DATE.fullmatch(word)]
    before = before[:1] + [word for word in before[1:] if not _DATE.fullmatch(word)]
    if before and before[-1].lower() in ("funding", "fundingrate"):
        is_funding = True
        before.pop()
    while len(before) > 1 and before[-1].lower() in _DERIVATIVE:
        before.pop()
    if not before:
        return "the name does not tell symbol and interval"
    pair = pair_of(before, wanted)
    if isinstance(pair, str):
        return f"the name does not tell whose price it is: {pair}"
    return SeriesName(
        pair=attrs.evolve(pair, is_inverse=_INVERSE.match(stem) is not None),
        interval=interval,
        is_funding=is_funding,
        dates="-".join(dates),
        family="_".join([*before, str(interval), *sorted(kinds)]).lower(),
        is_traded=not kinds & _NOT_TRADED,
    )


def _binance_funding(words: list[str]) -> tuple[int, Interval] | None:
    """Find the rates of Binance, whose names leave out that they are settled every 8 hours."""
    for at, word in enumerate(words):
        if at and word == "fundingRate":
            return at, Interval("8h")
    return None


def _interval_at(words: list[str]) -> tuple[int, Interval] | None:
    for at in range(len(words) - 1, 0, -1):
        word = words[at]
        if _INTERVAL.fullmatch(word):
            return at, Interval(word)
        if word.lower() in _WORDS:
            return at, Interval(_WORDS[word.lower()])
    # Kraken counts minutes: XBTUSD_60.
    if len(words) == 2 and words[1] in _KRAKEN:
        return 1, Interval(_KRAKEN[words[1]])
    return None
