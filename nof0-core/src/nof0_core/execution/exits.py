"""What stands at the venue for each position, and what should. Asks nobody, changes nothing."""

from __future__ import annotations

from collections.abc import Collection

from nof0_core.domain.position import ProtectionMode
from nof0_core.execution.standing import Standing
from nof0_core.ids import ClientOrderId, Symbol, TraderId, is_shared
from nof0_core.ledger import Position
from nof0_core.protocols import Capability
from nof0_core.state.engine_state import EngineState

VENUE_EXITS = frozenset({Capability.TRIGGER_ORDERS, Capability.REDUCE_ONLY})


PositionKey = tuple[TraderId, Symbol, int]
"""Tells a position from an earlier one of the same trader in the same coin; see `key_of`."""


def key_of(position: Position) -> PositionKey:
    """Return what tells a position from an earlier one of the same trader in the same coin."""
    return position.trader, position.symbol, position.opened_seq


class Exits:
    """The stops and targets of one venue account, as the ledger knows them.

    Answered executions count before they are booked. What was found out is found out anew once
    something of orders or positions is new, or somebody doubts an order.
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
        # By the id of the position, which is kept with it: no other object can get that meanwhile.
        self._standing: dict[int, Standing] = {}
        self._pressing: tuple[Standing, ...] | None = None
        self._all: tuple[Standing, ...] | None = None

    def doubt(self, client_id: ClientOrderId, *, is_doubtful: bool) -> None:
        """Take note whether an order that is said to wait at the venue may not be there."""
        if is_doubtful == (client_id in self._doubtful):
            return
        if is_doubtful:
            self._doubtful.add(client_id)
        else:
            self._doubtful.discard(client_id)
        self._forget()

    @property
    def positions(self) -> tuple[Position, ...]:
        """Return what traders hold, with answered executions that are not booked yet."""
        self._look()
        return self._of_traders

    @property
    def all(self) -> tuple[Standing, ...]:
        """Return what stands for each of `positions`; the same object until something is new."""
        self._look()
        if self._all is None:
            self._all = tuple([self._find(position) for position in self._of_traders])
        return self._all

    @property
    def pressing(self) -> tuple[Standing, ...]:
        """Return those of `all` whose exits are not as they should be."""
        everything = self.all
        if self._pressing is None:
            self._pressing = tuple([each for each in everything if not self._is_kept(each)])
        return self._pressing

    def has_orphans(self) -> bool:
        """Tell whether an order without a final answer belongs to no position."""
        known = sum([len(each.orders) for each in self.all])
        return len(self._state.open_orders(self._venue_account)) > known

    def is_kept(self, position: Position) -> bool:
        """Tell whether exactly the planned exits stand confirmed, each for all of it."""
        return self._is_kept(self.of(position))

    def _is_kept(self, found: Standing) -> bool:
        if found.is_kept is None:
            found.is_kept = self._look_at(found)
        return found.is_kept

    def _look_at(self, found: Standing) -> bool:
        position = found.position
        if position.opened_by is None:
            return False
        mode, _ = self._mode(position)
        if position.protection is not mode and self.booked(position) is not None:
            return False
        if mode is not ProtectionMode.VENUE:
            return not found.orders
        plan = position.plan
        planned = (plan.stop_loss is not None) + (plan.take_profit is not None)
        return len(found.orders) == planned and not found.missing()

    def mode_for(self, position: Position) -> tuple[ProtectionMode, str]:
        """Decide who watches a position's exits, and why."""
        self._look()
        return self._mode(position)

    def _mode(self, position: Position) -> tuple[ProtectionMode, str]:
        if position.plan.stop_loss is None and position.plan.take_profit is None:
            return ProtectionMode.NONE, "the trader has exits switched off"
        if not self._at_venue:
            return ProtectionMode.ENGINE, "the venue has no reduce-only trigger orders"
        if position.symbol in self._opposed:
            return ProtectionMode.ENGINE, "traders hold opposite sides of the coin"
        return ProtectionMode.VENUE, ""

    def now(self, position: Position) -> Standing | None:
        """Return the position as it is now; None if it, or what it was, is gone."""
        key = key_of(position)
        for held in self.positions:
            if held is position or key_of(held) == key:
                return self._find(held)
        return None

    def booked(self, position: Position) -> Position | None:
        """Return the position without what nobody has booked yet."""
        return self._state.position(position.trader, position.symbol)

    def of(self, position: Position) -> Standing:
        """Return what stands for a position.

        What an earlier position of the coin has left at the venue is none of this one's.
        """
        self._look()
        return self._find(position)

    def _find(self, position: Position) -> Standing:
        found = self._standing.get(id(position))
        if found is None:
            records = self._state.open_exits(position.trader, position.symbol)
            found = self._standing[id(position)] = Standing(
                position,
                tuple(
                    [
                        record
                        for record in records
                        # What the engine itself closes for such a reason is no order that waits.
                        if record.request.trigger is not None and record.seq > position.opened_seq
                    ]
                ),
                self._doubtful,
            )
        return found

    def _look(self) -> None:
        """Sort what is held, once until an event changes it."""
        held = self._state.held(self._venue_account)
        # Where nothing is held, that is one object whatever happens.
        if held is self._seen and (held or not self._standing):
            return
        self._seen = held
        self._of_traders = tuple([p for p in held if not is_shared(p.trader)])
        self._opposed = self._find_opposed(held) if len(held) > 1 else frozenset()
        self._forget()

    def _find_opposed(self, held: Collection[Position]) -> frozenset[Symbol]:
        """Return the coins of which opposite sides are held, by whomever.

        Where the venue keeps what traders hold apart (REDUCE_OWN), only what belongs to nobody can
        stand against them.
        """
        sides = {(position.symbol, position.quantity > 0) for position in held}
        against = sides
        if self._is_apart:
            against = {(p.symbol, p.quantity > 0) for p in held if is_shared(p.trader)}
        return frozenset(s for s, is_long in sides if (s, not is_long) in against)

    def _forget(self) -> None:
        self._standing.clear()
        self._pressing = self._all = None
