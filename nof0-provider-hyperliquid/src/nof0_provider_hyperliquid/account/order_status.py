"""What became of an order, by its client order id."""

from __future__ import annotations

from datetime import timedelta

from nof0_core.clock import Clock
from nof0_core.domain.outcome import VenueOrder
from nof0_core.errors import TransientError
from nof0_core.ids import ClientOrderId
from nof0_provider_hyperliquid.account.coins import DexCoins
from nof0_provider_hyperliquid.account.history import AccountHistory
from nof0_provider_hyperliquid.account.orders import is_open, read_order, with_fills
from nof0_provider_hyperliquid.transport.client import InfoClient
from nof0_provider_hyperliquid.transport.windows import Priority
from nof0_provider_hyperliquid.wire.cloid import cloid_of
from nof0_provider_hyperliquid.wire.reading import bad, milliseconds, record, shown

LAG = timedelta(seconds=10)
"""How long it is waited for the venue's answers to come up to a moment."""
STEP = timedelta(milliseconds=200)
"""How often it is asked meanwhile."""

NEVER_MATCHED = frozenset(
    {"tickRejected", "minTradeNtlRejected", "perpMarginRejected", "reduceOnlyRejected"}
    | {"badAloPxRejected", "badTriggerPxRejected", "oracleRejected", "tooManyOpenOrdersRejected"}
)
"""Statuses of orders that were refused before anything could execute: no fills to look for."""


class OrderReader:
    """Asks what became of orders of one user."""

    def __init__(
        self,
        client: InfoClient,
        *,
        user: str,
        coins: DexCoins,
        history: AccountHistory,
        clock: Clock,
    ) -> None:
        self._client = client
        self._user = user
        self._coins = coins
        self._history = history
        self._clock = clock

    async def order(self, client_id: ClientOrderId) -> VenueOrder | None:
        """Return an order as the venue knows it now, None if it does not (yet)."""
        request = {"type": "orderStatus", "user": self._user, "oid": cloid_of(client_id)}
        answer = record(await self._client.info(request, priority=Priority.NEWS), "orderStatus")
        if answer.get("status") == "unknownOid":
            return None
        if answer.get("status") != "order":
            bad("orderStatus", f"is {shown(answer.get('status'))}, neither order nor unknownOid")
        told = record(answer.get("order"), "orderStatus.order")
        word = told.get("status")
        if not isinstance(word, str):
            bad("orderStatus: status", f"is {shown(word)}, not a word")
        order = read_order(record(told.get("order"), "orderStatus: order"), self._coins, word)
        if order.client_id != client_id:
            bad("orderStatus", f"was asked for {client_id} and answers {order.client_id}")
        has_no_fills = word in NEVER_MATCHED or order.trigger is not None  # it never fired
        if is_open(word) or (has_no_fills and not order.filled_size):
            return order
        size, usd = await self._history.executed(order.venue_order_id, order.time, order.size)
        return with_fills(order, word, size, usd)

    async def order_after(self, client_id: ClientOrderId, venue_ms: int) -> VenueOrder | None:
        """Return an order from a state of the venue younger than `venue_ms`."""
        until = self._clock.now() + LAG
        while (time := await self.venue_time()) <= venue_ms:
            if self._clock.now() >= until:
                message = (
                    f"what the venue answers is {(venue_ms - time) / 1000:.1f} s behind the moment"
                    f" that it has to be younger than, {LAG.total_seconds():g} s later still"
                )
                raise TransientError(message)
            await self._clock.sleep_until(self._clock.now() + STEP)
        return await self.order(client_id)

    async def venue_time(self) -> int:
        """Return the time (ms) of the state the venue answers from now."""
        request = {"type": "clearinghouseState", "user": self._user, "dex": self._coins.dex}
        answer = await self._client.info(request, priority=Priority.NEWS)
        return milliseconds(record(answer, "clearinghouseState").get("time"), "clearinghouseState")
