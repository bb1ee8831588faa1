"""Booking what nobody can explain: a person says that a coin is to be as the venue shows it."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

import anyio
import attrs

from nof0_core.domain.event import Drift, Filled
from nof0_core.domain.fill import Fill
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.order import Side
from nof0_core.domain.vocabulary import ControlOutcome
from nof0_core.errors import EndOfDataError, ProviderError
from nof0_core.execution.catching_up import CatchUp
from nof0_core.ids import UNASSIGNED, Symbol
from nof0_core.ledger.arithmetic import PRICE_STEP
from nof0_core.money import ZERO, exactly, plain
from nof0_core.state.recorder import Recorder


@attrs.frozen(kw_only=True)
class Settlement:
    """What came of it, in words. `outcome` is None where it has to be tried again later."""

    outcome: ControlOutcome | None
    message: str


class Settling:
    """Settles differences between the ledger and one venue account; no order is ever sent.

    The unassigned account takes the difference as if it had traded it at the mark, so cash goes the
    other way. What the cash of the venue says beyond that is a difference of its own.
    """

    def __init__(
        self,
        *,
        recorder: Recorder,
        catch_up: CatchUp,
        instruments: Mapping[Symbol, Instrument],
        turn: anyio.Lock,
    ) -> None:
        self._venue_account = catch_up.venue_account
        self._recorder = recorder
        self._catch_up = catch_up
        self._reconciliation = catch_up.reconciliation
        self._instruments = instruments
        self._turn = turn

    def is_listed(self, symbol: Symbol) -> bool:
        """Tell whether the market has such a coin."""
        return symbol in self._instruments

    @exactly
    async def settle(
        self, symbol: Symbol, mark: Decimal | None, *, request: str, by: str
    ) -> Settlement:
        """Book the difference on a coin, once for each request.

        It has to be one that a sync has recorded and that the venue, asked anew, still shows.

        Args:
            symbol: the coin.
            mark: its price in USD now, None if it has none.
            request: id of the request.
            by: who asked for it, for the alert.

        Raises:
            EndOfDataError: a recording is over.
            JournalError: the ledger does not add up, or cannot be written.
        """
        async with self._turn:
            name = f"settled-{request}"
            if self._recorder.state.knows_fill(self._venue_account, name):
                # The engine died between booking and answering.
                return Settlement(outcome=ControlOutcome.DONE, message="it was booked already")
            try:
                seen, differences = await self._catch_up.look_again()
            except EndOfDataError:
                raise
            except ProviderError as error:
                return _wait(f"{self._venue_account} cannot be read: {error}")
            found = next((entry for entry in differences if entry.symbol == symbol), None)
            if found is None:
                return self._nothing(symbol, differences)
            doubt = self._doubt(symbol, found)
            if doubt:
                return _wait(doubt)
            price = mark.quantize(PRICE_STEP) if mark is not None else ZERO
            if price <= ZERO:
                return _refuse(f"{symbol} has no mark now: there is no price to book it at")
            # The numbers of now: booking brings the ledger to those of the venue.
            self._reconciliation.conclude(differences, seen)
            message = self._book(found, symbol, price, name, by)
            self._reconciliation.conclude(self._catch_up.differences(seen.answer), seen)
            return Settlement(outcome=ControlOutcome.DONE, message=message)

    def _nothing(self, symbol: Symbol, differences: tuple[Drift, ...]) -> Settlement:
        differing = ", ".join(str(entry.symbol or entry.what) for entry in differences)
        rest = f"; what differs is {differing}" if differing else ""
        if not self.is_listed(symbol):
            return _refuse(f"{self._venue_account} knows no coin {symbol}{rest}")
        return _refuse(f"ledger and venue do not differ on {symbol}{rest}")

    def _doubt(self, symbol: Symbol, found: Drift) -> str:
        """Say why the difference may be another one in a moment; empty if it may not."""
        orders = self._recorder.state.open_orders(self._venue_account)
        if any(o.symbol == symbol and o.request.trigger is None for o in orders):
            return f"an order on {symbol} is still on its way"
        known = [d.venue - d.ledger for d in self._reconciliation.drift if d.symbol == symbol]
        if known != [found.venue - found.ledger]:
            return f"the difference on {symbol} is new"
        return ""

    def _book(self, found: Drift, symbol: Symbol, price: Decimal, name: str, by: str) -> str:
        change = found.venue - found.ledger
        side = Side.BUY if change > 0 else Side.SELL
        message = (
            f"{side} {plain(abs(change))} {symbol} at {plain(price)} booked to {UNASSIGNED} "
            f"({plain(found.ledger)} in the ledger, {plain(found.venue)} at the venue)"
        )
        # First of all, so that no crash leaves the booking without it.
        self._recorder.alert(
            "settled",
            f"{self._venue_account}: {by} settled {symbol}: {message}; no order was sent",
            symbol=symbol,
        )
        fill = Fill(
            trade_id=name,
            venue_order_id=name,
            client_id=None,
            symbol=symbol,
            side=side,
            price=price,
            size=abs(change),
            fee=ZERO,
            time=self._recorder.clock.now(),
        )
        self._recorder.record(
            UNASSIGNED, Filled(trader=UNASSIGNED, venue_account=self._venue_account, fill=fill)
        )
        return message


def _refuse(message: str) -> Settlement:
    return Settlement(outcome=ControlOutcome.REFUSED, message=message)


def _wait(message: str) -> Settlement:
    return Settlement(outcome=None, message=message)
