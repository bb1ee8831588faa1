"""What may become of exits by itself: prices reach them, or one that was refused is tried again."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import attrs

from nof0_core.domain.order import TriggerKind
from nof0_core.domain.position import ProtectionMode
from nof0_core.execution.exit_tries import ExitTries
from nof0_core.execution.exits import Exits
from nof0_core.execution.path_watch import PathWatch
from nof0_core.execution.standing import Standing
from nof0_core.ids import Symbol


@attrs.frozen(kw_only=True)
class Level:
    """A price in USD at which the engine acts: once the coin falls to it, or rises to it."""

    symbol: Symbol
    price: Decimal
    is_below: bool


class QuietExits:
    """Looks at the exits of one venue account while nothing happens there.

    They are quiet as long as further looks find what the last did: until a price comes to one of
    `levels`, or `syncs_to_try` of them have passed.
    """

    def __init__(self, exits: Exits, paths: PathWatch, tries: ExitTries) -> None:
        self._exits = exits
        self._paths = paths
        self._tries = tries

    def is_quiet(self) -> bool:
        """Tell whether exits are as they should be, but for targets that were refused.

        What the engine watches has to be under watch, and not reached; no exit may be left over.
        """
        return (
            all(map(self._waits, self._exits.pressing))
            and all(
                self._paths.is_waiting(found.position)
                for found in self._exits.all
                if found.watched()
            )
            and not self._exits.has_orphans()
        )

    def levels(self) -> Iterator[Level]:
        """Yield the exits that the engine watches."""
        for found in self._exits.all:
            position = found.position
            for kind in found.watched():
                is_stop = kind is TriggerKind.STOP
                price = position.plan.stop_loss if is_stop else position.plan.take_profit
                if price is not None:
                    yield Level(
                        symbol=position.symbol, price=price, is_below=position.is_long is is_stop
                    )

    def syncs_to_try(self) -> int | None:
        """Return how many syncs it is to the one that sends a target again; None: none does."""
        waits = [
            self._tries.syncs_left(found.position, TriggerKind.TARGET)
            for found in self._exits.pressing
        ]
        return min(waits, default=None)

    def leave_out(self, syncs: int) -> None:
        """Take note of syncs that nobody did: they count for when a target is sent again."""
        self._tries.begin_round(syncs)

    def _waits(self, found: Standing) -> bool:
        """Tell whether nothing is lacking but a target that is sent again at a later sync."""
        position, booked = found.position, self._exits.booked(found.position)
        return (
            position.opened_by is not None
            and self._exits.mode_for(position)[0] is ProtectionMode.VENUE
            and booked is not None
            and booked.protection is ProtectionMode.VENUE
            and found.missing() == [TriggerKind.TARGET]
            and found.has_stop(is_exact=True)
            and not found.unsure()
            and not found.surplus()
        )
