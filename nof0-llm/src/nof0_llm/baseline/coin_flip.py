"""Trade at random: what luck alone would have earned."""

from __future__ import annotations

import random

from nof0_core.domain.candles import to_ms
from nof0_core.domain.context import DecisionContext
from nof0_core.domain.decision import Decision
from nof0_core.errors import LLMError
from nof0_llm.baseline import draws
from nof0_llm.baseline.entry import enter, has_room, leave
from nof0_llm.baseline.params import BaselineParams
from nof0_llm.baseline.reading import last, markets, not_ready, series_of


def coin_flip(context: DecisionContext, params: BaselineParams) -> tuple[Decision, ...]:
    """Open a position on a random coin and side now and then, close it at random or at its exits.

    Every draw comes from `seed`, trader and the time, so a cycle run again decides the same.
    `interval` must be the trader's decision interval: one cycle opens with the probability
    `trades_per_day` x interval / 1 day and closes each position with interval / `hold`. The stop
    is `stop_atr` ATRs away, the target `reward` times that. Uses `atr`, `symbols` and the sizing
    settings.
    """
    trader, now = context.trader, to_ms(context.time)
    try:
        is_time = draws.is_entry(params, trader, now) and has_room(context)
        decisions = [
            leave(holding.symbol, params, "The draw says that it has been held long enough.")
            for holding in context.account.holdings
            if draws.is_leaving(params, trader, holding.symbol, now)
        ]
    except ValueError as error:
        message = f"params.interval: {error}"
        raise LLMError(message) from None
    if is_time:
        entry = _entry(context, params, draws.choice(params, trader, now))
        if entry is not None:
            decisions.append(entry)
    return tuple(decisions)


def _entry(context: DecisionContext, params: BaselineParams, rng: random.Random) -> Decision | None:
    free = [m for m in markets(context, params) if context.holding(m.symbol) is None]
    if not free:
        return None
    market, is_long = rng.choice(free), rng.random() < 1 / 2
    atr = last(series_of(market, params.interval), params.atr)
    if not atr > 0:
        raise not_ready(params, params.atr)
    return enter(
        market,
        context,
        params,
        is_long=is_long,
        risk=params.stop_atr * atr,
        reasoning=f"The draw says {'long' if is_long else 'short'} {market.symbol}.",
        invalidation="none: the position was drawn by lot",
    )
