"""Where the paper venue gets its prices from: a recording it can look into, or live quotes."""

from __future__ import annotations

from nof0_core.protocols import MarketProvider, SupportsRecording
from nof0_provider_sim.exchange.bar import Bar, IsStale
from nof0_provider_sim.exchange.live_feed import LiveFeed
from nof0_provider_sim.exchange.recorded_feed import RecordedFeed, SupportsPastFunding

__all__ = ["Bar", "Feed", "LiveFeed", "RecordedFeed", "SupportsPastFunding", "feed_for"]

Feed = LiveFeed | RecordedFeed


def feed_for(market: MarketProvider, is_stale: IsStale | None = None) -> Feed:
    """Return the best feed a market allows; marks stand still while `is_stale` says so."""
    if isinstance(market, SupportsRecording):
        return RecordedFeed(market, market, is_stale)
    return LiveFeed(market, is_stale)
