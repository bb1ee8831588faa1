"""`exchange.yaml` and `market.yaml`: named sections, and what is watched."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from nof0_core.config.fields import opt
from nof0_core.config.structure import Raw

SYMBOLS = ("BTC", "ETH", "SOL", "BNB", "DOGE", "XRP")
INDICATORS = ("ema20", "ema50", "macd", "rsi7", "rsi14", "atr3", "atr14")


@attrs.frozen(kw_only=True)
class ExchangeFile:
    """Exchange sections by name."""

    default: str = opt(default="", help="section of traders that name none")
    providers: Mapping[str, Raw] = opt(help="sections, each with its `type`")


@attrs.frozen(kw_only=True)
class MarketFile:
    """Market sections by name, and what traders see of the market."""

    default: str = opt(default="", help="section of traders that name none")
    providers: Mapping[str, Raw] = opt(help="sections, each with its `type`")
    symbols: tuple[str, ...] = opt(default=SYMBOLS, help="coins of traders that name none")
    intervals: tuple[str, ...] = opt(default=("3m", "4h"), help="bar lengths shown")
    indicators: tuple[Raw, ...] | None = opt(
        default=None, help="short names such as ema20, or mappings {name, function, …}"
    )
    series_bars: int = opt(default=10, ge=1, le=1000, help="newest bars shown of each series")
