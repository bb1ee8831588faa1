"""What stands at the venue for each position, and what should. Asks nobody, changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from nof0_core.domain.order import OrderPurpose, OrderStatus, TriggerKind
from nof0_core.domain.order_record import OrderRecord
from nof0_core.domain.position import ProtectionMode
from nof0_core.ids import ClientOrderId, Symbol, TraderId, is_shared
from nof0_core.ledger import Position
from nof0_core.protocols import Capability
from nof0_core.state.engine_state import EngineState

VENUE_EXITS = frozenset({Capability.TRIGGER_ORDERS, Capability.REDUCE_ONLY})


def key_of(position: Position) -> tuple[TraderId, Symbol, int]:
    """Return what tells a position from an earlier one of the same trader in the same coin."""
    return position.trader, position.symbol, position.opened_seq


class Exits:
    """The stops and targets of one venue account, as the ledger knows them.

    Answered executions count before they are booked.
    """

    def __init__(
        self, *, venue_account: str, state: EngineState, capabilities: Collection[Capability]
    ) -> None:
        self._venue_account = venue_account
        self._state = state
        self._at_venue = frozenset(capabilities) >= VENUE_EXITS
        self._is_apart = Capability.REDUCE_OWN in capabilities
        self._doubtful: set[ClientOrderId] = set()
        self._seen: tuple[Position, ...] = ()
        self._of_traders: tuple[Position, ...] = ()
        self._opposed: frozenset[Symbol] = frozenset()
        # What was found out since something of orders or positions was new.
        self._orders: dict[tuple[TraderId, Symbol, int], tuple[OrderRecord, ...]] = {}
        self._standing: dict[tuple[TraderId, Symbol, int], tuple[OrderRecord, ...]] = {}
        self._kept: dict[tuple[int, bool], tuple[Position, bool]] = {}

    def doubt(self, client_id: ClientOrderId, *, is_doubtful: bool) -> None:
        """Take note whether an order that is said to wait at the venue may not be there."""
        if is_doubtful == (client_id in self._doubtful):
            return
        if is_doubtful:
            self._doubtful.add(client_id)
        else:
            self._doubtful.discard(client_id)
        self._standing.clear()
        self._kept.clear()

    @property
    def positions(self) -> tuple[Position, ...]:
        """Return what traders hold, with answered executions that are not booked yet."""
        self._look()
        return self._of_traders

    def is_kept(self, position: Position, *, is_opposed: bool) -> bool:
        """Tell whether exactly the planned exits stand confirmed, each for all of it."""
        self._look()
        key = id(position), is_opposed
        known = self._kept.get(key)
        if known is None:
            # The position is kept, too, so that no other object can get its id meanwhile.
            known = position, self._is_kept(position, is_opposed=is_opposed)
            self._kept[key] = known
        return known[1]

    def _is_kept(self, position: Position, *, is_opposed: bool) -> bool:
        if position.opened_by is None:
            return False
        mode, _ = self.mode_for(position, is_opposed=is_opposed)
        exits = self.of(position)
        if mode is not ProtectionMode.VENUE:
            return not exits and (position.protection is mode or self.booked(position) is None)
        planned = (position.plan.stop_loss is not None) + (position.plan.take_profit is not None)
        return (
            len(exits) == planned
            and not self._missing(position, self.confirmed(position))
            and (position.protection is mode or self.booked(position) is None)
        )

    def mode_for(self, position: Position, *, is_opposed: bool) -> tuple[ProtectionMode, str]:
        """Decide who watches a position's exits, and why."""
        if position.plan.stop_loss is None and position.plan.take_profit is None:
            return ProtectionMode.NONE, "the trader has exits switched off"
        if not self._at_venue:
            return ProtectionMode.ENGINE, "the venue has no reduce-only trigger orders"
        if is_opposed:
            return ProtectionMode.ENGINE, "traders hold opposite sides of the coin"
        return ProtectionMode.VENUE, ""

    def missing(self, position: Position) -> list[TriggerKind]:
        """Return the planned exits that do not stand for all of the position."""
        return self._missing(position, self.confirmed(position))

    def _missing(self, position: Position, confirmed: Sequence[OrderRecord]) -> list[TriggerKind]:
        size = abs(position.quantity)
        return _planned(
            position, {order.purpose for order in confirmed if order.request.size == size}
        )

    def surplus(self, position: Position) -> list[ClientOrderId]:
        """Return the exits that are not the newest confirmed ones of the right size."""
        size = abs(position.quantity)
        right = {
            order.purpose: order.client_id
            for order in self.confirmed(position)
            if order.request.size == size
        }
        exits = self.of(position)
        # A target of another size stays until one of the right size stands.
        return [
            order.client_id
            for order in exits
            if order.purpose in right and right[order.purpose] != order.client_id
        ]

    def has_stop(self, position: Position, *, is_exact: bool = False) -> bool:
        """Tell whether a confirmed stop stands for (at least) all of a position."""
        if position.plan.stop_loss is None:
            return True
        size = abs(position.quantity)
        return any(
            order.purpose is OrderPurpose.STOP
            and (order.request.size == size if is_exact else order.request.size >= size)
            for order in self.confirmed(position)
        )

    def stands(self, position: Position, purpose: OrderPurpose) -> bool:
        """Tell whether an exit of that purpose is confirmed, of whatever size."""
        return any(order.purpose is purpose for order in self.confirmed(position))

    def watched(self, position: Position) -> list[TriggerKind]:
        """Return the planned exits that do not stand at the venue, of whatever size."""
        return _planned(position, {order.purpose for order in self.confirmed(position)})

    def confirmed(self, position: Position) -> tuple[OrderRecord, ...]:
        """Return the exits the venue has said to have, and that nobody has reason to doubt."""
        exits, key = self.of(position), key_of(position)
        known = self._standing.get(key)
        if known is None:
            known = self._standing[key] = tuple(
                order
                for order in exits
                if order.outcome is not None
                and order.outcome.status is OrderStatus.RESTING
                and order.client_id not in self._doubtful
            )
        return known

    def unsure(self, position: Position) -> list[ClientOrderId]:
        """Return exits that may or may not stand: left over from a crash, or never answered."""
        return [
            order.client_id
            for order in self.of(position)
            if order.is_unknown or order.client_id in self._doubtful
        ]

    def opposed(self) -> frozenset[Symbol]:
        """Return the coins of which opposite sides are held, by whomever.

        Where the venue keeps what traders hold apart (REDUCE_OWN), only what belongs to nobody can
        stand against them.
        """
        self._look()
        return self._opposed

    def _look(self) -> None:
        """Sort what is held, once until an event changes it."""
        held = self._state.held(self._venue_account)
        # Where nothing is held, that is one object whatever happens.
        if held is self._seen and (held or not (self._orders or self._standing or self._kept)):
            return
        self._of_traders = tuple(p for p in held if not is_shared(p.trader))
        sides = {(position.symbol, position.quantity > 0) for position in held}
        against = sides
        if self._is_apart:
            against = {(p.symbol, p.quantity > 0) for p in held if is_shared(p.trader)}
        self._opposed = frozenset(s for s, is_long in sides if (s, not is_long) in against)
        self._seen = held
        self._orders.clear()
        self._standing.clear()
        self._kept.clear()

    def now(self, position: Position) -> Position | None:
        """Return the position as it is now; None if it, or what it was, is gone."""
        for held in self.positions:
            if key_of(held) == key_of(position):
                return held
        return None

    def booked(self, position: Position) -> Position | None:
        """Return the position without what nobody has booked yet."""
        return self._state.position(position.trader, position.symbol)

    def of(self, position: Position) -> tuple[OrderRecord, ...]:
        """Return the exits of a position without a final answer.

        What an earlier position of the coin has left at the venue is none of this one's.
        """
        self._look()
        key = key_of(position)
        known = self._orders.get(key)
        if known is None:
            known = self._orders[key] = tuple(
                record
                for record in self._state.open_exits(position.trader, position.symbol)
                # What the engine itself closes for such a reason is no order that waits.
                if record.request.trigger is not None and record.seq > position.opened_seq
            )
        return known


def _planned(position: Position, standing: Collection[OrderPurpose]) -> list[TriggerKind]:
    """Return the planned exits of a position but those of `standing`, the stop first."""
    plan = position.plan
    return [
        kind
        for kind, purpose, price in (
            (TriggerKind.STOP, OrderPurpose.STOP, plan.stop_loss),
            (TriggerKind.TARGET, OrderPurpose.TARGET, plan.take_profit),
        )
        if price is not None and purpose not in standing
    ]
