"""Candles and funding of a database, as a recording: what traders were shown in a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from anyio.from_thread import start_blocking_portal

from nof0_core.domain.candles import FloatArray, Interval
from nof0_core.errors import DataError, ProviderError
from nof0_core.ids import Symbol
from nof0_core.recordings.checking import candle_faults, candles_of, funding_faults
from nof0_core.recordings.loading import refuse
from nof0_core.recordings.recording import Recording
from nof0_core.recordings.series import BarSeries, RateSeries
from nof0_core.recordings.table import Table
from nof0_core.storage.candles import bars, rates, sections, series
from nof0_core.storage.database import DatabaseSettings, Session, opened
from nof0_core.storage.preparing import fault_of_schema

_PATIENCE = 30.0
"""Seconds of real time that reading a stretch may take: nobody trades meanwhile."""
_HOUR = Interval("1h")


def load_recording(
    data_source: str, symbols: Sequence[str] = (), *, section: str = "", allow_gaps: bool = False
) -> Recording:
    """Load all candles and funding rates that a market section of a database has.

    It may be called from any thread and waits until all is read. Symbols are spelled as in
    `symbols`, which also limits what is loaded; if it is empty all are.

    Args:
        data_source: `postgresql://…` or `sqlite:///PATH`.
        symbols: the coins; empty: all.
        section: the market section whose bars they are (`provider_id`); "": the only one.
        allow_gaps: take series in which bars are missing.

    Raises:
        DataError: the database is away or has none of that, or a row is not what it claims to be.
    """
    settings = DatabaseSettings(data_source=data_source, reading=True, timeout=_PATIENCE)
    try:
        with start_blocking_portal() as portal:
            found = portal.call(_read, settings, section, symbols)
    except DataError:
        raise
    except ProviderError as error:
        message = f"candles of the database: {error}"
        raise DataError(message, hints=error.hints) from error
    return _made(found, allow_gaps=allow_gaps)


class _Found:
    """Numbers of a section: bars by symbol and interval, rates by symbol."""

    def __init__(self, section: str) -> None:
        self.section = section
        self.bars: dict[Symbol, dict[Interval, FloatArray]] = {}
        self.rates: dict[Symbol, FloatArray] = {}


async def _read(settings: DatabaseSettings, section: str, symbols: Sequence[str]) -> _Found:
    async with opened(settings) as database, database.transaction() as session:
        if fault := await session.call(fault_of_schema, "reading the schema's revision"):
            raise DataError(fault)
        if fault is None:
            message = "the database has no tables"
            raise DataError(message, hints=("run with a `sql` exporter first",))
        found = _Found(section or await _only_section(session))
        wanted = {symbol.lower(): Symbol(symbol) for symbol in symbols}
        for name, interval in await series(session, found.section):
            symbol = wanted.get(name.lower(), Symbol(name))
            if wanted and name.lower() not in wanted:
                continue
            numbers = await bars(session, found.section, name, interval)
            found.bars.setdefault(symbol, {})[Interval(interval)] = numbers
            if symbol not in found.rates:
                found.rates[symbol] = await rates(session, found.section, name)
    missing = [symbol for symbol in wanted.values() if symbol not in found.bars]
    if missing or not found.bars:
        what = ", ".join(missing) or "any coin"
        message = f'the database has no candles of {what} from a market section "{found.section}"'
        raise DataError(message)
    return found


async def _only_section(session: Session) -> str:
    found = await sections(session)
    if len(found) == 1:
        return found[0]
    message = "the database has no candles"
    if found:
        message = f"the database has candles of several market sections: {', '.join(found)}"
        raise DataError(message, hints=("name one in `section`",))
    raise DataError(message, hints=("run with a `sql` exporter first",))


def _made(found: _Found, *, allow_gaps: bool) -> Recording:
    made: dict[Symbol, dict[Interval, BarSeries]] = {}
    paid: dict[Symbol, RateSeries] = {}
    for symbol, by_interval in found.bars.items():
        for interval, values in by_interval.items():
            table = _table(f"klines ({found.section} {symbol} {interval})", values)
            refuse(candle_faults(table, interval, allow_gaps=allow_gaps))
            made.setdefault(symbol, {})[interval] = BarSeries(candles_of(table, interval))
        if len(found.rates[symbol]):
            table = _table(f"funding_rates ({found.section} {symbol})", found.rates[symbol])
            refuse(funding_faults(table, _HOUR, allow_gaps=allow_gaps))
            times, values = table.values.T
            paid[symbol] = RateSeries(times.astype(np.int64), values)
    return Recording(made, paid)


def _table(name: str, values: FloatArray) -> Table:
    lines = np.arange(1, len(values) + 1)
    return Table(path=Path(name), values=values, lines=lines, in_lines=False)
