"""Configuration of a market section with `type: sim`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs

from nof0_core.config.fields import opt
from nof0_core.domain.candles import interval_ms
from nof0_provider_sim.config.instruments import InstrumentRules

_SYNTHETIC_ONLY = ("start", "end", "seed", "interval", "volatility", "drift", "first_price")


@attrs.frozen(kw_only=True)
class SimMarketConfig:
    """Schema of a market section with `type: sim`."""

    source: str = opt(
        default="recorded",
        one_of=("recorded", "synthetic"),
        help="play back candle files, or make prices up",
    )
    data: Path | None = opt(
        default=None, help="directory of candle files; empty: Hyperliquid, July 2025, six coins"
    )
    data_source: str = opt(
        default="files",
        one_of=("files", "database"),
        help="recorded: candle files, or the candles of a database",
    )
    database: str = opt(
        default="",
        secret=True,
        help="with data_source: database: postgresql://… or sqlite:///PATH; empty: that of the "
        "`sql` exporter",
    )
    section: str = opt(
        default="",
        help="with data_source: database: market section the candles are of; empty: the only one",
    )
    symbols: tuple[str, ...] = opt(
        default=(), help="coins to offer; empty: all recorded ones, or BTC ETH SOL BNB DOGE XRP"
    )
    gaps: str = opt(
        default="refuse",
        one_of=("refuse", "allow"),
        help="what to do with a recording in which bars are missing",
    )
    open_interest_usd: Decimal | None = opt(
        default=None,
        unit="USD",
        gt=0,
        help="open interest to report for every coin; empty: none, candles do not tell it",
    )
    instruments: Mapping[str, InstrumentRules] = opt(
        factory=dict, help="trading rules by coin, beside or instead of the built-in ones"
    )
    start: datetime | None = opt(
        default=None, help="synthetic: start of the first bar; 2025-01-01 if empty"
    )
    end: datetime | None = opt(
        default=None, help="synthetic: end of the last bar; start + 30 days if empty"
    )
    seed: int | None = opt(
        default=None, help="synthetic: seed of the prices; the run's seed if empty"
    )
    interval: str | None = opt(default=None, help="synthetic: finest bar; 1m if empty")
    volatility: float | None = opt(
        default=None,
        ge=0,
        le=10,
        help="synthetic: standard deviation of a year's return; 0.8 if empty",
    )
    drift: float | None = opt(
        default=None, ge=-10, le=10, help="synthetic: expected log return of a year; 0 if empty"
    )
    first_price: Mapping[str, float] | None = opt(
        default=None,
        help="synthetic: price by coin at the start; 100 where nothing better is known",
    )

    def __attrs_post_init__(self) -> None:
        """Refuse keys that the chosen source would ignore, and contradictions."""
        if self.data_source == "database":
            self._refuse(("data",), "only means something with data_source: files")
        else:
            for name in ("database", "section"):
                if getattr(self, name):
                    message = f"{name}: only means something with data_source: database"
                    raise ValueError(message)
        if self.source == "recorded":
            self._refuse(_SYNTHETIC_ONLY, "only means something with source: synthetic")
            return
        self._refuse(("data",), "only means something with source: recorded")
        if self.data_source != "files":
            message = "data_source: only means something with source: recorded"
            raise ValueError(message)
        if self.gaps != "refuse":
            message = "gaps: only means something with source: recorded"
            raise ValueError(message)
        if self.interval is not None:
            interval_ms(self.interval)
        for name, price in (self.first_price or {}).items():
            if not price > 0:
                message = f"first_price.{name}: must be > 0, got {price}"
                raise ValueError(message)

    def _refuse(self, names: tuple[str, ...], why: str) -> None:
        for name in names:
            value: Any = getattr(self, name)
            if value is not None:
                message = f"{name}: {why}"
                raise ValueError(message)
