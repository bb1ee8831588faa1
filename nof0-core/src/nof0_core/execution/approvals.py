"""Approved decisions on the prices of sending."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from nof0_core.domain.event import OrderIntended
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.margin import initial_margin
from nof0_core.domain.snapshot import Quote
from nof0_core.errors import DataError
from nof0_core.execution.order_factory import OrderPolicy, Refusal
from nof0_core.ids import ClientOrderId, Symbol, TraderId
from nof0_core.money import ZERO, exactly
from nof0_core.risk.approval import ApprovedDecision
from nof0_core.risk.sending import rejudged
from nof0_core.state.recorder import Recorder


class Approvals:
    """Judges approved decisions once more, on what is known when they leave.

    `quotes` are the newest there are; they change as others are fetched. Orders of unknown outcome
    and executions that are not booked yet count against the margin that is free.
    """

    def __init__(
        self,
        *,
        venue_account: str,
        recorder: Recorder,
        instruments: Mapping[Symbol, Instrument],
        policies: Mapping[TraderId, OrderPolicy],
        quotes: Mapping[Symbol, Quote],
        is_passing: bool,
    ) -> None:
        """Remember what to judge by; `is_passing`: time passes between judging and sending."""
        self._venue_account = venue_account
        self._recorder = recorder
        self._instruments = instruments
        self._policies = policies
        self._quotes = quotes
        self._is_passing = is_passing
        self._leaving: dict[ClientOrderId, tuple[ApprovedDecision, Quote | None]] = {}

    def now(
        self, approved: ApprovedDecision, own: ClientOrderId | None = None
    ) -> ApprovedDecision | Refusal:
        """Return the decision on the prices of now, or why it must not be carried out.

        `own` is the order that is about to carry it out, where there is one already.
        """
        symbol = approved.decision.symbol
        instrument = self._instruments.get(symbol)
        if instrument is None:
            return Refusal(reason="no price for the coin")
        try:
            free = self._free(approved.trader, own) if approved.decision.signal.is_entry else None
        except DataError as error:
            return Refusal(reason=str(error))
        found = rejudged(
            approved,
            quote=self._quotes.get(symbol),
            instrument=instrument,
            limits=self._policies[approved.trader].limits,
            now=self._recorder.clock.now(),
            free_margin=free,
        )
        return Refusal(reason=found) if isinstance(found, str) else found

    def leave(self, client_id: ClientOrderId, approved: ApprovedDecision) -> None:
        """Remember which decision an order that is about to leave carries out."""
        self._leaving[client_id] = approved, self._quotes.get(approved.decision.symbol)

    def forget(self, intents: Iterable[OrderIntended]) -> None:
        """Forget it again, for orders that have left or never will."""
        for intent in intents:
            self._leaving.pop(intent.request.client_id, None)

    def refusal(self, client_id: ClientOrderId) -> str:
        """Say why what an order carries out must not leave any more, empty if it may."""
        approved, judged_on = self._leaving.get(client_id, (None, None))
        if approved is None:
            return ""
        is_same = judged_on is self._quotes.get(approved.decision.symbol)
        if is_same and not self._is_passing:
            # No time has passed and no price has changed.
            return ""
        found = self.now(approved, client_id)
        return found.reason if isinstance(found, Refusal) else ""

    @exactly
    def _free(self, trader: TraderId, own: ClientOrderId | None) -> Decimal:
        """Return the USD of a trader's margin that nothing but the order `own` needs, at worst."""
        state = self._recorder.state
        marks = {symbol: quote.mark for symbol, quote in self._quotes.items()}
        account = state.account(
            self._venue_account, trader, marks, self._recorder.clock.now(), self._instruments
        )
        if account.unpriced:
            message = f"the account holds {', '.join(account.unpriced)} without a price"
            raise DataError(message)
        taken = state.entry_margins(self._venue_account, {own}).get(trader, ZERO)
        for client_id, (other, _) in self._leaving.items():
            # Of the same cycle, and not written down yet.
            if other.trader == trader and client_id != own and state.order(client_id) is None:
                taken += initial_margin(other.size_usd, other.leverage)
        return max(ZERO, account.available - taken)
