"""All traders of a venue account, as risk checks see them."""

from __future__ import annotations

from datetime import datetime

from nof0_core.domain.event import MarksSeen
from nof0_core.domain.venue_view import OpenEntry, VenueTrader, VenueView
from nof0_core.ids import RESERVE, TraderId
from nof0_core.state.engine_state import EngineState
from nof0_core.state.open_entries import open_entries


def venue_view(
    state: EngineState,
    seen: MarksSeen,
    *,
    time: datetime,
    market: str,
    seq: int,
) -> VenueView:
    """Make the picture of a venue account; it depends on the arguments alone.

    Args:
        state: the fold of the journal up to `seq`, with the instruments recorded until then.
        seen: the marks to value it at.
        time: of the decision, UTC.
        market: the section the venue account is valued with.
        seq: number of the newest record that counts.
    """
    name, instruments = seen.venue_account, state.facts.instruments(market)
    entries: dict[TraderId, list[OpenEntry]] = {}
    for trader, entry in open_entries((*state.open_orders(name), *state.unbooked(name))):
        if entry.quantity:
            entries.setdefault(trader, []).append(entry)
    return VenueView(
        venue_account=name,
        seq=seq,
        traders=tuple(
            VenueTrader(
                account=state.account(name, trader, seen.marks, time, instruments, seen.stale),
                entries=tuple(entries.get(trader, ())),
            )
            for trader in state.traders(name)
            if trader != RESERVE
        ),
    )
