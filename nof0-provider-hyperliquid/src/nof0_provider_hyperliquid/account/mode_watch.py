"""The mode of one account, and that it has changed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import anyio

from nof0_core.clock import Clock
from nof0_core.errors import DataError
from nof0_provider_hyperliquid.account.mode import AccountMode, read_mode
from nof0_provider_hyperliquid.transport.client import InfoClient

FRESH = timedelta(seconds=10)
"""For so long an answer is believed; the owner may change the mode at any time."""


class ModeWatch:
    """Asks for the mode, and tells when it is another one than before."""

    def __init__(
        self,
        client: InfoClient,
        *,
        user: str,
        clock: Clock,
        alert: Callable[[str, str], object],
    ) -> None:
        self._client = client
        self._user = user
        self._clock = clock
        self._alert = alert
        self._asked: datetime | None = None
        self._lock = anyio.Lock()
        self.known: AccountMode | None = None
        """The newest one, None before the first answer."""

    async def mode(self) -> AccountMode:
        """Return the mode as it was `FRESH` ago, or later.

        Raises:
            DataError: nobody here knows it.
            TransientError: for what may pass.
        """
        async with self._lock:
            return await self._fresh()

    async def _fresh(self) -> AccountMode:
        now = self._clock.now()
        if self.known is not None and self._asked is not None and abs(now - self._asked) < FRESH:
            return self.known
        answer = await self._client.info({"type": "userAbstraction", "user": self._user})
        try:
            found = read_mode(answer)
        except DataError as error:
            self._alert("account_mode_unknown", f"{error}; no entries until that is known")
            raise
        before, self.known, self._asked = self.known, found, now
        if before not in (None, found):
            self._alert(
                "account_mode_changed",
                f"the account's mode was {before} and is {found}: its collateral is elsewhere now",
            )
        return found
