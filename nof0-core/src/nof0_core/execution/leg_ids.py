"""Client order ids of the legs of a position, each used once."""

from __future__ import annotations

from nof0_core.ids import ClientOrderId, TraderId, client_order_id
from nof0_core.ledger import Position
from nof0_core.state.recorder import Recorder


def next_id(
    recorder: Recorder, trader: TraderId, position: Position, leg: str, *, skip: int = 0
) -> ClientOrderId:
    """Return the client order id of the next order for a leg of a position.

    Its number is that of the order among all that were ever written down for the trader, so none
    comes twice, however long a position is held, and each is the same amount of work. After a crash
    it is the same id again only if the intent was never recorded, hence never sent. Nothing may be
    awaited before it is written down. `skip` leaves out as many numbers, for orders of the same leg
    that are made at the same time.
    """
    number = recorder.state.order_count(trader) + 1 + skip
    return client_order_id(trader, position.cycle, position.symbol, f"{leg}.{number}")
