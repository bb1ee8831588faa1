"""What became of an order that nobody answered for: landed or dead, and never "probably".

An order can only land under the nonce it was signed with, and before it expires. So one of two
things makes the venue's word final, if it comes from a state of the venue that is younger:

- the nonce is used up. A `noop` under the same nonce does that: either it is carried out, or the
  venue says that the nonce was used, by the order or by an earlier noop (Hyperliquid, "Invalidate
  pending nonce"). A used nonce proves nothing about orders under another.
- the time has passed after which the venue refuses the order.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from nof0_core.clock import Clock
from nof0_core.domain.candles import from_ms, to_ms
from nof0_core.domain.order import OrderStatus
from nof0_core.domain.outcome import OrderOutcome, VenueOrder
from nof0_core.errors import OutcomeUnknownError, ProviderError
from nof0_core.ids import ClientOrderId
from nof0_provider_hyperliquid.account.reader import AccountReader
from nof0_provider_hyperliquid.orders.action_client import ActionClient
from nof0_provider_hyperliquid.orders.lanes import Lane
from nof0_provider_hyperliquid.orders.placing import LIFE
from nof0_provider_hyperliquid.orders.refusals import DUPLICATE_NONCE, LOW_NONCE
from nof0_provider_hyperliquid.orders.register import SentOrders
from nof0_provider_hyperliquid.orders.sent import Sent
from nof0_provider_hyperliquid.transport.client import InfoClient
from nof0_provider_hyperliquid.transport.windows import Priority
from nof0_provider_hyperliquid.wire.status import read_time

TRIES = 3
"""So often a nonce is asked to be closed in one go: a noop may be sent again, an order never."""
BLOCK_MS = 1_000
"""A block that was begun before an expiry may be told of so much later."""
PATIENCE = LIFE + timedelta(seconds=2)
"""How long it is waited for an expiry within one call."""
NEVER_LANDED = "the venue never took this order, and never will"


class Proof:
    """Finds out for good what became of orders of one section."""

    def __init__(
        self,
        *,
        client: ActionClient,
        info: InfoClient,
        register: SentOrders,
        reader: AccountReader,
        clock: Clock,
        is_leaving: Callable[[ClientOrderId], bool],
    ) -> None:
        """Remember whom to ask; `is_leaving` tells whether an order may still be sent by us."""
        self._client = client
        self._info = info
        self._register = register
        self._reader = reader
        self._clock = clock
        self._is_leaving = is_leaving

    async def prove(self, client_id: ClientOrderId) -> VenueOrder | None:
        """Return an order that has arrived, None if it never did and never can any more.

        Raises:
            OutcomeUnknownError: neither can be shown now.
        """
        try:
            return await self._prove(client_id)
        except OutcomeUnknownError:
            raise
        except ProviderError as error:
            message = f"what became of the order cannot be shown now: {error}"
            raise OutcomeUnknownError(message, client_ids=(client_id,)) from error

    async def _prove(self, client_id: ClientOrderId) -> VenueOrder | None:
        found = await self._reader.order(client_id)
        if found is not None:
            return found
        if self._is_leaving(client_id):
            message = "the order is being sent"
            raise OutcomeUnknownError(message, client_ids=(client_id,))
        final = await self._final(client_id)
        found = await self._reader.order_after(client_id, final)
        if found is None:
            dead = OrderOutcome(
                client_id=client_id, status=OrderStatus.REJECTED, reason=NEVER_LANDED
            )
            self._register.bar(dead)
        return found

    async def _final(self, client_id: ClientOrderId) -> int:
        """Return the venue's time after which its word is final, in milliseconds."""
        sent = self._register.get(client_id)
        if sent is None:
            # It left before this register was begun, if ever.
            return await self._expired(self._register.born + LIFE // timedelta(milliseconds=1))
        if sent.closed is not None:
            return sent.closed
        is_ours = sent.signer == self._client.wallet.address
        if is_ours and to_ms(self._clock.now()) <= sent.expires + BLOCK_MS:
            closed = await self._close(sent)
            if closed is not None:
                return closed
        return await self._expired(sent.expires)

    async def _close(self, sent: Sent) -> int | None:
        """Use up the nonce of an order; None if the venue does not take our word for it."""
        for _ in range(TRIES):
            try:
                await self._client.act({"type": "noop"}, Lane.PROOF, nonce=sent.nonce)
            except ProviderError as error:
                if DUPLICATE_NONCE not in str(error) and LOW_NONCE not in str(error):
                    continue
            # Our clock too, as the venue may answer this from a state that lies behind.
            status = await self._info.info({"type": "exchangeStatus"}, priority=Priority.PROTECTION)
            by = max(read_time(status), to_ms(self._clock.now())) + 1
            self._register.closed(sent.nonce, by)
            return by
        return None

    async def _expired(self, expires: int) -> int:
        """Wait until an order has expired, if that is soon."""
        end = from_ms(expires + BLOCK_MS)
        left = end - self._clock.now()
        if left > PATIENCE:
            message = f"the order may still land for {left.total_seconds():.0f} s"
            raise OutcomeUnknownError(message)
        if left > timedelta(0):
            await self._clock.sleep_until(end)
        return expires + BLOCK_MS
