"""Client order ids of the legs of a position, each used once."""

from __future__ import annotations

from nof0_core.ids import ClientOrderId, TraderId, client_order_id
from nof0_core.ledger import Position
from nof0_core.state.recorder import Recorder


def next_id(
    recorder: Recorder, trader: TraderId, position: Position, leg: str, *, skip: int = 0
) -> ClientOrderId:
    """Return the first client order id of a position's leg that was not used yet.

    Counting up from 1 by what the ledger knows gives the same id again after a crash between
    intent and answer only if the intent was never recorded, hence never sent. `skip` leaves out as
    many ids, for orders that are made at the same time.
    """
    number = 1
    while True:
        name = f"{leg}.{number}"
        client_id = client_order_id(trader, position.cycle, position.symbol, name)
        if recorder.state.order(client_id) is None:
            if not skip:
                return client_id
            skip -= 1
        number += 1
