"""Reading indicators, with an error that says what to configure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from nof0_core.domain.candles import FloatArray, Interval
from nof0_core.domain.context import DecisionContext
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.snapshot import MarketSnapshot, Series
from nof0_core.errors import LLMError
from nof0_core.ids import Symbol
from nof0_llm.baseline.params import BaselineParams


class Market(NamedTuple):
    """One coin a strategy may look at; a plain tuple, made for every coin in every cycle."""

    symbol: Symbol
    instrument: Instrument
    snapshot: MarketSnapshot


def markets(context: DecisionContext, params: BaselineParams) -> Iterator[Market]:
    """Yield the coins of a strategy that there is data of, in the trader's order.

    Raises:
        LLMError: `params.symbols` names a coin the trader does not have.
    """
    wanted, snapshots, instruments = params.symbols, context.snapshots, context.instruments
    for name in wanted:
        if name not in context.symbols:
            message = (
                f'params.symbols names "{name}", which is not among the symbols of trader '
                f"{context.trader} ({', '.join(context.symbols)})"
            )
            raise LLMError(message)
    for symbol in context.symbols:
        if wanted and symbol not in wanted:
            continue
        snapshot, instrument = snapshots.get(symbol), instruments.get(symbol)
        if snapshot is not None and instrument is not None:
            yield Market(symbol, instrument, snapshot)


def series_of(market: Market, interval: str) -> Series:
    """Return the bars of one interval.

    Raises:
        LLMError: the interval is not configured.
    """
    found = market.snapshot.series.get(Interval(interval))
    if found is not None:
        return found
    have = ", ".join(market.snapshot.series) or "none"
    message = (
        f'params.interval is "{interval}", but {market.symbol} has bars of {have}: '
        f'add "{interval}" to intervals in market.yaml or change the params'
    )
    raise LLMError(message)


def values(series: Series, name: str) -> FloatArray:
    """Return an indicator, oldest first; may hold NaN where it has no value yet.

    Raises:
        LLMError: the indicator is not configured.
    """
    try:
        return series.indicators[name]
    except KeyError:
        have = ", ".join(series.indicators) or "none"
        message = (
            f'the strategy needs the indicator "{name}" on {series.interval} bars (there: {have}): '
            "add it to indicators in market.yaml (or the trader's own in manager.yaml), or name "
            "another in the model's params"
        )
        raise LLMError(message) from None


def last(series: Series, name: str) -> float:
    """Return the newest value of an indicator, NaN where there is none yet.

    Raises:
        LLMError: the indicator is not configured.
    """
    found = values(series, name)
    return found.item(-1) if len(found) else float("nan")


def not_ready(params: BaselineParams, *names: str) -> LLMError:
    """Return the error for indicators that have no value on any coin."""
    return LLMError(
        f"{', '.join(names)} on {params.interval} bars have no value on any coin yet: start the "
        "clock later in the recording, or raise series_bars in market.yaml"
    )
