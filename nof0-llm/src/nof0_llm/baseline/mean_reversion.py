"""Bet on the way back to the mean."""

from __future__ import annotations

import math

from nof0_core.domain.context import DecisionContext
from nof0_core.domain.decision import Decision
from nof0_llm.baseline.entry import enter, has_room, leave
from nof0_llm.baseline.params import BaselineParams
from nof0_llm.baseline.reading import last, markets, not_ready, series_of, values


def mean_reversion(context: DecisionContext, params: BaselineParams) -> tuple[Decision, ...]:
    """Buy far below the slow average when RSI is low but rising, sell short in the mirror case.

    Far is `distance_atr` ATRs; low is `rsi_low`, high `rsi_high`. That RSI has turned keeps it from
    buying into every bar of a slide. The stop is `stop_atr` ATRs away, the target `reward` times
    that. With `exit_on_signal` a position is closed once the price is back at the average. Uses
    `interval`, `slow`, `rsi`, `atr` and the sizing settings.
    """
    decisions: list[Decision] = []
    may_enter, seen, ready = has_room(context), 0, 0
    held = {holding.symbol: holding for holding in context.account.holdings}
    for market in markets(context, params):
        seen += 1
        series = series_of(market, params.interval)
        mean, atr = last(series, params.slow), last(series, params.atr)
        rsi = values(series, params.rsi)
        now, before = (rsi.item(-1), rsi.item(-2)) if len(rsi) > 1 else (math.nan, math.nan)
        if not math.isfinite(mean + atr + now + before) or atr <= 0:
            continue
        ready += 1
        away = (float(market.snapshot.quote.mark) - mean) / atr
        holding = held.get(market.symbol)
        if holding is not None:
            if params.exit_on_signal and (away >= 0 if holding.is_long else away <= 0):
                reason = f"The price is back at {params.slow}."
                decisions.append(leave(market.symbol, params, reason))
            continue
        is_low = away <= -params.distance_atr and before <= params.rsi_low and now > before
        is_high = away >= params.distance_atr and before >= params.rsi_high and now < before
        if not may_enter or not (is_low or is_high):
            continue
        entry = enter(
            market,
            context,
            params,
            is_long=is_low,
            risk=params.stop_atr * atr,
            reasoning=f"The price is {abs(away):.1f} ATR {'below' if is_low else 'above'} "
            f"{params.slow} on {params.interval} bars and {params.rsi} has turned at {now:.1f}: "
            "expecting the way back.",
            invalidation=f"{params.rsi} makes a new extreme on {params.interval} bars",
        )
        if entry is not None:
            decisions.append(entry)
    if seen and not ready:
        raise not_ready(params, params.slow, params.atr, params.rsi)
    return tuple(decisions)
