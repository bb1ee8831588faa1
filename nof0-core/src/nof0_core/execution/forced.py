"""Sending the closes of single positions, forced and decided ones."""

from __future__ import annotations

from collections.abc import Mapping

import anyio

from nof0_core.domain.event import OrderIntended
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.order import OrderPurpose
from nof0_core.domain.snapshot import Quote
from nof0_core.errors import EndOfDataError, ProviderError
from nof0_core.execution.catching_up import CatchUp
from nof0_core.execution.closing import Closing
from nof0_core.execution.exits import PositionKey, key_of
from nof0_core.execution.gateway import Gateway
from nof0_core.execution.lane import Urgency
from nof0_core.execution.nets import FRESH_FOR, Nets
from nof0_core.execution.order_factory import OrderPolicy, Refusal
from nof0_core.execution.orders import OrderManager
from nof0_core.execution.pre_trade import PreTradeCheck
from nof0_core.execution.spacing import Spacing
from nof0_core.execution.tries import Tries
from nof0_core.ids import CycleId, Symbol, TraderId, is_shared
from nof0_core.ledger import Position
from nof0_core.state.alert_once import AlertOnce
from nof0_core.state.recorder import Recorder

LOOKS = 4
"""Real seconds, or syncs, from one report that a close waits for to the next at most.

Nothing may protect the position meanwhile; one with every look is more than venues allow for long.
"""


class ForcedCloses:
    """Closes positions of one venue account in the protective lane, before anything else there.

    A forced close (stop, target, unprotected, insolvent, flatten) may fill further from the mark
    with each try, whatever the trader's order style; at the second a person is told.
    """

    def __init__(
        self,
        *,
        gateway: Gateway,
        recorder: Recorder,
        orders: OrderManager,
        pre_trade: PreTradeCheck,
        nets: Nets,
        catch_up: CatchUp,
        instruments: Mapping[Symbol, Instrument],
        policies: Mapping[TraderId, OrderPolicy],
        tries_by_round: bool,
    ) -> None:
        self.tries = Tries(by_round=tries_by_round)
        self._gateway = gateway
        self._recorder = recorder
        self._orders = orders
        self._pre_trade = pre_trade
        self._catch_up = catch_up
        self.closing = Closing(
            venue_account=gateway.venue_account,
            recorder=recorder,
            instruments=instruments,
            policies=policies,
            capabilities=gateway.capabilities,
            nets=nets,
            tries=self.tries,
        )
        self._looks: Spacing[PositionKey] = Spacing(by_round=tries_by_round, longest=LOOKS)
        self._waiting: set[tuple[TraderId, Symbol]] = set()
        self._slow: AlertOnce[tuple[TraderId, int]] = AlertOnce(recorder, "close_failing")

    def begin_round(self) -> None:
        """Let a sync begin: where tries are made by round, the next may be made."""
        self.tries.round += 1
        self._looks.begin_round()

    def forget_gone(self) -> None:
        """Forget what is remembered of positions that are gone."""
        held = self._recorder.state.held(self._gateway.venue_account)
        self.tries.forget_all_but(held)
        self._looks.forget_all_but({key_of(position) for position in held})

    async def close(
        self, position: Position, quotes: Mapping[Symbol, Quote], purpose: OrderPurpose
    ) -> list[OrderIntended]:
        """Send what closes a position now, if its next try may be made; return what was sent."""
        key = position.trader, position.symbol
        if is_shared(position.trader) or key in self._waiting or not self.tries.may(position):
            return []
        self._waiting.add(key)
        try:
            made = await self._send(position.trader, position.symbol, quotes, purpose)
        finally:
            self._waiting.discard(key)
        if isinstance(made, Refusal):
            if made.reason:
                self.closing.alert(position, made.reason)
            return []
        return made

    async def carry_out(
        self, trader: TraderId, symbol: Symbol, quotes: Mapping[Symbol, Quote], cycle: CycleId
    ) -> list[OrderIntended] | Refusal:
        """Send the close a model has decided, or say why there is none."""
        made = await self._send(trader, symbol, quotes, OrderPurpose.CLOSE, cycle)
        if isinstance(made, Refusal) and not made.reason:
            return Refusal(reason="the position is already closed")
        return made

    async def _send(
        self,
        trader: TraderId,
        symbol: Symbol,
        quotes: Mapping[Symbol, Quote],
        purpose: OrderPurpose,
        cycle: CycleId | None = None,
    ) -> list[OrderIntended] | Refusal:
        """Decide and send while the lane is held: nobody else sends a close in between."""
        position = self._held(trader, symbol)
        if position is None:
            return Refusal(reason="")
        is_forced = purpose is not OrderPurpose.CLOSE
        needs_report = self.closing.needs_report(position)
        # What no report has let be closed so far goes by those of syncs in between.
        is_waiting = needs_report and is_forced and not self._looks.take([key_of(position)])
        if needs_report and not is_waiting:
            await self._look()
        async with self._gateway.protective.turn(Urgency.CLOSE):
            position = self._held(trader, symbol)
            if position is None or (is_forced and not self.tries.may(position)):
                return Refusal(reason="")
            if self._pre_trade.is_closing(trader, symbol):
                return Refusal(
                    reason="" if is_forced else "an order on the coin is still on its way"
                )
            made = self.closing.orders(position, quotes, purpose, cycle or position.cycle)
            if isinstance(made, Refusal):
                return Refusal(reason="") if is_waiting else made
            if is_forced:
                self.tries.begin(position)
                self._tell(position, purpose)
            self._looks.forget(key_of(position))
            await self._orders.send(made, self._gateway.limits.protect)
            self.tries.answered(position)
        return made

    def _held(self, trader: TraderId, symbol: Symbol) -> Position | None:
        for position in self._recorder.state.held(self._gateway.venue_account):
            if position.trader == trader and position.symbol == symbol:
                return position
        return None

    async def _look(self) -> None:
        """Ask for the net positions, unless they were told just now."""
        try:
            await self._catch_up.report(asked_after=anyio.current_time() - FRESH_FOR)
        except EndOfDataError:
            raise
        except ProviderError as error:
            self._recorder.log.warning("no report of net positions", error=str(error))

    def _tell(self, position: Position, purpose: OrderPurpose) -> None:
        count = self.tries.count(position)
        if count == 2:
            self._slow.alert(
                (position.trader, position.opened_seq),
                f"the position in {position.symbol} could not be closed at once ({purpose}); it is "
                "tried again, further from the mark each time",
                trader=position.trader,
                symbol=position.symbol,
            )
