"""All that is asked about one account."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from nof0_core.clock import Clock
from nof0_core.domain.account import AccountReport
from nof0_core.domain.fill import Fill, FundingPayment
from nof0_core.domain.health import Health
from nof0_core.domain.outcome import VenueOrder
from nof0_core.ids import ClientOrderId
from nof0_provider_hyperliquid.account.mode import AccountMode
from nof0_provider_hyperliquid.account.user_limits import UserLimits
from nof0_provider_hyperliquid.transport.client import InfoClient


class AccountReader:
    """Reads one account on one dex. Calls may overlap, and each may be cancelled."""

    def __init__(
        self,
        client: InfoClient,
        *,
        user: str,
        signer: str,
        master: str = "",
        dex: str = "",
        clock: Clock,
        alert: Callable[[str, str], object],
    ) -> None:
        """Prepare; nothing is asked.

        Args:
            client: asks the venue.
            user: address of the account that is traded: a main address, sub-account or vault.
                Never an agent's, of which the venue says that it is empty.
            signer: address of the key that signs.
            master: address the key must belong to, or be an agent of; empty: `user`.
            dex: short name of a builder's dex, empty for the venue's own.
            clock: engine time.
            alert: tells a person, a code and a text.
        """

    async def report(self) -> AccountReport:
        """Return the account, its positions and open orders on the dex.

        Raises:
            DataError: the mode is unknown, an answer contradicts itself, or the key may sign for
                this account no more.
            TransientError: for what may pass.
        """
        raise NotImplementedError

    async def fills(self, since: datetime) -> Sequence[Fill]:
        """Return all executions on the dex at or after `since` (UTC), oldest first.

        Raises:
            DataError: a page of one millisecond is full, so that others may be hidden.
            TransientError: for what may pass.
        """
        raise NotImplementedError

    async def funding(self, since: datetime) -> Sequence[FundingPayment]:
        """Return all settlements on the dex at or after `since` (UTC), oldest first.

        Raises:
            DataError: a page of one millisecond is full, so that others may be hidden.
            TransientError: for what may pass.
        """
        raise NotImplementedError

    async def order(self, client_id: ClientOrderId) -> VenueOrder | None:
        """Return an order, None if the venue does not know it (yet).

        Raises:
            ProviderError: the venue does not tell.
        """
        raise NotImplementedError

    async def order_after(self, client_id: ClientOrderId, venue_ms: int) -> VenueOrder | None:
        """Return an order from a state of the venue younger than `venue_ms` (its milliseconds).

        None then is the venue's final word where nothing can arrive after that moment.

        Raises:
            TransientError: the venue's answers stay behind that moment; see `LAG` for how long it
                is waited.
        """
        raise NotImplementedError

    async def venue_time(self) -> int:
        """Return the time of the state the venue answers from now, in its milliseconds.

        Raises:
            ProviderError: the venue does not tell.
        """
        raise NotImplementedError

    async def mode(self) -> AccountMode:
        """Return the account's mode.

        Raises:
            DataError: one nobody here knows.
            TransientError: for what may pass.
        """
        raise NotImplementedError

    def limits(self) -> UserLimits:
        """Return what was last told of the user's limits; asks nobody."""
        raise NotImplementedError

    async def watch(self) -> None:
        """Look at limits and the key's life again and again: a background task, without end."""
        raise NotImplementedError

    async def look_at_limits(self) -> UserLimits:
        """Ask for the limits and whether the key may sign, now.

        Raises:
            ProviderError: the venue does not tell.
        """
        raise NotImplementedError

    def health(self) -> tuple[Health, str]:
        """Say how the account is: the key, its margin, its limits."""
        raise NotImplementedError
