"""Buy once, then wait."""

from __future__ import annotations

from nof0_core.domain.context import DecisionContext
from nof0_core.domain.decision import Decision
from nof0_llm.baseline.entry import enter
from nof0_llm.baseline.params import BaselineParams
from nof0_llm.baseline.reading import markets


def buy_and_hold(context: DecisionContext, params: BaselineParams) -> tuple[Decision, ...]:
    """Buy each of `symbols` once and never sell.

    Uses `symbols`, `size_pct` (of each position), `leverage`, `confidence`; with stops switched on
    also `stop_pct`, and with targets `reward`. Once a trade has closed (a stop was hit, somebody
    closed it) nothing is bought any more: what was sold stays sold.
    """
    account = context.account
    room = context.limits.max_positions - len(account.holdings)
    if room <= 0 or context.performance.trades or account.equity <= 0:
        return ()
    held = {holding.symbol for holding in account.holdings}
    if all(symbol in held for symbol in params.symbols or context.symbols):
        return ()
    entries = []
    for market in markets(context, params):
        if market.symbol in held:
            continue
        entry = enter(
            market,
            context,
            params,
            is_long=True,
            risk=float(market.snapshot.quote.mark) * params.stop_pct / 100,
            reasoning=f"{market.symbol} is bought once and held.",
        )
        if entry is not None:
            entries.append(entry)
    return tuple(entries[:room])
