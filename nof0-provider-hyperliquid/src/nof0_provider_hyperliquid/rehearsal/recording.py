"""Recorded minutes that come with the package: what a rehearsal is played on."""

from __future__ import annotations

import gzip
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from types import MappingProxyType

import numpy as np
from attrs import evolve

from nof0_core.domain.candles import from_ms, to_ms
from nof0_provider_hyperliquid.rehearsal.prices import MINUTE_MS, Bars
from nof0_provider_hyperliquid.rehearsal.venue import VenueSettings

COINS = ("BTC", "ETH", "SOL", "BNB", "DOGE", "XRP")
LEAD = timedelta(days=3)
"""How much of the recording lies in the past when a venue opens."""


@cache
def minutes() -> MappingProxyType[str, Bars]:
    """Return the recorded minutes by coin, all of the same 6,720; shape (n, 5), see `Bars`."""
    folder = files("nof0_provider_hyperliquid.rehearsal") / "data"
    found = {}
    for coin in COINS:
        text = gzip.decompress((folder / f"hl_{coin.lower()}_1m.csv.gz").read_bytes()).decode()
        rows = np.array([line.split(",")[1:] for line in text.split()[1:]], dtype=np.float64)
        rows.flags.writeable = False
        found[coin] = rows
    return MappingProxyType(found)


def on_recording(
    now: datetime, settings: VenueSettings | None = None, *, lead: timedelta = LEAD
) -> VenueSettings:
    """Return settings of a venue whose six coins do at `now` what they did in July 2025.

    `lead` of the recording is history by then, the rest is to come; after it prices walk on from
    where it ends. Coins that were not recorded walk from the beginning.
    """
    start = (to_ms(now) - lead // timedelta(milliseconds=1)) // MINUTE_MS * MINUTE_MS
    return evolve(
        settings or VenueSettings(start=now), recorded=minutes(), recorded_from=from_ms(start)
    )
