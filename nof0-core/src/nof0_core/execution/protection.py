"""No position without its exits.

Stops and targets wait at the venue as reduce-only orders for exactly what was filled. Where that
cannot express a trader's exit (traders hold opposite sides of the coin, or the venue has no such
orders) the engine watches the mark itself and the journal says so.

A stop has to stand `stop_deadline` (real time) after the entry was filled. Refused, or still not
confirmed by then, it counts as missing: the position is closed, and whatever the venue may have
taken of that stop is cancelled with it. Until the close is through, the engine watches the mark.

A position that no entry opened, left over where a stop and a close were filled at once, has no
exits that anybody planned: it is closed as well.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from nof0_core.domain.event import ExitPlanSet, OrderIntended
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.order import OrderPurpose, OrderStatus, TriggerKind
from nof0_core.domain.order_record import OrderRecord
from nof0_core.domain.position import ProtectionMode
from nof0_core.domain.snapshot import Quote
from nof0_core.execution import order_factory
from nof0_core.execution.order_factory import OrderPolicy
from nof0_core.execution.orders import OrderManager
from nof0_core.ids import ClientOrderId, Symbol, TraderId, client_order_id, is_shared
from nof0_core.ledger import Position
from nof0_core.money import plain
from nof0_core.protocols import Capability
from nof0_core.state.alert_once import AlertOnce
from nof0_core.state.recorder import Recorder

VENUE_EXITS = frozenset({Capability.TRIGGER_ORDERS, Capability.REDUCE_ONLY})


class Protection:
    """Keeps the exits of one venue account in line with what its traders hold."""

    def __init__(
        self,
        *,
        venue_account: str,
        capabilities: Collection[Capability],
        recorder: Recorder,
        orders: OrderManager,
        instruments: Mapping[Symbol, Instrument],
        policies: Mapping[TraderId, OrderPolicy],
    ) -> None:
        self._venue_account = venue_account
        self._at_venue = frozenset(capabilities) >= VENUE_EXITS
        self._recorder = recorder
        self._orders = orders
        self._instruments = instruments
        self._policies = policies
        self._refused: AlertOnce[ClientOrderId | None] = AlertOnce(recorder, "stop_refused")
        self._strays: AlertOnce[tuple[TraderId, int]] = AlertOnce(recorder, "stray_position")

    async def ensure(self) -> list[Position]:
        """Place missing exits, replace wrong ones, cancel orphans.

        Returns:
            Positions that could not be protected and must be closed now.
        """
        await self._cancel_orphans()
        positions = self._recorder.state.positions(self._venue_account)
        sides = {(position.symbol, position.quantity > 0) for position in positions}
        opposed = {symbol for symbol, is_long in sides if (symbol, not is_long) in sides}
        return [
            position
            for position in positions
            if not is_shared(position.trader)
            and not await self._protect(position, is_opposed=position.symbol in opposed)
        ]

    def due(self, quotes: Mapping[Symbol, Quote]) -> list[tuple[Position, TriggerKind]]:
        """Return the engine-watched positions whose stop or target the mark has reached."""
        reached = []
        for position in self._recorder.state.positions(self._venue_account):
            quote = quotes.get(position.symbol)
            if quote is None or position.protection is not ProtectionMode.ENGINE:
                continue
            sign = 1 if position.quantity > 0 else -1
            stop, target = position.plan.stop_loss, position.plan.take_profit
            if stop is not None and (quote.mark - stop) * sign <= 0:
                reached.append((position, TriggerKind.STOP))
            elif target is not None and (quote.mark - target) * sign >= 0:
                reached.append((position, TriggerKind.TARGET))
        return reached

    def _mode_for(self, position: Position, *, is_opposed: bool) -> tuple[ProtectionMode, str]:
        """Decide who watches a position's exits, and why."""
        if position.plan.stop_loss is None and position.plan.take_profit is None:
            return ProtectionMode.NONE, "the trader has exits switched off"
        if not self._at_venue:
            return ProtectionMode.ENGINE, "the venue has no reduce-only trigger orders"
        if is_opposed:
            return ProtectionMode.ENGINE, "traders hold opposite sides of the coin"
        return ProtectionMode.VENUE, ""

    async def _protect(self, position: Position, *, is_opposed: bool) -> bool:
        if position.opened_by is None:
            self._alert_stray(position)
            return False
        mode, reason = self._mode_for(position, is_opposed=is_opposed)
        orders = self._exits_of(position)
        if mode is not ProtectionMode.VENUE:
            await self._orders.cancel([order.request.client_id for order in orders])
            self._record_mode(position, mode, reason)
            return True
        unsure = [o.client_id for o in orders if not _is_confirmed(o)]
        if unsure:
            # Left over from a crash between intent and answer.
            await self._orders.settle(unsure)
            orders = self._exits_of(position)
        if self._is_complete(position, orders):
            # What was never heard of again is cancelled until the venue knows it or time is up.
            lost = [order.client_id for order in orders if not _is_confirmed(order)]
            await self._orders.cancel(lost)
            self._record_mode(position, mode, "")
            return True
        deadline = self._policies[position.trader].stop_deadline
        reports = await self._orders.send(self._wanted(position), within=deadline)
        refused = [
            r
            for r in reports
            if r.purpose is OrderPurpose.STOP
            and r.status in (OrderStatus.REJECTED, OrderStatus.CANCELED, OrderStatus.UNKNOWN)
        ]
        # Only now, when the new exits stand, may the old ones go.
        await self._orders.cancel([order.request.client_id for order in orders])
        if refused:
            unknown = refused[0].status is OrderStatus.UNKNOWN
            nothing = f"the venue did not confirm it within {deadline.total_seconds():g} s"
            self._alert_refused(position, nothing if unknown else refused[0].why)
            # Until it is closed, which may take several orders, at least the engine watches.
            self._record_mode(position, ProtectionMode.ENGINE, "no stop stands at the venue")
            return False
        self._record_mode(position, mode, "")
        return True

    def _alert_refused(self, position: Position, reason: str) -> None:
        self._refused.alert(
            position.opened_by,
            f"no stop for {position.symbol}: {reason}; the position is closed",
            trader=position.trader,
            symbol=position.symbol,
        )

    def _alert_stray(self, position: Position) -> None:
        self._strays.alert(
            (position.trader, position.opened_seq),
            f"{plain(position.quantity)} {position.symbol} are held that no entry opened: an exit "
            "and a close were filled both; the position is closed",
            trader=position.trader,
            symbol=position.symbol,
        )

    def _record_mode(self, position: Position, mode: ProtectionMode, reason: str) -> None:
        if position.protection is mode:
            return
        self._recorder.record(
            position.trader,
            ExitPlanSet(
                trader=position.trader,
                venue_account=self._venue_account,
                symbol=position.symbol,
                plan=position.plan,
                protection=mode,
                reason=reason,
            ),
        )

    def _is_complete(self, position: Position, orders: Sequence[OrderRecord]) -> bool:
        """Tell whether exactly the planned exits stand confirmed, each for all of it."""
        size = abs(position.quantity)
        confirmed = [o for o in orders if _is_confirmed(o)]
        standing = [o.purpose for o in confirmed if o.request.size == size]
        planned = (position.plan.stop_loss is not None) + (position.plan.take_profit is not None)
        return len(standing) == len(confirmed) == planned == len(set(standing))

    def _wanted(self, position: Position) -> list[OrderIntended]:
        ids = {
            kind: next_id(self._recorder, position.trader, position, kind.value)
            for kind in TriggerKind
        }
        return order_factory.exit_orders(
            trader=position.trader,
            venue_account=self._venue_account,
            cycle=position.cycle,
            symbol=position.symbol,
            quantity=position.quantity,
            plan=position.plan,
            instrument=self._instruments[position.symbol],
            ids=ids,
        )

    def _exits_of(self, position: Position) -> list[OrderRecord]:
        return [
            record
            for record in self._recorder.state.open_exits(position.trader, position.symbol)
            # What the engine itself closes for such a reason is no order that waits.
            if record.request.trigger is not None
        ]

    async def _cancel_orphans(self) -> None:
        state = self._recorder.state
        orphans = [
            record.request.client_id
            for record in state.open_orders(self._venue_account)
            if record.request.trigger is not None
            and state.position(record.trader, record.symbol) is None
        ]
        await self._orders.cancel(orphans)


def _is_confirmed(record: OrderRecord) -> bool:
    """Tell whether the venue has said that it has the order."""
    return record.outcome is not None and record.outcome.status is OrderStatus.RESTING


def next_id(recorder: Recorder, trader: TraderId, position: Position, leg: str) -> ClientOrderId:
    """Return the first client order id of a position's leg that was not used yet.

    Counting up from 1 by what the ledger knows gives the same id again after a crash between
    intent and answer only if the intent was never recorded, hence never sent.
    """
    number = 1
    while True:
        name = f"{leg}.{number}"
        client_id = client_order_id(trader, position.cycle, position.symbol, name)
        if recorder.state.order(client_id) is None:
            return client_id
        number += 1
