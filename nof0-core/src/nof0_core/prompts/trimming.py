"""Making a prompt fit a limit: fewer bars, then no past, and nothing else."""

from __future__ import annotations

import attrs

from nof0_core.domain.context import DecisionContext
from nof0_core.domain.feedback import Feedback
from nof0_core.domain.snapshot import MarketSnapshot, Series


def longest(context: DecisionContext) -> int:
    """Return how many bars the longest series has."""
    return max(
        (len(s.candles) for each in context.snapshots.values() for s in each.series.values()),
        default=0,
    )


def newest(context: DecisionContext, bars: int) -> DecisionContext:
    """Return the context with at most so many of the newest bars in each series."""
    snapshots = {symbol: _shorter(each, bars) for symbol, each in context.snapshots.items()}
    return attrs.evolve(context, snapshots=snapshots)


def without_past(context: DecisionContext) -> DecisionContext:
    """Return the context of a trader that remembers nothing."""
    return attrs.evolve(context, past=Feedback())


def notice(bars: int, of: int, limit: int, *, has_past: bool) -> str:
    """Say what was left out, for the model and for the journal."""
    if bars == of:
        return (
            f"Your last answer and trades are left out so that the prompt keeps to {limit} tokens. "
            "Nothing else is left out."
        )
    also = "" if has_past else " Your last answer and trades are not shown either."
    return (
        f"Series are cut to the newest {bars} of {of} bars so that the prompt keeps to "
        f"{limit} tokens; older bars are not shown.{also} Nothing else is left out."
    )


def _shorter(snapshot: MarketSnapshot, bars: int) -> MarketSnapshot:
    series = {interval: _newest(each, bars) for interval, each in snapshot.series.items()}
    return attrs.evolve(snapshot, series=series)


def _newest(series: Series, bars: int) -> Series:
    have = len(series.candles)
    if have <= bars:
        return series
    window = slice(have - bars, have)
    indicators = {name: values[window] for name, values in series.indicators.items()}
    return attrs.evolve(series, candles=series.candles[window], indicators=indicators)
