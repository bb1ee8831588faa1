"""Closing what one trader holds of a coin, whatever the others hold."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal

from nof0_core.domain.event import Offset, OrderIntended
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.order import OrderPurpose, Side
from nof0_core.domain.snapshot import Quote
from nof0_core.domain.vocabulary import ExitReason
from nof0_core.execution import order_factory
from nof0_core.execution.leg_ids import next_id
from nof0_core.execution.nets import Nets
from nof0_core.execution.order_factory import OrderPolicy, Refusal
from nof0_core.execution.tries import Tries
from nof0_core.ids import ENGINE, UNASSIGNED, CycleId, Symbol, TraderId, is_shared
from nof0_core.ledger import Position
from nof0_core.money import ZERO, exactly
from nof0_core.protocols import Capability
from nof0_core.state.alert_once import AlertOnce
from nof0_core.state.recorder import Recorder


class Closing:
    """Makes the orders that close positions of one venue account, or says why there is none.

    The net position at the venue must not grow by a close, except against another trader's opposite
    position: up to the net a close is reduce-only. The part beyond it is an order of its own, and
    needs a fresh report that shows the net the ledger expects. A venue with REDUCE_OWN keeps
    traders apart: there a close is reduce-only as a whole. What stands against the unassigned
    account is set off against it at the mark, without an order: nobody ordered that, and the venue
    has neither of the two.
    """

    def __init__(
        self,
        *,
        venue_account: str,
        recorder: Recorder,
        instruments: Mapping[Symbol, Instrument],
        policies: Mapping[TraderId, OrderPolicy],
        capabilities: Collection[Capability],
        nets: Nets,
        tries: Tries,
    ) -> None:
        self._venue_account = venue_account
        self._recorder = recorder
        self._instruments = instruments
        self._policies = policies
        self._can_reduce = Capability.REDUCE_ONLY in capabilities
        self._is_apart = self._can_reduce and Capability.REDUCE_OWN in capabilities
        self._nets = nets
        self._tries = tries
        self._alerts: AlertOnce[tuple[TraderId, int, str]] = AlertOnce(recorder, "cannot_close")

    def needs_report(self, position: Position) -> bool:
        """Tell whether a close of the position depends on what the venue holds net."""
        holders = self._nets.holders(position.symbol)
        reducible = self._reducible(position, holders, sum(holders.values(), ZERO))
        return not (self._can_reduce and reducible >= abs(position.quantity))

    @exactly
    def orders(
        self,
        position: Position,
        quotes: Mapping[Symbol, Quote],
        purpose: OrderPurpose,
        cycle: CycleId,
    ) -> list[OrderIntended] | Refusal:
        """Make the orders that close all of a position at the newest quote, as far as they may be.

        `cycle` is the one that decided it, or the position's own. Nothing may be awaited between
        this and writing the orders down.
        """
        symbol = position.symbol
        quote, instrument = quotes.get(symbol), self._instruments.get(symbol)
        if quote is None or instrument is None:
            return Refusal(reason="no price for the coin")
        size, sign = abs(position.quantity), 1 if position.quantity > 0 else -1
        holders = self._nets.holders(symbol)
        net = sum(holders.values(), ZERO)
        if not self._can_reduce:
            told = self._nets.told(symbol)
            if told is None:
                return Refusal(reason=self._nets.doubt(symbol))
            net = told
        reducing = min(size, self._reducible(position, holders, net))
        against = ZERO
        if not self._is_apart:
            against = sum(
                (abs(q) for t, q in holders.items() if q * sign < 0 and not is_shared(t)), ZERO
            )
        beyond = min(size - reducing, against)
        waits = ""
        if beyond and (doubt := self._nets.doubt(symbol)):
            waits, beyond = doubt, ZERO
        made, small = self._parts(position, reducing, beyond, quote, instrument, purpose, cycle)
        if made:
            return made
        left = size - reducing - against
        if left > 0 and self._set_off(position, left, quote.mark, purpose):
            return made
        return Refusal(reason=small or waits or "the venue holds nothing that this would close")

    def _reducible(
        self, position: Position, holders: Mapping[TraderId, Decimal], net: Decimal
    ) -> Decimal:
        """Return how many coins reduce-only orders can close on the side of a position."""
        sign = 1 if position.quantity > 0 else -1
        if self._is_apart:
            # What belongs to nobody is all that can have taken from those who hold that side.
            net = sum((q for t, q in holders.items() if q * sign > 0 or is_shared(t)), ZERO)
        return max(ZERO, net * sign)

    def _parts(
        self,
        position: Position,
        reducing: Decimal,
        beyond: Decimal,
        quote: Quote,
        instrument: Instrument,
        purpose: OrderPurpose,
        cycle: CycleId,
    ) -> tuple[list[OrderIntended], str]:
        """Make the orders up to the net and beyond it; what is too small is told in words."""
        least, size = instrument.min_notional, reducing + beyond
        if beyond and beyond * quote.mark < least <= size * quote.mark:
            # Two orders would leave a rest that the venue is never given: one does not.
            parts = [(size, False)]
        else:
            parts = [(reducing, self._can_reduce), (beyond, False)]
        made: list[OrderIntended] = []
        small = ""
        for amount, is_reduce_only in parts:
            if not amount:
                continue
            order = self._order(
                position, amount, quote, instrument, purpose, cycle, number=len(made),
                is_reduce_only=is_reduce_only,
            )  # fmt: skip
            if is_reduce_only or amount * order.request.limit_price >= least:
                made.append(order)
                continue
            small = (
                f"{amount} {position.symbol} is below the venue's smallest order, and opposite "
                "positions of other traders do not let it be a reduction"
            )
        return made, small

    def _order(
        self,
        position: Position,
        size: Decimal,
        quote: Quote,
        instrument: Instrument,
        purpose: OrderPurpose,
        cycle: CycleId,
        *,
        number: int,
        is_reduce_only: bool,
    ) -> OrderIntended:
        trader = position.trader
        is_forced = purpose is not OrderPurpose.CLOSE
        leg = f"{purpose}.{cycle}"
        return order_factory.close_order(
            trader=trader,
            venue_account=self._venue_account,
            cycle=cycle,
            symbol=position.symbol,
            side=Side.SELL if position.quantity > 0 else Side.BUY,
            size=size,
            quote=quote,
            instrument=instrument,
            cap=self._tries.cap(position) if is_forced else self._policies[trader].cap,
            purpose=purpose,
            client_id=next_id(self._recorder, trader, position, leg, skip=number),
            is_reduce_only=is_reduce_only,
        )

    def _set_off(
        self, position: Position, most: Decimal, mark: Decimal, purpose: OrderPurpose
    ) -> bool:
        """Set a position off against the opposite one of the unassigned account, if there is one.

        Raises nothing: only what is booked on both sides can be set off.
        """
        booked = self._recorder.state.quantities(self._venue_account, position.symbol)
        mine, nobodys = booked.get(position.trader, ZERO), booked.get(UNASSIGNED, ZERO)
        if mine * nobodys >= 0:
            return False
        amount = min(most, abs(mine), abs(nobodys)).copy_sign(mine)
        self.offset(
            position.symbol,
            mark,
            {position.trader: -amount, UNASSIGNED: amount},
            ExitReason(purpose.value),
        )
        return True

    def offset(
        self,
        symbol: Symbol,
        mark: Decimal,
        quantities: Mapping[TraderId, Decimal],
        reason: ExitReason,
    ) -> None:
        """Write down that positions were set off against each other."""
        self._recorder.record(
            ENGINE,
            Offset(
                venue_account=self._venue_account,
                symbol=symbol,
                price=mark,
                quantities=quantities,
                reason=reason,
            ),
        )

    def alert(self, position: Position, reason: str) -> None:
        """Alert that a position which is to be closed stays open, once for each reason."""
        self._alerts.alert(
            (position.trader, position.opened_seq, reason),
            f"the position in {position.symbol} stays open for now: {reason}",
            trader=position.trader,
            symbol=position.symbol,
        )
