"""What pages of a download must be like before they are kept."""

from __future__ import annotations

from datetime import datetime
from typing import NoReturn

import numpy as np

from nof0_core.border.bars import checked_bars
from nof0_core.border.values import moment, shown
from nof0_core.domain.candles import Candles, Interval, from_ms, interval_ms, to_ms
from nof0_core.errors import DataError
from nof0_core.ids import Symbol
from nof0_core.protocols import FundingRate

HOUR_MS = 3_600_000
HIGHEST_RATE = 0.04
"""Of notional and hour, either way; what is more was written in percent."""
ROWS = 1_000_000
_DAY_MS = 86_400_000


def checked_page(
    section: str, symbol: Symbol, interval: Interval, page: object, *, after: int, end: datetime
) -> Candles:
    """Return a page of bars that can follow what is there.

    Args:
        section: the market section, for messages.
        symbol: whose bars they are.
        interval: the interval that was asked for.
        page: what the provider yielded.
        after: the first bar opens at this time or later, ms.
        end: no bar closes later.

    Raises:
        DataError: what `checked_bars` refuses, bars out of the span or off the grid, or too many.
    """
    if type(page) is not Candles:
        _refuse(section, f"{symbol} {interval}: a page is {shown(page)}, no Candles")
    bars = checked_bars(section, symbol, interval, page, end)
    if not len(bars):
        return bars
    if len(bars) > ROWS:
        _refuse(section, f"{symbol} {interval}: a page has {len(bars)} bars, more than {ROWS}")
    first, length = int(bars.open_time[0]), interval_ms(interval)
    if first < after:
        _refuse(
            section,
            f"{symbol} {interval}: a page begins at {_time(first)}, before {_time(after)}",
        )
    # Weeks begin where the venue says.
    origin = bars.open_time % length if length <= _DAY_MS else (bars.open_time - first) % length
    if origin.any():
        off = int(bars.open_time[int(np.argmax(origin != 0))])
        _refuse(section, f"{symbol} {interval}: a bar opens at {_time(off)}, off the grid")
    return bars


def checked_rates(
    section: str, symbol: Symbol, page: object, *, after: int, end: datetime
) -> list[tuple[int, float]]:
    """Return a page of funding rates as (ms, fraction per hour), which can follow what is there.

    Raises:
        DataError: what is no rates, not in order, not on the hour, out of the span or too high.
    """
    where = f"funding of {symbol}"
    if type(page) is not list and type(page) is not tuple:
        _refuse(section, f"{where}: a page is {shown(page)}, no list")
    if len(page) > ROWS:
        _refuse(section, f"{where}: a page has more than {ROWS} rates")
    found: list[tuple[int, float]] = []
    for row in page:
        if type(row) is not FundingRate:
            _refuse(section, f"{where}: a page has {shown(row)}, no FundingRate")
        if wrong := moment(row.time):
            _refuse(section, f"{where}: the time of a rate {wrong}")
        if type(row.rate) is not float or not abs(row.rate) <= HIGHEST_RATE:
            _refuse(section, f"{where}: a rate is {shown(row.rate)}, no fraction per hour")
        time = to_ms(row.time)
        if time % HOUR_MS:
            _refuse(section, f"{where}: a rate of {_time(time)}, which is no full hour")
        if time < after or time >= to_ms(end):
            _refuse(section, f"{where}: a rate of {_time(time)}, which was not asked for now")
        found.append((time, row.rate))
        after = time + 1
    return found


def _time(milliseconds: int) -> str:
    return f"{from_ms(milliseconds):%Y-%m-%dT%H:%M:%SZ}"


def _refuse(section: str, what: str) -> NoReturn:
    message = f"market {section}: {what}"
    raise DataError(message, section=section)
