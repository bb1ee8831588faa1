"""Cancelling orders by their own ids, and by nothing else: never all there are."""

from __future__ import annotations

from collections.abc import Sequence

import anyio

from nof0_core.domain.order import OrderStatus
from nof0_core.domain.outcome import OrderOutcome
from nof0_core.errors import DataError, OutcomeUnknownError, ProviderError
from nof0_core.ids import ClientOrderId, Symbol
from nof0_core.money import ZERO
from nof0_provider_hyperliquid.account.reader import AccountReader
from nof0_provider_hyperliquid.orders import statuses
from nof0_provider_hyperliquid.orders.action_client import ActionClient
from nof0_provider_hyperliquid.orders.assets import Assets
from nof0_provider_hyperliquid.orders.lanes import Lane
from nof0_provider_hyperliquid.orders.order_wire import cancel_action
from nof0_provider_hyperliquid.orders.register import SentOrders

UNKNOWN_HERE = "the venue does not know this order"


class Cancelling:
    """Cancels the orders of one section.

    The venue's own plan to cancel everything (`scheduleCancel`) takes stops along, and is never
    used.
    """

    def __init__(
        self, *, client: ActionClient, assets: Assets, register: SentOrders, reader: AccountReader
    ) -> None:
        self._client = client
        self._assets = assets
        self._register = register
        self._reader = reader
        self._ended: dict[ClientOrderId, str] = {}
        """Orders the venue has refused to cancel though it had taken them, with its words."""

    async def cancel(self, client_ids: Sequence[ClientOrderId]) -> list[OrderOutcome]:
        """Cancel orders as one action; one outcome for each, in the same order.

        Raises:
            TransientError: nothing was cancelled.
            RejectedError: the venue refused the action as a whole.
            OutcomeUnknownError: they may be cancelled or not.
        """
        ended = [c for c in dict.fromkeys(client_ids) if c in self._ended]
        named: list[tuple[ClientOrderId, int]] = []
        for client_id in dict.fromkeys(client_ids):
            symbol = None if client_id in self._ended else await self._symbol(client_id)
            if symbol is not None:
                try:
                    asset = await self._assets.asset(symbol)
                except DataError:
                    continue  # delisted: the venue has ended its orders
                named.append((client_id, self._assets.number(asset)))
        refusals = await self._refusals(named)
        found: dict[ClientOrderId, OrderOutcome] = {}

        async def tell(client_id: ClientOrderId, refusal: str | None) -> None:
            found[client_id] = await self._outcome(client_id, refusal)

        async with anyio.create_task_group() as tasks:
            for client_id in ended:
                tasks.start_soon(tell, client_id, self._ended[client_id])
            for (client_id, _), refusal in zip(named, refusals, strict=True):
                tasks.start_soon(tell, client_id, refusal)
        return [found.get(c) or _refused(c, UNKNOWN_HERE) for c in client_ids]

    async def _refusals(self, named: Sequence[tuple[ClientOrderId, int]]) -> list[str | None]:
        if not named:
            return []
        try:
            response = await self._client.act(
                cancel_action(named),
                Lane.PROTECTION,
                batch=len(named),
                expires=self._client.lease_ends,
            )
        except OutcomeUnknownError as error:
            error.client_ids = tuple(client_id for client_id, _ in named)
            raise
        return statuses.refusals(len(named), response)

    async def _symbol(self, client_id: ClientOrderId) -> Symbol | None:
        sent = self._register.get(client_id)
        if sent is not None:
            return sent.symbol
        order = await self._reader.order(client_id)
        return None if order is None else order.symbol

    async def _outcome(self, client_id: ClientOrderId, refusal: str | None) -> OrderOutcome:
        sent = self._register.get(client_id)
        first = None if sent is None else sent.outcome
        if refusal == "":
            return OrderOutcome(
                client_id=client_id,
                status=OrderStatus.CANCELED,
                venue_order_id=None if first is None else first.venue_order_id,
                filled_size=ZERO if first is None else first.filled_size,
                average_price=None if first is None else first.average_price,
            )
        if refusal is None:
            reason = "the venue did not say whether it is cancelled"
            return OrderOutcome(client_id=client_id, status=OrderStatus.UNKNOWN, reason=reason)
        if first is not None:
            # It was there and is not any more: to ask for its end once more is to no purpose.
            self._ended[client_id] = refusal
        try:
            order = await self._reader.order(client_id)
        except ProviderError:
            order = None
        if order is None or not order.status.is_final:
            # What is told of orders may lie behind what was done to them.
            return _refused(client_id, refusal)
        return order.outcome(client_id)


def _refused(client_id: ClientOrderId, reason: str) -> OrderOutcome:
    return OrderOutcome(client_id=client_id, status=OrderStatus.REJECTED, reason=reason)
