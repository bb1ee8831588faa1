"""What stands at the venue for one position, as far as is known. Pure."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from nof0_core.domain.order import OrderPurpose, OrderStatus, TriggerKind
from nof0_core.domain.order_record import OrderRecord
from nof0_core.ids import ClientOrderId
from nof0_core.ledger import Position


class Standing:
    """The exits of one position, sorted once: what is asked of them changes with the ledger only.

    `orders` are those without a final answer, oldest first; `confirmed` those of them that the
    venue has said to have and that nobody has reason to doubt.
    """

    __slots__ = ("_doubtful", "confirmed", "is_kept", "orders", "position")

    def __init__(
        self,
        position: Position,
        orders: tuple[OrderRecord, ...],
        doubtful: Collection[ClientOrderId],
    ) -> None:
        self.position = position
        self.orders = orders
        self._doubtful = doubtful
        self.is_kept: bool | None = None
        """Whether exactly the planned exits stand, each for all of it; None: nobody has looked."""
        self.confirmed = orders and tuple(
            [
                order
                for order in orders
                if order.outcome is not None
                and order.outcome.status is OrderStatus.RESTING
                and order.request.client_id not in doubtful
            ]
        )

    def missing(self) -> list[TriggerKind]:
        """Return the planned exits that do not stand for all of the position."""
        size = abs(self.position.quantity)
        return self._planned_but([o.purpose for o in self.confirmed if o.request.size == size])

    def watched(self) -> list[TriggerKind]:
        """Return the planned exits that do not stand at the venue, of whatever size."""
        return self._planned_but([order.purpose for order in self.confirmed])

    def has_stop(self, *, is_exact: bool = False) -> bool:
        """Tell whether a confirmed stop stands for (at least) all of the position."""
        if self.position.plan.stop_loss is None:
            return True
        size: Decimal = abs(self.position.quantity)
        for order in self.confirmed:
            if order.purpose is OrderPurpose.STOP:
                stands = order.request.size
                if stands == size or (stands > size and not is_exact):
                    return True
        return False

    def stands(self, purpose: OrderPurpose) -> bool:
        """Tell whether an exit of that purpose is confirmed, of whatever size."""
        return purpose in [order.purpose for order in self.confirmed]

    def unsure(self) -> list[ClientOrderId]:
        """Return exits that may or may not stand: left over from a crash, or never answered."""
        return [
            order.request.client_id
            for order in self.orders
            if order.is_unknown or order.request.client_id in self._doubtful
        ]

    def surplus(self) -> list[ClientOrderId]:
        """Return the exits that are not the newest confirmed ones of the right size."""
        size = abs(self.position.quantity)
        right = {o.purpose: o.request.client_id for o in self.confirmed if o.request.size == size}
        # A target of another size stays until one of the right size stands.
        return [
            order.request.client_id
            for order in self.orders
            if right.get(order.purpose, order.request.client_id) != order.request.client_id
        ]

    def _planned_but(self, standing: Collection[OrderPurpose]) -> list[TriggerKind]:
        """Return the planned exits but those of `standing`, the stop first."""
        plan, found = self.position.plan, []
        if plan.stop_loss is not None and OrderPurpose.STOP not in standing:
            found.append(TriggerKind.STOP)
        if plan.take_profit is not None and OrderPurpose.TARGET not in standing:
            found.append(TriggerKind.TARGET)
        return found
