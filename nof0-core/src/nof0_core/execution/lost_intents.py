"""Orders at the venue that look like ours and that the journal does not know."""

from __future__ import annotations

from collections.abc import Collection

from nof0_core.domain.outcome import VenueOrder
from nof0_core.ids import ClientOrderId, Symbol, is_shared, trader_tag
from nof0_core.state.alert_once import AlertOnce
from nof0_core.state.recorder import Recorder


class LostIntents:
    """Looks for waiting orders with the id of a trader and without an intent.

    Every intent is on disk before its order leaves: either part of the journal is lost, or another
    engine trades for the same traders. The coin is entered by nobody for as long as it waits there;
    positions and exits go on.
    """

    def __init__(self, *, venue_account: str, recorder: Recorder) -> None:
        self._venue_account = venue_account
        self._recorder = recorder
        self._told: AlertOnce[ClientOrderId] = AlertOnce(recorder, "lost_intent")
        self._symbols: frozenset[Symbol] = frozenset()

    def look(self, orders: Collection[VenueOrder]) -> None:
        """Compare what the venue lists now with what is known."""
        state = self._recorder.state
        unknown = {
            order.client_id: order
            for order in orders
            if order.client_id is not None and state.order(order.client_id) is None
        }
        tags = {
            f"0x{trader_tag(trader)}": trader
            for trader in (state.traders(self._venue_account) if unknown else ())
            if not is_shared(trader)
        }
        found = {client_id: order for client_id, order in unknown.items() if client_id[:10] in tags}
        for client_id, order in found.items():
            trader = tags[client_id[:10]]
            self._told.alert(
                client_id,
                f"{self._venue_account}: an order on {order.symbol} waits at the venue with an id "
                f"of {trader} ({client_id}) that the journal does not know: part of it is lost, or "
                "another engine trades here; nobody enters the coin until the order is gone",
                trader=trader,
                symbol=order.symbol,
            )
        self._told.clear_all_but(found)
        self._symbols = frozenset(order.symbol for order in found.values())

    def refusal(self, symbol: Symbol) -> str:
        """Say why no entry on a coin may leave; empty if one may."""
        if symbol in self._symbols:
            return "entries are stopped: an order waits at the venue that the journal does not know"
        return ""
