"""Where the paper venue gets its prices from: a recording it can look into, or live quotes."""

from __future__ import annotations

from nof0_core.plugins.env import Logger
from nof0_core.protocols import MarketCapability, MarketProvider, market_with
from nof0_provider_sim.exchange.bar import Bar, IsStale
from nof0_provider_sim.exchange.live_books import LiveBooks, SeenBook
from nof0_provider_sim.exchange.live_feed import LiveFeed
from nof0_provider_sim.exchange.recorded_feed import RecordedFeed, SupportsPastFunding

__all__ = ["Bar", "Feed", "LiveFeed", "RecordedFeed", "SeenBook", "SupportsPastFunding", "feed_for"]

Feed = LiveFeed | RecordedFeed


def feed_for(
    market: MarketProvider, *, book_max_age_ms: int, is_stale: IsStale | None, log: Logger
) -> Feed:
    """Return the best feed a market allows; marks stand still while `is_stale` says so.

    Order books older than `book_max_age_ms` are not used; 0: none is asked for.
    """
    recording = market_with(market, MarketCapability.RECORDING)
    if recording is not None:
        return RecordedFeed(market, recording, is_stale)
    shown = market_with(market, MarketCapability.ORDER_BOOKS) if book_max_age_ms else None
    books = None if shown is None else LiveBooks(shown, book_max_age_ms, log)
    return LiveFeed(market, books, is_stale)
