"""Sending orders so that nothing is sent twice and nothing that was sent is forgotten."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import anyio
import attrs

from nof0_core.domain.event import OrderAnswered, OrderIntended, OrderReport
from nof0_core.domain.fill import Fill
from nof0_core.domain.order import OrderStatus
from nof0_core.domain.order_record import OrderRecord
from nof0_core.domain.outcome import OrderOutcome, VenueOrder
from nof0_core.errors import ProviderError, RejectedError, TransientError
from nof0_core.execution.gateway import Gateway
from nof0_core.ids import ClientOrderId, TraderId
from nof0_core.protocols import Capability
from nof0_core.state.alert_once import AlertOnce
from nof0_core.state.recorder import Recorder

EXPIRES_AFTER = timedelta(seconds=20)
"""How long after its intent a venue that knows expiry may carry an order out, engine time."""
CLOCKS_DIFFER = timedelta(seconds=10)
"""How far a venue's clock may be behind ours before an expired order is taken for dead."""
UNSEEN_FOR = timedelta(seconds=60)
"""How long (real) a venue must not know an order for it to be dead, …"""
UNSEEN_TIMES = 3
"""… and how often it must have said so."""
NEVER_SEEN = "the venue never saw this order"


class OrderManager:
    """Places, cancels and asks for the orders of one venue account.

    Order of things for each batch: intents into the journal, made durable, sent, answers into the
    journal. A cancelled task finishes this sequence first, so a shutdown never loses an answer.
    Whoever sends or cancels holds a lane of the gateway; whoever asks holds none.

    `refusal` is asked right before an order leaves: why it must not, or nothing.
    """

    def __init__(
        self,
        *,
        gateway: Gateway,
        recorder: Recorder,
        refusal: Callable[[OrderIntended], str],
        is_passing: bool,
    ) -> None:
        """Remember whom to ask; `is_passing`: orders may be under way between two calls."""
        self._venue_account = gateway.venue_account
        self._gateway = gateway
        self._recorder = recorder
        self._refusal = refusal
        self._is_passing = is_passing
        self._expires = Capability.EXPIRY in gateway.capabilities
        self._in_batches = Capability.BATCH in gateway.capabilities
        self._unseen: dict[ClientOrderId, tuple[float, int]] = {}
        self._told: list[Fill] = []
        self._unanswered: AlertOnce[TraderId] = AlertOnce(recorder, "outcome_unknown")
        self.travelling: set[ClientOrderId] = set()
        """Orders that are written down and whose answer is still awaited."""
        self.resting_since: dict[ClientOrderId, float] = {}
        """When this run learned that an order waits at the venue (event loop's time)."""

    def take_fills(self) -> list[Fill]:
        """Return the executions that answers told since the last call, and forget them."""
        told, self._told = self._told, []
        return told

    async def send(self, intents: Sequence[OrderIntended], within: float) -> None:
        """Send a batch; what it came to is in the ledger afterwards.

        An order that was sent before (same client id) is not sent again. `within` bounds, in real
        seconds, writing down and sending together: an order for which no time is left does not
        leave, so that none may reach the venue after it was given up.
        """
        fresh = [i for i in intents if self._recorder.state.order(i.request.client_id) is None]
        if not fresh:
            return
        # Where there is no end, nobody has to know what time it is.
        until = within if within == math.inf else anyio.current_time() + within
        for intent in fresh:
            self._recorder.record(intent.trader, intent)
        with anyio.CancelScope(shield=True):
            travelling = {intent.request.client_id for intent in fresh}
            self.travelling |= travelling
            try:
                await self._recorder.secure()
                for outcome in await self._carry_out(fresh, until):
                    self._answer(outcome)
            finally:
                self.travelling -= travelling
            # No wait for the disk: an answer that a power failure takes is asked for again.
            self._recorder.flush()

    def outcome(self, intent: OrderIntended) -> OrderOutcome:
        """Return what is known of an order that was sent."""
        record = self._recorder.state.order(intent.request.client_id)
        if record is None or record.outcome is None:
            return OrderOutcome(client_id=intent.request.client_id, status=OrderStatus.UNKNOWN)
        return record.outcome

    def reports(self, intents: Sequence[OrderIntended]) -> list[OrderReport]:
        """Return what is known of orders that were sent, in the same order."""
        return [
            OrderReport(
                purpose=i.purpose,
                symbol=i.request.symbol,
                request=i.request,
                outcome=self.outcome(i),
            )
            for i in intents
        ]

    async def cancel(self, client_ids: Sequence[ClientOrderId]) -> None:
        """Cancel orders; those that are already done are learned to be so."""
        if not client_ids:
            return
        try:
            outcomes = await self._gateway.cancel(client_ids)
        except ProviderError as error:
            self._recorder.log.warning("cancel failed, will be tried again", error=str(error))
            return
        for outcome in outcomes:
            if self._is_told(outcome):
                self._answer(outcome)

    def _is_told(self, outcome: OrderOutcome) -> bool:
        """Tell whether the answer to a cancel says where the order stands.

        A venue refuses to cancel what it has not seen, which may be on its way, and what is done,
        in whatever way: the order itself has to be asked for.
        """
        record = self._recorder.state.order(outcome.client_id)
        if record is None or outcome.status is not OrderStatus.REJECTED:
            return True
        return record.is_unknown and self._is_dead(record)

    async def settle(self, client_ids: Sequence[ClientOrderId]) -> None:
        """Ask the venue about orders whose outcome is unknown, never sending anything."""
        for client_id in client_ids:
            record = self._recorder.state.order(client_id)
            if record is not None and record.is_unknown:
                await self.refresh(client_id)

    async def refresh(self, client_id: ClientOrderId) -> bool:
        """Ask the venue where an order stands now; tell whether it could say.

        One that it does not know counts as rejected only where it can never arrive any more.
        """
        record = self._recorder.state.order(client_id)
        if record is None:
            return True
        try:
            found = await self._gateway.order(record.request)
            is_proven = found is None and self._gateway.has_proof
            if is_proven:
                found = await self._gateway.prove(record.request)
        except ProviderError as error:
            self._recorder.log.warning("order state unknown", client_id=client_id, error=str(error))
            return False
        if found is not None:
            self._answer(found.outcome(client_id))
            return True
        if is_proven or self._is_dead(record):
            self._answer(_refused(client_id, NEVER_SEEN))
            return True
        return False

    def revive(self, listed: Sequence[VenueOrder]) -> None:
        """Take back the death of orders that wait at the venue all the same."""
        for order in listed:
            record = self._recorder.state.order(order.client_id) if order.client_id else None
            if (
                record is not None
                and record.outcome is not None
                and record.outcome.status is OrderStatus.REJECTED
                and record.outcome.reason == NEVER_SEEN
            ):
                self._recorder.alert(
                    "late_order",
                    f"{self._venue_account}: an order on {record.symbol} that counted as dead "
                    "waits at the venue",
                    trader=record.trader,
                    symbol=record.symbol,
                )
                self._answer(order.outcome(record.client_id), is_revived=True)

    def _is_dead(self, record: OrderRecord) -> bool:
        """Tell whether an order that the venue does not know can never arrive any more.

        In a simulation nothing is under way between two calls. Where orders expire, that is when
        they have. Else, as where our clock was set back since, the venue must have said
        `UNSEEN_TIMES`, over `UNSEEN_FOR`, that it does not know the order; every call of this
        counts as once.
        """
        if not self._is_passing:
            return True
        clock = self._recorder.clock
        if self._expires and clock.now() > record.intended_at + EXPIRES_AFTER + CLOCKS_DIFFER:
            return True
        now = anyio.current_time()
        since, times = self._unseen.get(record.client_id, (now, 0))
        self._unseen[record.client_id] = since, times + 1
        return times + 1 >= UNSEEN_TIMES and now - since >= UNSEEN_FOR.total_seconds()

    async def _carry_out(
        self, intents: Sequence[OrderIntended], until: float
    ) -> list[OrderOutcome]:
        """Send what was written down and may leave, all before `until`."""
        outcomes: list[OrderOutcome] = []
        batches = [intents] if self._in_batches else [[intent] for intent in intents]
        for batch in batches:
            leaving = []
            for intent in batch:
                reason = self._refusal(intent) or self._lateness(until)
                if reason:
                    outcomes.append(_refused(intent.request.client_id, reason))
                else:
                    leaving.append(intent)
            if leaving:
                left = until if until == math.inf else until - anyio.current_time()
                outcomes += await self._place(leaving, left)
        return outcomes

    def _lateness(self, until: float) -> str:
        if until == math.inf or anyio.current_time() < until:
            return ""
        return "not sent: disk or venue took too long"

    def _expiry(self, intents: Sequence[OrderIntended]) -> datetime | None:
        """Return until when the venue may carry orders out, at most what `_is_dead` counts from."""
        if not self._expires:
            return None
        records = (self._recorder.state.order(i.request.client_id) for i in intents)
        own = min(r.intended_at for r in records if r is not None) + EXPIRES_AFTER
        mandated = self._gateway.mandate.until()
        return own if mandated is None else min(own, mandated)

    async def _place(self, intents: Sequence[OrderIntended], within: float) -> list[OrderOutcome]:
        try:
            outcomes = await self._gateway.place(
                [i.request for i in intents], expires_at=self._expiry(intents), within=within
            )
        except TransientError as error:
            status, reason = OrderStatus.REJECTED, f"not sent: {error}"
        except RejectedError as error:
            status, reason = OrderStatus.REJECTED, error.text
        except ProviderError as error:
            status, reason = OrderStatus.UNKNOWN, str(error)
            # As long as no order is answered each further one is the same trouble.
            trader = intents[0].trader
            self._unanswered.alert(trader, f"{self._venue_account}: {reason}", trader=trader)
        else:
            self._unanswered.clear_all_but()
            return list(outcomes)
        return [
            OrderOutcome(client_id=i.request.client_id, status=status, reason=reason)
            for i in intents
        ]

    def _answer(self, outcome: OrderOutcome, *, is_revived: bool = False) -> None:
        """Write down what was learned of an order, unless more is known already.

        Answers may come in another order than they were given: an order that is done stays done,
        and what was executed stays executed.
        """
        record = self._recorder.state.order(outcome.client_id)
        if outcome.fills:
            # Executions are records of their own.
            self._told += outcome.fills
            outcome = attrs.evolve(outcome, fills=())
        if record is None or record.outcome == outcome:
            return
        known = record.outcome
        if known is not None and not is_revived:
            is_back = known.status.is_final and not outcome.status.is_final
            if is_back or outcome.filled_size < known.filled_size:
                return
        self._unseen.pop(outcome.client_id, None)
        if outcome.status is OrderStatus.RESTING:
            self.resting_since[outcome.client_id] = anyio.current_time()
        else:
            self.resting_since.pop(outcome.client_id, None)
        self._recorder.record(
            record.trader,
            OrderAnswered(
                trader=record.trader,
                venue_account=self._venue_account,
                symbol=record.symbol,
                outcome=outcome,
            ),
        )


def _refused(client_id: ClientOrderId, reason: str) -> OrderOutcome:
    return OrderOutcome(client_id=client_id, status=OrderStatus.REJECTED, reason=reason)
