"""A rehearsal venue in a thread of its own, for tests that start `nof0` as a process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from anyio.from_thread import start_blocking_portal

from nof0_core.clock import SystemClock
from nof0_provider_hyperliquid.rehearsal.venue import Venue, VenueSettings


@asynccontextmanager
async def _opened(settings: VenueSettings | None) -> AsyncIterator[Venue]:
    async with Venue.open(settings, SystemClock()) as venue:
        yield venue


@contextmanager
def venue_beside(settings: VenueSettings | None = None) -> Iterator[Venue]:
    """Serve a venue on the machine's clock; it lives in another thread, so only look at it."""
    with (
        start_blocking_portal() as portal,
        portal.wrap_async_context_manager(_opened(settings)) as venue,
    ):
        yield venue
