"""Closing what one trader holds of a coin, whatever the others hold."""

from __future__ import annotations

from collections.abc import Mapping

from nof0_core.domain.event import OrderIntended
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.order import OrderPurpose
from nof0_core.domain.snapshot import Quote
from nof0_core.execution import order_factory
from nof0_core.execution.order_factory import OrderPolicy, Refusal
from nof0_core.execution.protection import next_id
from nof0_core.ids import CycleId, Symbol, TraderId
from nof0_core.ledger import Position
from nof0_core.money import ZERO
from nof0_core.state.alert_once import AlertOnce
from nof0_core.state.recorder import Recorder


class Closing:
    """Makes the orders that close positions of one venue account, or says why there is none."""

    def __init__(
        self,
        *,
        venue_account: str,
        recorder: Recorder,
        instruments: Mapping[Symbol, Instrument],
        policies: Mapping[TraderId, OrderPolicy],
    ) -> None:
        self._venue_account = venue_account
        self._recorder = recorder
        self._instruments = instruments
        self._policies = policies
        self._alerts: AlertOnce[tuple[TraderId, int, str]] = AlertOnce(recorder, "cannot_close")

    def order(
        self,
        position: Position,
        cycle: CycleId,
        quotes: Mapping[Symbol, Quote],
        purpose: OrderPurpose,
    ) -> OrderIntended | Refusal:
        """Make the order that closes all of a position at the newest quote."""
        symbol, trader = position.symbol, position.trader
        quote, instrument = quotes.get(symbol), self._instruments.get(symbol)
        if quote is None or instrument is None:
            return Refusal(reason="no price for the coin")
        quantities = self._recorder.state.quantities(self._venue_account, symbol)
        return order_factory.close_order(
            trader=trader,
            venue_account=self._venue_account,
            cycle=cycle,
            symbol=symbol,
            quantity=position.quantity,
            net=sum(quantities.values(), ZERO),
            quote=quote,
            instrument=instrument,
            policies=self._policies[trader],
            purpose=purpose,
            client_id=next_id(self._recorder, trader, position, f"{purpose}.{cycle}"),
        )

    def alert(self, position: Position, reason: str) -> None:
        """Alert that a position which is to be closed stays open, once for each reason."""
        self._alerts.alert(
            (position.trader, position.opened_seq, reason),
            f"the position in {position.symbol} stays open for now: {reason}",
            trader=position.trader,
            symbol=position.symbol,
        )
