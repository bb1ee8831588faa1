"""The ledger: where the trades of the shared exchange accounts belong.

A fold of events. The same code rebuilds it from the journal after a restart and keeps it up to
date while the engine runs.
"""

from nof0_core.ledger.account import Totals
from nof0_core.ledger.brakes import Brakes, next_midnight
from nof0_core.ledger.funding import share_funding
from nof0_core.ledger.ledger import Ledger
from nof0_core.ledger.orders import OrderRecord
from nof0_core.ledger.pools import Pool
from nof0_core.ledger.position import Position

__all__ = [
    "Brakes",
    "Ledger",
    "OrderRecord",
    "Pool",
    "Position",
    "Totals",
    "next_midnight",
    "share_funding",
]
