"""What stands now by the newest event about it: differences, exits, what is left of budgets."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from nof0_core.domain.context import BudgetLeft
from nof0_core.domain.event import Event, ExitPlanSet, Reconciled
from nof0_core.money import EXACT


class Difference(msgspec.Struct):
    """On what ledger and venue account differ, and by how much (coins, or USD of cash)."""

    what: str
    symbol: str
    amount: Decimal


class Exits(msgspec.Struct):
    """Who watches the exits of a position, and since when (seconds since 1970)."""

    protection: str
    since: float


class Left(msgspec.Struct):
    """What was left of a trader's budget of the day at its newest cycle; None: no such limit."""

    usd: Decimal | None
    tokens: int | None


class KeptStanding(msgspec.Struct):
    """All that is remembered; exits are by trader and coin."""

    drift: dict[str, list[Difference]] = {}
    exits: list[tuple[str, str, Exits]] = []
    budgets: dict[str, Left] = {}


class Standing:
    """`drift` is by venue account, `exits` by trader and coin, `budgets` by trader."""

    def __init__(self) -> None:
        self.drift: dict[str, list[Difference]] = {}
        self.exits: dict[tuple[str, str], Exits] = {}
        self.budgets: dict[str, Left] = {}

    def apply(self, event: Event) -> None:
        """Take in one event."""
        match event.body:
            case Reconciled(venue_account=account, drift=drift):
                self.drift[account] = [
                    Difference(one.what, one.symbol or "", EXACT.subtract(one.ledger, one.venue))
                    for one in drift
                ]
            case ExitPlanSet(trader=trader, symbol=symbol, protection=protection):
                before = self.exits.get((trader, symbol))
                if before is None or before.protection != protection:
                    self.exits[trader, symbol] = Exits(protection, event.time.timestamp())

    def spend(self, trader: str, left: BudgetLeft | None) -> None:
        """Take in what a cycle said of the budget of its trader."""
        if left is None:
            self.budgets.pop(trader, None)
        else:
            self.budgets[trader] = Left(left.usd, left.tokens)

    def keep(self) -> KeptStanding:
        """Return all that is remembered."""
        exits = [(trader, symbol, one) for (trader, symbol), one in self.exits.items()]
        return KeptStanding(self.drift, exits, self.budgets)

    def take(self, kept: KeptStanding) -> None:
        """Take over what `keep` has returned."""
        self.drift, self.budgets = kept.drift, kept.budgets
        self.exits = {(trader, symbol): one for trader, symbol, one in kept.exits}
