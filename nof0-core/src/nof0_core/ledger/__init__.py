"""The ledger: the money of every trader on the shared exchange accounts, exact to the last digit.

Accounts, positions, margin and the sharing of funding and liquidations; what changes them are
events, applied by `nof0_core.state`.
"""

from nof0_core.ledger.account import Totals
from nof0_core.ledger.funding import share_funding
from nof0_core.ledger.pools import Pool
from nof0_core.ledger.position import Position

__all__ = ["Pool", "Position", "Totals", "share_funding"]
