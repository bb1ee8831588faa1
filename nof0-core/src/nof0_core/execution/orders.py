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
from nof0_core.domain.outcome import OrderOutcome
from nof0_core.errors import Nof0Error, OutcomeUnknownError, RejectedError, TransientError
from nof0_core.ids import ClientOrderId
from nof0_core.protocols import Capability, ExchangeProvider, exchange_with
from nof0_core.state.recorder import Recorder

PROVE_TIMEOUT = timedelta(seconds=30)
"""How long a venue may take to show what became of an order, real."""
PLACE_TIMEOUT = timedelta(seconds=20)
"""How long it may take from an intent to its answer before the outcome counts as unknown, real."""
EXPIRES_AFTER = PLACE_TIMEOUT
"""How long after its intent a venue that knows expiry may carry an order out, engine time."""
CLOCKS_DIFFER = timedelta(seconds=10)
"""How far a venue's clock may be behind ours before an expired order is taken for dead."""
UNSEEN_FOR = timedelta(seconds=60)
"""How long (real) a venue must not know an order for it to be dead, …"""
UNSEEN_TIMES = 3
"""… and how often it must have said so."""


class OrderManager:
    """Places and cancels the orders of one venue account.

    Order of things for each batch: intents into the journal, made durable, sent, answers into the
    journal. A cancelled task finishes this sequence first, so a shutdown never loses an answer.

    `refusal` is asked right before an order leaves: why it must not, or nothing.
    """

    def __init__(
        self,
        *,
        venue_account: str,
        provider: ExchangeProvider,
        recorder: Recorder,
        refusal: Callable[[OrderIntended], str],
    ) -> None:
        self._venue_account = venue_account
        self._provider = provider
        self._recorder = recorder
        self._refusal = refusal
        self._proof = exchange_with(provider, Capability.PROOF)
        self._expires = Capability.EXPIRY in provider.capabilities
        self._in_batches = Capability.BATCH in provider.capabilities
        self._unseen: dict[ClientOrderId, tuple[float, int]] = {}
        self._told: list[Fill] = []

    def take_fills(self) -> list[Fill]:
        """Return the executions that answers told since the last call, and forget them."""
        told, self._told = self._told, []
        return told

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
        fresh = [i for i in intents if self._recorder.state.order(i.request.client_id) is None]
        if fresh:
            with anyio.CancelScope(shield=True):
                latest = min(until, began + PLACE_TIMEOUT.total_seconds())
                for outcome in await self._carry_out(fresh, latest):
                    self._answer(outcome)
                await self._recorder.secure()
        with anyio.CancelScope(deadline=until):
            await self.settle([i.request.client_id for i in intents])
        return [
            OrderReport(
                purpose=i.purpose,
                symbol=i.request.symbol,
                request=i.request,
                outcome=self._known(i),
            )
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
        record = self._recorder.state.order(outcome.client_id)
        if record is None or outcome.status is not OrderStatus.REJECTED:
            return False
        known = record.outcome is not None and record.outcome.status is not OrderStatus.UNKNOWN
        return not known and not self._is_dead(record)

    async def settle(self, client_ids: Sequence[ClientOrderId]) -> None:
        """Ask the venue about orders whose outcome is unknown, never sending anything."""
        for client_id in client_ids:
            record = self._recorder.state.order(client_id)
            if record is None:
                continue
            if record.outcome is not None and record.outcome.status is not OrderStatus.UNKNOWN:
                continue
            await self.refresh(client_id)

    async def refresh(self, client_id: ClientOrderId) -> None:
        """Ask the venue where an order stands now.

        One that it does not know counts as rejected only where it can never arrive any more.
        """
        record = self._recorder.state.order(client_id)
        if record is None:
            return
        try:
            with anyio.fail_after(PLACE_TIMEOUT.total_seconds()):
                found = await self._provider.order(client_id)
        except (Nof0Error, TimeoutError) as error:
            self._recorder.log.warning("order state unknown", client_id=client_id, error=str(error))
            return
        if found is None and self._proof is not None:
            try:
                with anyio.fail_after(PROVE_TIMEOUT.total_seconds()):
                    found = await self._proof.prove(client_id)
            except (Nof0Error, TimeoutError) as error:
                self._recorder.log.warning("no proof", client_id=client_id, error=str(error))
                return
            is_dead = found is None
        else:
            is_dead = found is None and self._is_dead(record)
        if found is not None:
            self._answer(found.outcome(client_id))
        elif is_dead:
            self._answer(_refused(client_id, "the venue never saw this order"))

    def _is_dead(self, record: OrderRecord) -> bool:
        """Tell whether an order that the venue does not know can never arrive any more.

        In a simulation nothing is under way between two calls. Where orders expire, that is when
        they have. Else the venue must have said `UNSEEN_TIMES`, over `UNSEEN_FOR`, that it does not
        know the order; every call of this counts as once.
        """
        clock = self._recorder.clock
        if clock.is_lockstep:
            return True
        if self._expires:
            return clock.now() > record.intended_at + EXPIRES_AFTER + CLOCKS_DIFFER
        now = anyio.current_time()
        since, times = self._unseen.get(record.client_id, (now, 0))
        self._unseen[record.client_id] = since, times + 1
        return times + 1 >= UNSEEN_TIMES and now - since >= UNSEEN_FOR.total_seconds()

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
        is_late = anyio.current_time() >= until
        late = "not sent: the disk took too long to confirm the journal" if is_late else ""
        reasons = {i.request.client_id: self._refusal(i) or late for i in intents}
        leaving = [i for i in intents if not reasons[i.request.client_id]]
        outcomes = await self._place(leaving, until) if leaving else []
        return outcomes + [
            _refused(client_id, reason) for client_id, reason in reasons.items() if reason
        ]

    def _expiry(self, intents: Sequence[OrderIntended]) -> datetime | None:
        """Return until when the venue may carry orders out: what `_is_dead` counts from, too."""
        if not self._expires:
            return None
        records = (self._recorder.state.order(i.request.client_id) for i in intents)
        return min(r.intended_at for r in records if r is not None) + EXPIRES_AFTER

    async def _place(self, intents: Sequence[OrderIntended], until: float) -> list[OrderOutcome]:
        """Give the venue the orders, in one call where it takes several.

        One by one, the first come first; those for which no time is left are not sent.
        """
        if self._in_batches:
            return await self._place_batch(intents, until)
        outcomes: list[OrderOutcome] = []
        for intent in intents:
            if anyio.current_time() < until:
                outcomes += await self._place_batch([intent], until)
            else:
                reason = "not sent: the orders before it took all the time there was"
                outcomes.append(_refused(intent.request.client_id, reason))
        return outcomes

    async def _place_batch(
        self, intents: Sequence[OrderIntended], until: float
    ) -> list[OrderOutcome]:
        status, reason = OrderStatus.UNKNOWN, ""
        try:
            with anyio.fail_after(until - anyio.current_time()):
                outcomes = list(
                    await self._provider.place(
                        [i.request for i in intents], expires_at=self._expiry(intents)
                    )
                )
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
        record = self._recorder.state.order(outcome.client_id)
        if outcome.fills:
            # Executions are records of their own.
            self._told += outcome.fills
            outcome = attrs.evolve(outcome, fills=())
        if record is None or record.outcome == outcome:
            return
        self._unseen.pop(outcome.client_id, None)
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
        record = self._recorder.state.order(intent.request.client_id)
        if record is None or record.outcome is None:
            return OrderOutcome(client_id=intent.request.client_id, status=OrderStatus.UNKNOWN)
        return record.outcome


def _refused(client_id: ClientOrderId, reason: str) -> OrderOutcome:
    return OrderOutcome(client_id=client_id, status=OrderStatus.REJECTED, reason=reason)
