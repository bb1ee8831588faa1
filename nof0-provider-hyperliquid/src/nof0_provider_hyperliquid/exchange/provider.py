"""The exchange provider: one account at the venue behind the engine's protocol."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

import attrs

from nof0_core.domain.account import AccountReport
from nof0_core.domain.fill import Fill, FundingPayment
from nof0_core.domain.health import Health
from nof0_core.domain.order import OrderRequest
from nof0_core.domain.outcome import OrderOutcome, VenueOrder
from nof0_core.domain.position import MarginMode
from nof0_core.ids import ClientOrderId, Symbol
from nof0_core.protocols import Capability, UpdateStream
from nof0_provider_hyperliquid.account.news import AccountNews
from nof0_provider_hyperliquid.account.reader import AccountReader
from nof0_provider_hyperliquid.account.stream import UserStream
from nof0_provider_hyperliquid.orders.action_client import ActionClient
from nof0_provider_hyperliquid.orders.assets import Assets
from nof0_provider_hyperliquid.orders.cancelling import Cancelling
from nof0_provider_hyperliquid.orders.leverage import set_leverage
from nof0_provider_hyperliquid.orders.placing import Placing
from nof0_provider_hyperliquid.orders.proof import Proof
from nof0_provider_hyperliquid.orders.register import SentOrders
from nof0_provider_hyperliquid.transport.budget import NetworkBudget

CAPABILITIES = frozenset(
    {
        Capability.TRIGGER_ORDERS,
        Capability.REDUCE_ONLY,
        Capability.BATCH,
        Capability.EXPIRY,
        Capability.FUNDING,
        Capability.PROOF,
        Capability.HEALTH,
    }
)


@attrs.frozen(kw_only=True, eq=False)
class Parts:
    """What the provider is made of."""

    client: ActionClient
    reader: AccountReader
    register: SentOrders
    assets: Assets
    placing: Placing
    cancelling: Cancelling
    proof: Proof
    budget: NetworkBudget
    news: AccountNews


class HyperliquidExchange:
    """One account. Calls may overlap, and each may be cancelled.

    Reads are of the account that is traded, never of the key that signs. A call that was cancelled
    may have been carried out: `prove` says so for an order.
    """

    def __init__(self, parts: Parts) -> None:
        self._client = parts.client
        self._reader = parts.reader
        self._register = parts.register
        self._assets = parts.assets
        self._placing = parts.placing
        self._cancelling = parts.cancelling
        self._proof = parts.proof
        self._budget = parts.budget
        self._news = parts.news

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Return what the venue can do."""
        return CAPABILITIES

    async def report(self) -> AccountReport:
        """Return the account at current marks, its positions and its waiting orders."""
        return await self._reader.report()

    async def place(
        self, orders: Sequence[OrderRequest], *, expires_at: datetime | None
    ) -> Sequence[OrderOutcome]:
        """Send orders as one action and return one outcome for each, in the same order.

        None can land later than 20 s after it was sent, or than `expires_at`.
        """
        with self._acting():
            return await self._placing.place(orders, expires_at)

    async def cancel(self, client_ids: Sequence[ClientOrderId]) -> Sequence[OrderOutcome]:
        """Cancel orders; the outcome is `canceled`, or the state that made it impossible."""
        with self._acting():
            return await self._cancelling.cancel(client_ids)

    async def order(self, client_id: ClientOrderId) -> VenueOrder | None:
        """Return an order by client id, open or done; None if the venue does not know it (yet)."""
        return self._as_answered(await self._reader.order(client_id))

    async def fills(self, since: datetime) -> Sequence[Fill]:
        """Return all executions at or after `since` (UTC), oldest first."""
        return await self._reader.fills(since)

    async def funding(self, since: datetime) -> Sequence[FundingPayment]:
        """Return all settlements at or after `since` (UTC), oldest first."""
        return await self._reader.funding(since)

    async def set_leverage(self, symbol: Symbol, leverage: int, margin_mode: MarginMode) -> None:
        """Set leverage and margin mode of a coin for this account."""
        await set_leverage(self._client, self._assets, symbol, leverage, margin_mode)

    async def prove(self, client_id: ClientOrderId) -> VenueOrder | None:
        """Find out for good what became of an order whose outcome is unknown."""
        with self._acting():
            return self._as_answered(await self._proof.prove(client_id))

    def health(self) -> tuple[Health, str]:
        """Say whether the venue lets us act, and how account and requests are."""
        if self._client.refusal:
            return Health.DOWN, self._client.refusal
        health, sentence = self._reader.health()
        return (health, sentence) if health is not Health.OK else self._budget.health()

    @contextmanager
    def _acting(self) -> Iterator[None]:
        """Let what is read from now on, and after it, be as urgent as orders are."""
        self._news.tell()
        try:
            yield
        finally:
            self._news.tell()

    def _as_answered(self, found: VenueOrder | None) -> VenueOrder | None:
        """Give an order the average price of its answer: what is told of orders has none."""
        sent = self._register.get(found.client_id) if found and found.client_id else None
        if found is None or sent is None or sent.outcome is None:
            return found
        answered = sent.outcome
        if answered.average_price is None or answered.filled_size != found.filled_size:
            return found
        return attrs.evolve(found, average_price=answered.average_price)


class StreamedExchange(HyperliquidExchange):
    """The same with the venue's stream beside it, which tells when something happens."""

    def __init__(self, parts: Parts, stream: UserStream) -> None:
        super().__init__(parts)
        self._stream = stream

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Return what the venue can do."""
        return CAPABILITIES | {Capability.ORDER_STREAM}

    def updates(self) -> UpdateStream:
        """Open a stream of hints; it ends when the connection is lost."""
        return self._stream.updates()

    def health(self) -> tuple[Health, str]:
        """Say whether the venue lets us act, and how account, requests and stream are."""
        health, sentence = super().health()
        return (health, sentence) if health is not Health.OK else self._stream.health()
