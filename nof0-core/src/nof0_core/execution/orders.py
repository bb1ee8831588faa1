"""Sending orders so that nothing is sent twice and nothing that was sent is forgotten."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import timedelta

import anyio

from nof0_core.domain.event import OrderAnswered, OrderIntended, OrderReport
from nof0_core.domain.order import OrderOutcome, OrderStatus
from nof0_core.errors import Nof0Error, OutcomeUnknownError, RejectedError, TransientError
from nof0_core.ids import ClientOrderId
from nof0_core.protocols import ExchangeProvider
from nof0_core.state.recorder import Recorder

PLACE_TIMEOUT = timedelta(seconds=20)
"""How long it may take from an intent to its answer before the outcome counts as unknown."""
GIVE_UP_AFTER = timedelta(seconds=60)
"""How long an order the venue does not know may still be on its way."""


class OrderManager:
    """Places and cancels the orders of one venue account.

    Order of things for each batch: intents into the journal, made durable, sent, answers into the
    journal. A cancelled task finishes this sequence first, so a shutdown never loses an answer.

    `objection` is asked right before an order leaves: why it must not, or nothing.
    """

    def __init__(
        self,
        *,
        venue_account: str,
        provider: ExchangeProvider,
        recorder: Recorder,
        objection: Callable[[OrderIntended], str],
    ) -> None:
        self._venue_account = venue_account
        self._provider = provider
        self._recorder = recorder
        self._objection = objection

    async def send(
        self, intents: Sequence[OrderIntended], *, within: timedelta | None = None
    ) -> list[OrderReport]:
        """Send a batch and return what became of each, in the same order.

        An order that was sent before (same client id) is not sent again: its known outcome is
        returned, or asked for where none is known. `within` bounds, in real time, sending and
        asking together; what is not known by then is reported as unknown.
        """
        began = anyio.current_time()
        until = math.inf if within is None else began + within.total_seconds()
        fresh = [i for i in intents if self._recorder.state.owner(i.request.client_id) is None]
        if fresh:
            with anyio.CancelScope(shield=True):
                latest = min(until, began + PLACE_TIMEOUT.total_seconds())
                for outcome in await self._carry_out(fresh, latest):
                    self._answer(outcome)
                await self._recorder.secure()
        with anyio.CancelScope(deadline=until):
            await self.settle([i.request.client_id for i in intents])
        return [
            OrderReport(purpose=i.purpose, request=i.request, outcome=self._known(i))
            for i in intents
        ]

    async def cancel(self, client_ids: Sequence[ClientOrderId]) -> None:
        """Cancel orders; those that are already done are learned to be so."""
        if not client_ids:
            return
        try:
            with anyio.fail_after(PLACE_TIMEOUT.total_seconds()):
                outcomes = await self._provider.cancel(client_ids)
        except (Nof0Error, TimeoutError) as error:
            self._recorder.log.warning("cancel failed, will be tried again", error=str(error))
            return
        for outcome in outcomes:
            if not self._may_arrive(outcome):
                self._answer(outcome)

    def _may_arrive(self, outcome: OrderOutcome) -> bool:
        """Tell whether an order that could not be cancelled may still be on its way.

        A venue that has not seen an order refuses to cancel it; that is not the end of the order.
        """
        record = self._recorder.state.owner(outcome.client_id)
        if record is None or outcome.status is not OrderStatus.REJECTED:
            return False
        known = record.outcome is not None and record.outcome.status is not OrderStatus.UNKNOWN
        return not known and self._recorder.clock.now() - record.intended_at < GIVE_UP_AFTER

    async def settle(self, client_ids: Sequence[ClientOrderId]) -> None:
        """Ask the venue about orders whose outcome is unknown, never sending anything."""
        for client_id in client_ids:
            record = self._recorder.state.owner(client_id)
            if record is None:
                continue
            if record.outcome is not None and record.outcome.status is not OrderStatus.UNKNOWN:
                continue
            await self.refresh(client_id)

    async def refresh(self, client_id: ClientOrderId) -> None:
        """Ask the venue where an order stands now.

        One it never saw counts as rejected only after `GIVE_UP_AFTER`: it may be on its way.
        """
        record = self._recorder.state.owner(client_id)
        if record is None:
            return
        try:
            with anyio.fail_after(PLACE_TIMEOUT.total_seconds()):
                found = await self._provider.order(client_id)
        except (Nof0Error, TimeoutError) as error:
            self._recorder.log.warning("order state unknown", client_id=client_id, error=str(error))
            return
        if found is not None:
            self._answer(found.outcome(client_id))
        elif self._recorder.clock.now() - record.intended_at >= GIVE_UP_AFTER:
            self._answer(
                OrderOutcome(
                    client_id=client_id,
                    status=OrderStatus.REJECTED,
                    reason="the venue never saw this order",
                )
            )

    async def _carry_out(
        self, intents: Sequence[OrderIntended], until: float
    ) -> list[OrderOutcome]:
        """Write the intents down, make them durable and send them, all before `until`.

        While the disk works others go on. What must not leave after all by then (a halt has come)
        is not sent, nor anything for which no time is left: an order may not reach the venue after
        it was given up.
        """
        for intent in intents:
            self._recorder.record(intent.trader, intent)
        await self._recorder.secure()
        left = until - anyio.current_time()
        late = "" if left > 0 else "not sent: the disk took too long to confirm the journal"
        reasons = {i.request.client_id: self._objection(i) or late for i in intents}
        leaving = [i for i in intents if not reasons[i.request.client_id]]
        outcomes = await self._place(leaving, left) if leaving else []
        return outcomes + [
            OrderOutcome(client_id=client_id, status=OrderStatus.REJECTED, reason=reason)
            for client_id, reason in reasons.items()
            if reason
        ]

    async def _place(self, intents: Sequence[OrderIntended], seconds: float) -> list[OrderOutcome]:
        status, reason = OrderStatus.UNKNOWN, ""
        try:
            with anyio.fail_after(seconds):
                outcomes = list(await self._provider.place([i.request for i in intents]))
            if [o.client_id for o in outcomes] == [i.request.client_id for i in intents]:
                return outcomes
            reason = "the provider's answer does not match the orders"
        except TimeoutError:
            reason = "no answer in time"
        except OutcomeUnknownError as error:
            reason = str(error)
        except TransientError as error:
            status, reason = OrderStatus.REJECTED, f"not sent: {error}"
        except RejectedError as error:
            status, reason = OrderStatus.REJECTED, error.text
        except Exception as error:  # noqa: BLE001 - a provider's bug must not lose the order
            reason = f"{type(error).__name__}: {error}"
        if status is OrderStatus.UNKNOWN:
            self._recorder.alert(
                "outcome_unknown", f"{self._venue_account}: {reason}", trader=intents[0].trader
            )
        return [
            OrderOutcome(client_id=i.request.client_id, status=status, reason=reason)
            for i in intents
        ]

    def _answer(self, outcome: OrderOutcome) -> None:
        record = self._recorder.state.owner(outcome.client_id)
        if record is None or record.outcome == outcome:
            return
        self._recorder.record(
            record.trader,
            OrderAnswered(
                trader=record.trader,
                venue_account=self._venue_account,
                symbol=record.symbol,
                outcome=outcome,
            ),
        )

    def _known(self, intent: OrderIntended) -> OrderOutcome:
        record = self._recorder.state.owner(intent.request.client_id)
        if record is None or record.outcome is None:
            return OrderOutcome(client_id=intent.request.client_id, status=OrderStatus.UNKNOWN)
        return record.outcome
