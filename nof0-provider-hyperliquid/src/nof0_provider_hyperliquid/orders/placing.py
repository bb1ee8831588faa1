"""Placing orders: each leaves once, and each is answered for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import anyio
import attrs

from nof0_core.clock import Clock
from nof0_core.domain.candles import to_ms
from nof0_core.domain.order import OrderRequest, OrderStatus
from nof0_core.domain.outcome import OrderOutcome
from nof0_core.errors import (
    DataError,
    OutcomeUnknownError,
    ProviderError,
    RejectedError,
    TransientError,
)
from nof0_core.ids import ClientOrderId
from nof0_provider_hyperliquid.orders import statuses
from nof0_provider_hyperliquid.orders.action_client import ActionClient
from nof0_provider_hyperliquid.orders.assets import Assets
from nof0_provider_hyperliquid.orders.lanes import Lane
from nof0_provider_hyperliquid.orders.order_wire import fault, order_action
from nof0_provider_hyperliquid.orders.register import SentOrders
from nof0_provider_hyperliquid.wire.cloid import cloid_of

LIFE = timedelta(seconds=20)
"""How long an order may take to the venue at most, whatever is asked for. So one of which nothing
was kept is dead when that is over."""


@attrs.define(eq=False)
class _Flight:
    """An order whose answer is awaited, for whoever sends it once more meanwhile."""

    landed: anyio.Event = attrs.field(factory=anyio.Event)
    outcome: OrderOutcome | None = None
    error: ProviderError | None = None


class Placing:
    """Places the orders of one section.

    `entries_refusal` says why nothing may leave that could grow a position, or nothing.
    """

    def __init__(
        self,
        *,
        client: ActionClient,
        assets: Assets,
        register: SentOrders,
        clock: Clock,
        entries_refusal: Callable[[], str],
    ) -> None:
        self._client = client
        self._assets = assets
        self._register = register
        self._clock = clock
        self._entries_refusal = entries_refusal
        self._flights: dict[ClientOrderId, _Flight] = {}

    async def place(
        self, orders: Sequence[OrderRequest], expires_at: datetime | None
    ) -> list[OrderOutcome]:
        """Send orders as one action and return one outcome for each, in the same order.

        One that was sent before gets its first outcome again.

        Raises:
            TransientError: nothing was sent.
            OutcomeUnknownError: nothing is known of any of them.
        """
        mine: list[OrderRequest] = []
        for order in orders:
            is_known = order.client_id in self._flights or self._register.get(order.client_id)
            if not is_known and order.client_id not in {each.client_id for each in mine}:
                mine.append(order)
        flights = {order.client_id: _Flight() for order in mine}
        self._flights.update(flights)
        try:
            told = await self._send(mine, expires_at)
            for outcome in told:
                flights[outcome.client_id].outcome = outcome
        except ProviderError as error:
            for flight in flights.values():
                flight.error = error
            raise
        finally:
            for client_id, flight in flights.items():
                flight.landed.set()
                del self._flights[client_id]
        found = {outcome.client_id: outcome for outcome in told}
        return [found.get(o.client_id) or await self._earlier(o.client_id) for o in orders]

    def is_under_way(self, client_id: ClientOrderId) -> bool:
        """Tell whether a call is about to send an order, or awaits its answer."""
        return client_id in self._flights

    async def _earlier(self, client_id: ClientOrderId) -> OrderOutcome:
        """Return what came of an order that another call sends or has sent."""
        flight = self._flights.get(client_id)
        if flight is not None:
            await flight.landed.wait()
            if flight.error is not None:
                raise flight.error
            if flight.outcome is not None:
                return flight.outcome
        sent = self._register.get(client_id)
        if sent is not None and sent.outcome is not None:
            return sent.outcome
        return _unknown(client_id, "it was sent before, and no answer came")

    async def _send(
        self, orders: Sequence[OrderRequest], expires_at: datetime | None
    ) -> list[OrderOutcome]:
        leaving: list[tuple[OrderRequest, int]] = []
        outcomes: list[OrderOutcome] = []
        for order in orders:
            try:
                leaving.append((order, await self._number(order)))
            except RejectedError as error:
                outcomes.append(_refused(order.client_id, error.text))
        if not leaving:
            return outcomes
        sent = [order for order, _ in leaving]
        try:
            return outcomes + await self._carry_out(leaving, self._expiry(expires_at))
        except RejectedError as error:
            answers = [_refused(order.client_id, error.text) for order in sent]
            self._note(answers)
            return outcomes + answers
        except OutcomeUnknownError as error:
            error.client_ids = tuple(order.client_id for order in sent)
            if not outcomes:
                raise
            return outcomes + [_unknown(order.client_id, str(error)) for order in sent]

    async def _number(self, order: OrderRequest) -> int:
        """Return the number of an order's asset.

        Raises:
            RejectedError: the order must not leave.
            TransientError: the venue does not say what it trades.
        """
        cloid_of(order.client_id)
        if _grows(order) and (reason := self._entries_refusal()):
            raise RejectedError(reason)
        try:
            asset = await self._assets.asset(order.symbol)
        except DataError as error:
            raise RejectedError(str(error)) from error
        if reason := fault(order, asset.instrument):
            raise RejectedError(reason)
        return self._assets.number(asset)

    async def _carry_out(
        self, leaving: Sequence[tuple[OrderRequest, int]], expires: int
    ) -> list[OrderOutcome]:
        orders = [order for order, _ in leaving]
        under: list[int] = []

        async def noted(nonce: int) -> None:
            await self._register.note(
                [(order.client_id, order.symbol) for order in orders],
                nonce=nonce,
                expires=expires,
                signer=self._client.wallet.address,
            )
            under.append(nonce)

        try:
            response = await self._client.act(
                order_action(leaving),
                Lane.ENTRIES if any(map(_grows, orders)) else Lane.PROTECTION,
                batch=len(orders),
                expires=expires,
                noted=noted,
            )
        except TransientError:
            for nonce in under:
                self._register.unsent(nonce)
            raise
        answers = statuses.outcomes(orders, response)
        self._note(answers)
        return answers

    def _expiry(self, expires_at: datetime | None) -> int:
        latest = self._clock.now() + LIFE
        return to_ms(latest if expires_at is None else min(latest, expires_at))

    def _note(self, outcomes: Sequence[OrderOutcome]) -> None:
        for outcome in outcomes:
            if outcome.status is not OrderStatus.UNKNOWN:
                self._register.answered(outcome)


def _grows(order: OrderRequest) -> bool:
    return not order.is_reduce_only


def _refused(client_id: ClientOrderId, reason: str) -> OrderOutcome:
    return OrderOutcome(client_id=client_id, status=OrderStatus.REJECTED, reason=reason)


def _unknown(client_id: ClientOrderId, reason: str) -> OrderOutcome:
    return OrderOutcome(client_id=client_id, status=OrderStatus.UNKNOWN, reason=reason)
