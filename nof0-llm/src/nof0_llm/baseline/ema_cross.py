"""Follow the trend when two averages cross."""

from __future__ import annotations

import math

from nof0_core.domain.context import DecisionContext
from nof0_core.domain.decision import Decision
from nof0_core.domain.snapshot import Series
from nof0_core.errors import LLMError
from nof0_llm.baseline.entry import enter, has_room, leave
from nof0_llm.baseline.params import PCT, BaselineParams
from nof0_llm.baseline.reading import Market, last, markets, not_ready, series_of, values

_NEUTRAL = 50.0


def ema_cross(context: DecisionContext, params: BaselineParams) -> tuple[Decision, ...]:
    """Buy when the fast average crosses above the slow one, sell short when it crosses below.

    The cross must have happened within `fresh_bars`; RSI must agree (above 50 for a long) and not
    be exhausted (below `rsi_high`; mirrored for a short). The stop is `stop_atr` ATRs away, or
    `stop_pct` percent of the mark (`stop_unit`), the target `reward` times that. With
    `exit_on_signal` a position is closed once the averages stand the other way round, and with
    `turn_round` the other side is entered in the same answer if it may be. Uses
    `interval`, `fast`, `slow`, `rsi`, `atr` (for a stop in ATRs) and the sizing settings.
    """
    decisions: list[Decision] = []
    has_slot, seen, ready = has_room(context), 0, 0
    held = {holding.symbol: holding for holding in context.account.holdings}
    for market in markets(context, params):
        seen += 1
        series = series_of(market, params.interval)
        cross = _cross(series, params)
        if cross is None:
            continue
        ready += 1
        trend, is_fresh = cross
        holding, may_enter = held.get(market.symbol), has_slot
        if holding is not None:
            if not params.exit_on_signal or holding.is_long == (trend > 0):
                continue
            reason = f"{params.fast} has crossed {params.slow} against the position."
            decisions.append(leave(market.symbol, params, reason))
            may_enter = params.turn_round and context.account.equity > 0
        if not (may_enter and is_fresh):
            continue
        rsi = last(series, params.rsi)
        risk, away = _stop(market, series, params)
        if not (math.isfinite(rsi) and math.isfinite(risk)):
            continue
        # Seen from a short, RSI is mirrored around 50.
        is_agreed = (
            _NEUTRAL < rsi < params.rsi_high if trend > 0 else params.rsi_low < rsi < _NEUTRAL
        )
        if not is_agreed:
            continue
        word, side = ("above", "long") if trend > 0 else ("below", "short")
        entry = enter(
            market,
            context,
            params,
            is_long=trend > 0,
            risk=risk,
            reasoning=f"{params.fast} crossed {word} {params.slow} on {params.interval} bars and "
            f"{params.rsi} is {rsi:.1f}: {side} with the stop {away} away.",
            invalidation=f"{params.fast} crosses back over {params.slow} on {params.interval} bars",
        )
        if entry is not None:
            decisions.append(entry)
    if seen and not ready:
        raise not_ready(params, params.fast, params.slow)
    return tuple(decisions)


def _stop(market: Market, series: Series, params: BaselineParams) -> tuple[float, str]:
    """Return how far away the stop is, in USD per coin, and that in words."""
    if params.stop_unit == PCT:
        return float(market.snapshot.quote.mark) * params.stop_pct / 100, f"{params.stop_pct:g} %"
    return params.stop_atr * last(series, params.atr), f"{params.stop_atr:g} ATR"


def _cross(series: Series, params: BaselineParams) -> tuple[float, bool] | None:
    """Return how far fast is above slow, and whether that is new; None without values.

    Raises:
        LLMError: an indicator is not configured, or too few bars are shown.
    """
    fast, slow = values(series, params.fast), values(series, params.slow)
    back = params.fresh_bars + 1
    if len(fast) < back:
        message = (
            f"params.fresh_bars is {params.fresh_bars}, which takes {back} bars, and "
            f"{len(fast)} are there: raise series_bars in market.yaml or lower fresh_bars"
        )
        raise LLMError(message)
    now = fast.item(-1) - slow.item(-1)
    if not math.isfinite(now):
        return None
    before = (fast.item(-index) - slow.item(-index) for index in range(2, back + 1))
    return now, now != 0 and any(difference * now <= 0 for difference in before)
