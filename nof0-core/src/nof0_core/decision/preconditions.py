"""Is there enough to decide on?"""

from __future__ import annotations

from nof0_core.domain.context import DecisionContext
from nof0_core.domain.vocabulary import CycleStatus


def unmet(context: DecisionContext) -> tuple[CycleStatus, str] | None:
    """Return why no model should be asked, or None.

    One symbol with fresh prices is enough: the risk gate refuses entries on the others, while their
    positions may still be closed. An account below zero may still close; one that cannot be valued
    must not act at all.
    """
    if not context.account.equity.is_finite():
        return CycleStatus.UNREADABLE_EQUITY, f"equity is {context.account.equity}"
    freshest, limit = None, context.limits.max_data_age
    for symbol in context.symbols:
        snapshot = context.snapshots.get(symbol)
        if snapshot is None:
            continue
        age = context.time - snapshot.quote.time
        if age <= limit:
            return None
        freshest = age if freshest is None else min(freshest, age)
    if freshest is None:
        return CycleStatus.NO_DATA, f"no market data for {', '.join(context.symbols)}"
    return (
        CycleStatus.STALE_DATA,
        f"the freshest prices are {freshest} old, at most {limit} allowed",
    )
