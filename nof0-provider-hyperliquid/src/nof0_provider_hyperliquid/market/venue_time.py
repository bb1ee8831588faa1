"""The venue's time, as proof of what is over there."""

from __future__ import annotations

from nof0_core.clock import Clock
from nof0_provider_hyperliquid.market.single_flight import SingleFlight
from nof0_provider_hyperliquid.transport.client import InfoClient
from nof0_provider_hyperliquid.transport.windows import Priority
from nof0_provider_hyperliquid.wire.status import read_time


class VenueTime:
    """The newest time the venue has told: it is not earlier there."""

    def __init__(self, client: InfoClient, *, clock: Clock) -> None:
        self._client = client
        self._asking: SingleFlight[int] = SingleFlight(self._ask, clock=clock)
        self._newest = 0

    async def now(self) -> int:
        """Ask for the time, in milliseconds.

        Raises:
            ProviderError: it cannot be had.
        """
        return await self._asking.get()

    async def at_least(self, wanted_ms: int) -> int:
        """Return the newest time known, asking only if it is earlier than `wanted_ms`.

        Raises:
            ProviderError: it cannot be had.
        """
        return self._newest if self._newest >= wanted_ms else await self.now()

    async def _ask(self) -> int:
        answer = await self._client.info({"type": "exchangeStatus"}, priority=Priority.READS)
        self._newest = max(self._newest, read_time(answer))
        return self._newest
