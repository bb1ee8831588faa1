"""Exchange providers: where orders go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeAlias

from anyio.streams.memory import MemoryObjectReceiveStream

from nof0_core.domain.account import AccountReport
from nof0_core.domain.fill import Fill, FundingPayment
from nof0_core.domain.health import Health
from nof0_core.domain.order import OrderRequest
from nof0_core.domain.outcome import OrderOutcome, VenueOrder, VenueUpdate
from nof0_core.domain.position import MarginMode
from nof0_core.domain.snapshot import Quote
from nof0_core.ids import ClientOrderId, Symbol

UpdateStream: TypeAlias = AbstractAsyncContextManager[MemoryObjectReceiveStream[VenueUpdate]]


class Capability(StrEnum):
    """What an exchange can do beyond placing IOC orders; the fallback is named at each.

    Words about orders:

    TRIGGER_ORDERS: stops and targets wait at the venue (else the engine watches the mark).
    REDUCE_ONLY: orders that can only shrink a position (else the engine watches exits).
    REDUCE_OWN: a reduce-only order shrinks what the orders of its own trader hold (the first four
    bytes of its client id), whatever the account holds net; only a simulated venue can tell. So a
    trader's exits do not depend on what other traders hold (else the engine watches exits of coins
    that are held in opposite directions, and cuts closes to the net).
    BATCH: `place` sends several orders as one request (else it is given one at a time).
    EXPIRY: an order that arrives after `expires_at` is dead (else that argument is None).
    WHOLE_POSITION: a reduce-only order of size 0 closes all there is when it trades (else none of
    size 0 is sent).

    Words for a method that exists if, and only if, its word is there:

    FUNDING: `funding` (else funding shows up as cash that differs).
    PROOF: `prove` (else an order never seen counts as dead after a while).
    ORDER_STREAM: `updates` (else the account is looked at in fixed steps only).
    ACCEPTS_MARKS: `accept_marks`; the venue is simulated (else nothing is handed over).
    NEXT_EVENT: `next_event`; the venue is simulated (else each bar is stepped through).
    HEALTH: `health` (else it counts as well for as long as it is open).
    FIGURES: `figures` (else nobody sees its numbers).
    """

    TRIGGER_ORDERS = "trigger_orders"
    REDUCE_ONLY = "reduce_only"
    REDUCE_OWN = "reduce_own"
    BATCH = "batch"
    EXPIRY = "expiry"
    WHOLE_POSITION = "whole_position"
    FUNDING = "funding"
    PROOF = "proof"
    ORDER_STREAM = "order_stream"
    ACCEPTS_MARKS = "accepts_marks"
    NEXT_EVENT = "next_event"
    HEALTH = "health"
    FIGURES = "figures"


class ExchangeProvider(Protocol):
    """One account at one venue with one net position per coin.

    Obligations: `place` is idempotent by client id (a client id that was seen before gets the
    outcome of the first time, nothing is sent twice); every fill appears in `fills` exactly once
    and for good; decimals are exact; ids that the venue gives are strings. Raises `TransientError`
    only where nothing happened, `OutcomeUnknownError` where something may have, `RejectedError` for
    a request the venue refused as a whole, and no other library's exceptions. Calls may overlap,
    and each may be cancelled. There is deliberately no call that closes everything.

    `OptionalExchangeMethods` has the methods that words in `capabilities` stand for.
    """

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Return what the venue can do; the same for as long as the provider is open."""

    async def report(self) -> AccountReport:
        """Return the account at current marks, its positions and its waiting orders.

        Where the venue answers in several parts, orders are read first, then positions, then the
        account: an order that fills in between is missing in the first and seen in the second.
        """

    async def place(
        self, orders: Sequence[OrderRequest], *, expires_at: datetime | None
    ) -> Sequence[OrderOutcome]:
        """Send orders and return one outcome for each, in the same order.

        A refused order is an outcome (`rejected` with the venue's reason), not an exception. If
        the call is cancelled or fails after sending, the outcome is unknown.

        Args:
            orders: one only, without BATCH.
            expires_at: after this time (UTC) the venue must not carry the orders out any more;
                None without EXPIRY.

        Raises:
            TransientError: nothing was sent.
            OutcomeUnknownError: the orders may or may not have been placed.
        """

    async def cancel(self, client_ids: Sequence[ClientOrderId]) -> Sequence[OrderOutcome]:
        """Cancel orders; the outcome is `canceled`, or the state that made it impossible."""

    async def order(self, client_id: ClientOrderId) -> VenueOrder | None:
        """Return an order by client id, open or done; None if the venue does not know it (yet)."""

    async def fills(self, since: datetime) -> Sequence[Fill]:
        """Return all executions at or after `since` (UTC), oldest first.

        Executions that the venue caused itself (stops, liquidations) or a person made in the
        venue's own screen are among them.
        """

    async def set_leverage(self, symbol: Symbol, leverage: int, margin_mode: MarginMode) -> None:
        """Set leverage and margin mode of a coin for this account.

        Raises:
            RejectedError: the venue does not allow it.
        """


class OptionalExchangeMethods(Protocol):
    """Methods of an exchange provider that exist if their word is among its capabilities."""

    async def funding(self, since: datetime) -> Sequence[FundingPayment]:
        """FUNDING: return all settlements at or after `since` (UTC), oldest first."""

    async def prove(self, client_id: ClientOrderId) -> VenueOrder | None:
        """PROOF: find out for good what became of an order whose outcome is unknown.

        Returns:
            The order, if it has arrived; None if it never did and never can any more.

        Raises:
            OutcomeUnknownError: neither could be shown now.
        """

    def updates(self) -> UpdateStream:
        """ORDER_STREAM: open a stream of what happens to the account.

        An update is a hint: it makes the engine look at once, and is never booked itself. The
        stream ends when the connection is lost; the engine opens another one.
        """

    async def accept_marks(self, quotes: Mapping[Symbol, Quote]) -> Sequence[Fill]:
        """ACCEPTS_MARKS: take the newest quotes and let what they trigger happen.

        The engine hands over the quotes it values the account with, every
        `monitoring.update_interval` and before anything else of that round, so that exits fire at
        the pace the engine watches the market. They need not be of all coins.

        Returns:
            All executions since the last call, oldest first; those already handed over in an
            `OrderOutcome` may be among them. `fills` is then asked only after a start and where
            ledger and account differ.

        Raises:
            ProviderError: what happened cannot be kept.
        """

    def next_event(self, after: datetime, until: datetime) -> datetime | None:
        """NEXT_EVENT: return when in (after, until] (UTC) something may happen by itself.

        That is a trigger or resting order that is reached, a liquidation, or a funding settlement,
        if no order is placed or cancelled before. None: nothing will.
        """

    def health(self) -> tuple[Health, str]:
        """HEALTH: say how the exchange is, as `HasHealth` says."""

    def figures(self) -> Mapping[str, float]:
        """FIGURES: tell numbers for people who watch, as `HasFigures` says."""
