"""Rows of the market: instruments, bars and their indicators, funding rates."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec

from nof0_core.domain.candles import from_ms
from nof0_core.domain.event import InstrumentsListed, MarketSeen
from nof0_core.domain.instrument import Instrument
from nof0_core.exporters.sql.cleaning import clean_json
from nof0_core.exporters.sql.rows import Rows
from nof0_core.ids import Symbol

_GROUPS = ("ema", "macd", "rsi", "atr")
_BAR = ("open", "high", "low", "close", "volume")


class MarketRows:
    """Remembers the instruments of each section, so that it is seen when one is gone."""

    def __init__(self) -> None:
        self.listed: dict[str, dict[Symbol, Instrument]] = {}

    def list(self, body: InstrumentsListed, rows: Rows) -> None:
        """Write the instruments of a section, and those that were in it before."""
        known = self.listed.get(body.section, {})
        for symbol, instrument in known.items():
            if symbol not in body.instruments:
                _put_asset(rows, body.section, instrument, is_active=False)
        for instrument in body.instruments.values():
            _put_asset(rows, body.section, instrument, is_active=True)
        self.listed[body.section] = dict(body.instruments)

    def see(self, body: MarketSeen, rows: Rows) -> None:
        """Write the bars that a record has, and the funding rates it names."""
        snapshots = body.snapshots
        if isinstance(snapshots, bytes | msgspec.Raw):
            snapshots = msgspec.json.decode(snapshots)
        for symbol, entry in (snapshots or {}).items():
            _put_rate(rows, body.section, symbol, entry.get("quote") or {})
            for name, series in entry.get("series", {}).items():
                columns = series.get("columns") or ()
                for bar in series.get("bars") or () if columns else ():
                    place = {
                        "provider_id": body.section,
                        "symbol": symbol,
                        "interval": name,
                        "timestamp": from_ms(bar[0]),
                    }
                    _put_bar(rows, place, dict(zip(columns[1:], bar[1:], strict=True)))


def _put_bar(rows: Rows, place: dict[str, Any], values: dict[str, float | None]) -> None:
    prices = {name: values.pop(name, None) for name in _BAR}
    if None in prices.values():
        return  # a bar without a price is none
    rows.put("klines", **place, **prices)
    groups: dict[str, dict[str, float]] = {name: {} for name in (*_GROUPS, "others")}
    for name, value in values.items():
        group = next((each for each in _GROUPS if name.startswith(each)), "others")
        if value is not None:
            groups[group][name] = value
    if any(groups.values()):
        rows.put("indicators", **place, **groups)


def _put_rate(rows: Rows, section: str, symbol: str, quote: dict[str, Any]) -> None:
    """Write the funding rate that holds in an hour: the one that was told last in it."""
    if quote.get("funding_rate") is None:
        return
    time = datetime.fromisoformat(quote["time"])
    rows.put(
        "funding_rates",
        provider_id=section,
        symbol=symbol,
        timestamp=time.replace(minute=0, second=0, microsecond=0),
        rate=Decimal(quote["funding_rate"]),
    )


def _put_asset(rows: Rows, section: str, instrument: Instrument, *, is_active: bool) -> None:
    rows.put(
        "assets",
        provider_id=section,
        symbol=instrument.symbol,
        name=instrument.symbol,
        precision=instrument.size_decimals,
        tick=Decimal(1).scaleb(-instrument.price_decimals),
        lot=instrument.lot,
        min_notional=instrument.min_notional,
        max_leverage=instrument.max_leverage,
        tiers=[
            clean_json(
                {
                    "lower_bound": tier.lower_bound,
                    "max_leverage": tier.max_leverage,
                    "maintenance_rate": tier.maintenance,
                }
            )
            for tier in instrument.tiers
        ],
        is_active=is_active,
    )
