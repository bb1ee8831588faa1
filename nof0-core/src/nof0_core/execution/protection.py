"""No position without its exits.

Stops and targets wait at the venue as reduce-only orders for exactly what was filled. Where that
cannot express a trader's exit (traders hold opposite sides of the coin, or the venue has no such
orders) the engine watches the price itself and the journal says so. It also does as long as an exit
does not stand at the venue. It judges the way prices took since its last look: see `PathWatch`.

A stop has to stand `stop_deadline` (real time) after the fill was first known; refused or lost, it
is tried again for half of that time. Where tries go by rounds that time is over with the second
refusal or loss; everywhere it is with the second stop that the venue accepted and then lost. Then
the position is closed, and the coin rests for the trader.

A position that no entry opened, left over where a stop and a close were filled at once, has no
exits that anybody planned: it is closed as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import anyio

from nof0_core.domain.event import ExitPlanSet, OrderIntended
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.order import OrderPurpose, OrderStatus, TriggerKind
from nof0_core.domain.position import ProtectionMode
from nof0_core.domain.snapshot import Quote
from nof0_core.execution import order_factory
from nof0_core.execution.exit_tries import ExitTries
from nof0_core.execution.exits import Exits, PositionKey, key_of
from nof0_core.execution.gateway import Gateway
from nof0_core.execution.lane import Urgency
from nof0_core.execution.leftovers import Leftovers
from nof0_core.execution.leg_ids import next_id
from nof0_core.execution.lost_stops import LostStops
from nof0_core.execution.naked import REFUSALS, Naked, NakedPositions
from nof0_core.execution.order_factory import OrderPolicy
from nof0_core.execution.orders import OrderManager
from nof0_core.execution.path_watch import ClosedBars, PathWatch
from nof0_core.execution.quiet_exits import QuietExits
from nof0_core.execution.resting import CoinRests
from nof0_core.execution.standing import Standing
from nof0_core.ids import ClientOrderId, Symbol, TraderId
from nof0_core.ledger import Position
from nof0_core.money import plain
from nof0_core.state.alert_once import AlertOnce
from nof0_core.state.recorder import Recorder


class Protection:
    """Keeps the exits of one venue account in line with what its traders hold."""

    def __init__(
        self,
        *,
        gateway: Gateway,
        exits: Exits,
        recorder: Recorder,
        orders: OrderManager,
        instruments: Mapping[Symbol, Instrument],
        policies: Mapping[TraderId, OrderPolicy],
        bars: ClosedBars,
        tries_by_round: bool,
    ) -> None:
        self._venue_account = gateway.venue_account
        self._gateway = gateway
        self._exits = exits
        self._recorder = recorder
        self._tries_by_round = tries_by_round
        self._orders = orders
        self._instruments = instruments
        self._policies = policies
        self._rests = CoinRests(recorder)
        self._lost = LostStops(recorder.clock)
        self._paths = PathWatch(clock=recorder.clock, bars=bars)
        self._naked = NakedPositions(policies, by_round=tries_by_round)
        self._tries = ExitTries()
        self.quiet = QuietExits(exits, self._paths, self._tries)
        self._leftovers = Leftovers(
            gateway=gateway,
            exits=exits,
            recorder=recorder,
            orders=orders,
            tries_by_round=tries_by_round,
        )
        self._remembered: tuple[Position, ...] = ()
        self._keys: set[PositionKey] = set()
        self._noted: tuple[Standing, ...] = ()
        self._looked_at: tuple[Standing, ...] = ()
        self._is_well = False
        self._refused: AlertOnce[ClientOrderId | None] = AlertOnce(recorder, "stop_refused")
        self._strays: AlertOnce[tuple[TraderId, int]] = AlertOnce(recorder, "stray_position")

    def begin_round(self) -> None:
        """Let a sync begin: what may wait for the next one, such as a target, is tried again."""
        self._tries.begin_round()
        self._leftovers.begin_round()

    def unprotected(self) -> tuple[Position, ...]:
        """Return positions whose trader wants a stop and that have none at the venue."""
        return tuple(
            found.position
            for found in self._exits.all
            if found.position.opened_by is None or not found.has_stop()
        )

    def pressing(self) -> list[Position]:
        """Return the positions whose exits are not as they should be."""
        standing = self._exits.all
        if standing is not self._noted:
            for found in standing:
                self._note_stop(found)
            self._noted = standing
        return [found.position for found in self._exits.pressing]

    def due(self, quotes: Mapping[Symbol, Quote]) -> list[tuple[Position, TriggerKind]]:
        """Return the positions whose stop or target was reached, if the engine watches it.

        It watches whatever does not stand at the venue, for whatever reason.
        """
        reached = []
        for found in self._exits.all:
            position, kinds = found.position, found.watched()
            if not kinds:
                self._paths.forget(position)
                continue
            quote = quotes.get(position.symbol)
            kind = quote and self._paths.reached(position, kinds, quote.mark)
            if kind:
                reached.append((position, kind))
        return reached

    def is_well(self) -> bool:
        """Tell whether a look at what is held now found nothing to do, and nothing is watched.

        Then there is nothing to do until an event of orders, positions or cash comes, or a doubt:
        what is found out of it is other objects then.
        """
        standing = self._exits.all
        if standing is not self._looked_at:
            self._looked_at, self._is_well = standing, False
        elif not self._is_well:
            positions = self._exits.positions
            self._is_well = (
                bool(positions)
                and self._leftovers.is_tidy(positions)
                and positions is self._remembered
                and standing is self._noted
                and not self._exits.pressing
                and not any(found.watched() for found in standing)
            )
        return self._is_well

    async def keep(self, position: Position) -> bool:
        """See that a position has its exits; return False if it has to be closed now."""
        if position.opened_by is None:
            self._alert_stray(position)
            return False
        if self._exits.mode_for(position)[0] is not ProtectionMode.VENUE:
            await self._take_away(position)
            return True
        if self._exits.of(position).has_stop():
            # Only the rest is missing: the target, or a stop of the right size.
            await self._complete(position)
            return True
        naked = self._naked.of(position)
        while not naked.is_given_up:
            if naked.is_trying or not self._naked.may_try(position, naked):
                return True
            self._naked.begin(naked)
            try:
                await self._try_in_time(position, naked)
            finally:
                self._naked.end(naked)
            now = self._exits.now(position)
            if now is None:
                return True
            if now.has_stop():
                self._naked.forget(position)
                await self._complete(position)
                return True
            naked.refusals += 1
            if self._naked.is_over(position, naked):
                self._give_up(position, naked)
            elif not self._tries_by_round:
                # The engine watches the mark until the next try.
                return True
        # Until it is closed, which may take several orders, at least the engine watches.
        self._record_mode(position, ProtectionMode.ENGINE, "no stop stands at the venue")
        return False

    async def cancel_orphans(self) -> None:
        """Cancel the exits of positions that are gone."""
        await self._leftovers.cancel_orphans()

    def forget_gone(self) -> None:
        """Forget what is remembered of positions that are gone."""
        positions = self._exits.positions
        if positions is self._remembered:
            return
        self._remembered = positions
        keys = {key_of(position) for position in positions}
        if keys == self._keys:
            return
        self._keys = keys
        self._lost.forget_all_but(keys)
        self._paths.forget_all_but(keys)
        self._naked.forget_all_but(keys)
        self._tries.forget_all_but(keys)

    # --- one step each ----------------------------------------------------------------------------

    async def _try_in_time(self, position: Position, naked: Naked) -> None:
        """Try for as long as there is time, which has no end where refusals are counted."""
        if self._tries_by_round:
            await self._try(position, naked)
            return
        # What is being sent is not interrupted, waiting for a lane or an answer is.
        with anyio.move_on_after(self._naked.left(position, naked)):
            await self._try(position, naked)

    async def _try(self, position: Position, naked: Naked) -> None:
        """Find out about stops that were sent; where there is none for sure, send one."""
        await self._ask(position)
        now = self._exits.now(position)
        if now is not None and not now.unsure() and not now.has_stop():
            await self._place(position, naked)

    async def _place(self, position: Position, naked: Naked) -> None:
        """Send the missing exits; what stood before goes when the new ones stand."""
        async with self._gateway.protective.turn(Urgency.STOP):
            now = self._exits.now(position)
            if now is None or now.has_stop() or now.unsure():
                return
            held = now.position
            is_gone = not now.stands(OrderPurpose.STOP)
            if is_gone and self._lost.count(held) >= REFUSALS:
                naked.reason = "the venue accepts it and then does not have it any more"
                naked.is_lost = True
                return
            within = min(self._gateway.limits.protect, max(1.0, self._naked.left(held, naked)))
            intents = await self._send(held, now.missing(), within)
        await self._ask(position)
        self._end(held, intents)
        stop = next(intent for intent in intents if intent.purpose is OrderPurpose.STOP)
        told = self._orders.outcome(stop)
        naked.reason = told.reason if told.status is not OrderStatus.UNKNOWN else ""

    async def _complete(self, position: Position) -> None:
        """Place the exits that are missing beside a stop, and take away what is too much."""
        now = self._exits.now(position)
        if now is None:
            return
        self._note_stop(now)
        if self._due(now):
            await self._ask(now.position)
            intents: list[OrderIntended] = []
            async with self._gateway.protective.turn(Urgency.STOP):
                now = self._exits.now(position)
                if now is None:
                    return
                due = self._due(now)
                if due and not now.unsure():
                    intents = await self._send(now.position, due, self._gateway.limits.protect)
            await self._ask(position)
            self._end(position, intents)
            now = self._exits.now(position)
        if now is not None:
            await self._leftovers.cancel(lambda: self._surplus(position))
            self._record_mode(now.position, ProtectionMode.VENUE, "")

    def _due(self, now: Standing) -> list[TriggerKind]:
        """Return the missing exits that may be sent now; a stop that nothing stands for may."""
        missing = now.missing()
        return self._tries.due(now.position, missing) if now.has_stop() else missing

    async def _send(
        self, position: Position, kinds: Sequence[TriggerKind], within: float
    ) -> list[OrderIntended]:
        self._tries.begin(position, kinds)
        intents = self._wanted(position, kinds)
        await self._orders.send(intents, within)
        return intents

    def _end(self, position: Position, sent: Sequence[OrderIntended]) -> None:
        """Remember which of the exits that were sent are refused."""
        for intent in sent:
            is_refused = self._orders.outcome(intent).status is OrderStatus.REJECTED
            self._tries.end(position, TriggerKind(intent.purpose.value), is_refused=is_refused)

    def _note_stop(self, found: Standing) -> None:
        position = found.position
        if found.stands(OrderPurpose.STOP) and not self._lost.is_standing(position):
            self._lost.stands(position)

    async def _ask(self, position: Position) -> None:
        """Ask for the exits of which nobody knows for sure that they stand."""
        for client_id in self._exits.of(position).unsure():
            if await self._orders.refresh(client_id):
                self._exits.doubt(client_id, is_doubtful=False)

    async def _take_away(self, position: Position) -> None:
        """Take the exits away from the venue, as long as it has none to have of the position."""
        self._lost.withdraw(position)
        self._naked.forget(position)
        await self._leftovers.cancel(lambda: self._unwanted(position))
        mode, reason = self._exits.mode_for(position)
        if mode is not ProtectionMode.VENUE:
            self._record_mode(position, mode, reason)

    def _unwanted(self, position: Position) -> list[ClientOrderId]:
        """Return the exits of a position as long as the venue has none to have of it."""
        now = self._exits.now(position)
        if now is None or self._exits.mode_for(now.position)[0] is ProtectionMode.VENUE:
            return []
        return [order.client_id for order in now.orders]

    def _surplus(self, position: Position) -> list[ClientOrderId]:
        """Return the exits beside those of the right size, as long as a stop of it stands."""
        now = self._exits.now(position)
        return now.surplus() if now is not None and now.has_stop(is_exact=True) else []

    def _give_up(self, position: Position, naked: Naked) -> None:
        if naked.is_given_up:
            return
        deadline = self._policies[position.trader].stop_deadline
        nothing = f"the venue did not confirm it within {deadline.total_seconds():g} s"
        reason = naked.reason or nothing
        self._refused.alert(
            position.opened_by,
            f"no stop for {position.symbol}: {reason}; the position is closed",
            trader=position.trader,
            symbol=position.symbol,
        )
        self._rests.begin(position.trader, position.symbol, f"its last stop: {reason}")
        naked.is_given_up = True

    def _alert_stray(self, position: Position) -> None:
        self._strays.alert(
            (position.trader, position.opened_seq),
            f"{plain(position.quantity)} {position.symbol} are held that no entry opened: an exit "
            "and a close were filled both; the position is closed",
            trader=position.trader,
            symbol=position.symbol,
        )

    def _record_mode(self, position: Position, mode: ProtectionMode, reason: str) -> None:
        booked = self._exits.booked(position)
        if booked is None or booked.protection is mode:
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

    def _wanted(self, position: Position, kinds: Sequence[TriggerKind]) -> list[OrderIntended]:
        ids = {
            kind: next_id(self._recorder, position.trader, position, kind.value) for kind in kinds
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
            kinds=kinds,
        )
