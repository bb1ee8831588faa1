"""What the venue lists if nobody says otherwise: the six coins of the arena and some others.

Sizes, leverage and tiers are those of the venue's margin documentation in 2026; prices are those of
summer 2025.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType

from nof0_provider_hyperliquid.rehearsal.assets import Asset


def _asset(index: int, name: str, sz_decimals: int, *tiers: tuple[int, int]) -> Asset:
    return Asset(
        index=index,
        name=name,
        sz_decimals=sz_decimals,
        max_leverage=tiers[0][1],
        margin_tiers=tuple((Decimal(bound), leverage) for bound, leverage in tiers),
    )


MAIN_DEX = (
    _asset(0, "BTC", 5, (0, 40), (150_000_000, 20)),
    _asset(1, "ETH", 4, (0, 25), (100_000_000, 15)),
    Asset(index=2, name="MATIC", sz_decimals=1, max_leverage=20, is_delisted=True),
    _asset(3, "SOL", 2, (0, 20), (70_000_000, 10)),
    _asset(4, "BNB", 3, (0, 10), (3_000_000, 5)),
    _asset(5, "DOGE", 0, (0, 10), (20_000_000, 5)),
    _asset(6, "XRP", 0, (0, 20), (40_000_000, 10)),
    _asset(7, "kPEPE", 0, (0, 10), (20_000_000, 5)),
    Asset(index=8, name="GRASS", sz_decimals=1, max_leverage=3, only_isolated=True),
)
BUILDER_DEX = (
    Asset(
        index=0, name="xyz:XYZ100", sz_decimals=4, max_leverage=20, only_isolated=True, dex="xyz"
    ),
    Asset(index=1, name="xyz:TSLA", sz_decimals=3, max_leverage=10, only_isolated=True, dex="xyz"),
)
ASSETS = (*MAIN_DEX, *BUILDER_DEX)
PRICES: Mapping[str, float] = MappingProxyType(
    {
        "BTC": 118_000.0,
        "ETH": 3_700.0,
        "MATIC": 0.4,
        "SOL": 190.0,
        "BNB": 770.0,
        "DOGE": 0.24,
        "XRP": 3.2,
        "kPEPE": 0.0125,
        "GRASS": 1.1,
        "xyz:XYZ100": 23_000.0,
        "xyz:TSLA": 320.0,
    }
)
"""Where walks begin, in USD; 100 for what is not here."""
