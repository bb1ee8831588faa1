"""Exchange providers: where orders go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Protocol, runtime_checkable

from nof0_core.domain.account import VenueAccount
from nof0_core.domain.fill import Fill, FundingPayment
from nof0_core.domain.order import OrderOutcome, OrderRequest, VenueOrder
from nof0_core.domain.position import MarginMode, VenuePosition
from nof0_core.domain.snapshot import Quote
from nof0_core.ids import ClientOrderId, Symbol


class Capability(StrEnum):
    """What an exchange can do beyond placing IOC orders; the fallback is named at each.

    TRIGGER_ORDERS: stops and targets wait at the venue (else the engine watches the mark).
    REDUCE_ONLY: orders that can only shrink a position (else the engine watches exits).
    ORDER_GROUPS: orders of one group cancel each other (else the engine cancels the sibling).
    """

    TRIGGER_ORDERS = "trigger_orders"
    REDUCE_ONLY = "reduce_only"
    ORDER_GROUPS = "order_groups"


class ExchangeProvider(Protocol):
    """One account at one venue with one net position per coin.

    Obligations: `place` is idempotent by client id (a client id that was seen before gets the
    outcome of the first time, nothing is sent twice); every fill appears in `fills` exactly once
    and for good; decimals are exact. Raises `TransientError` only where nothing happened,
    `OutcomeUnknownError` where something may have, `RejectedError` for a request the venue refused
    as a whole. There is deliberately no call that closes everything.
    """

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Return what the venue can do."""

    async def account(self) -> VenueAccount:
        """Return the account, valued at current marks."""

    async def positions(self) -> Sequence[VenuePosition]:
        """Return all open positions; closed ones are left out."""

    async def open_orders(self) -> Sequence[VenueOrder]:
        """Return all resting and waiting trigger orders."""

    async def place(self, orders: Sequence[OrderRequest]) -> Sequence[OrderOutcome]:
        """Send orders and return one outcome for each, in the same order.

        A refused order is an outcome (`rejected` with the venue's reason), not an exception. If
        the call is cancelled or fails after sending, the outcome is unknown.

        Raises:
            TransientError: nothing was sent.
            OutcomeUnknownError: the orders may or may not have been placed.
        """

    async def cancel(self, client_ids: Sequence[ClientOrderId]) -> Sequence[OrderOutcome]:
        """Cancel orders; the outcome is `canceled`, or the state that made it impossible."""

    async def order(self, client_id: ClientOrderId) -> VenueOrder | None:
        """Return an order by client id, open or done; None if the venue never saw it."""

    async def fills(self, since: datetime) -> Sequence[Fill]:
        """Return all executions at or after `since` (UTC), oldest first.

        Executions that the venue caused itself (stops, liquidations) or a person made in the
        venue's own screen are among them.
        """

    async def set_leverage(self, symbol: Symbol, leverage: int, mode: MarginMode) -> None:
        """Set the leverage of a coin for this account.

        Raises:
            RejectedError: the venue does not allow it.
        """


@runtime_checkable
class SupportsFunding(Protocol):
    """Capability: the venue reports funding payments. Fallback: funding shows up as drift."""

    async def funding(self, since: datetime) -> Sequence[FundingPayment]:
        """Return all funding settlements at or after `since` (UTC), oldest first."""


@runtime_checkable
class AcceptsMarks(Protocol):
    """Capability: the venue is simulated and moves by the prices it is handed.

    The engine hands over the quotes it values the section with, every `monitoring.update_interval`
    and before anything else of that round, so that exits fire at the pace the engine watches the
    market. Fallback: nothing is handed over; a real venue has its own marks.
    """

    async def accept_marks(self, quotes: Mapping[Symbol, Quote]) -> None:
        """Take the newest quotes (they need not be of all coins) and let what they trigger happen.

        Raises:
            ProviderError: what happened cannot be kept.
        """
