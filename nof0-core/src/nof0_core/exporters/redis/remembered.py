"""What events say that pictures do not: venue accounts, instruments, indicators."""

from __future__ import annotations

from typing import Any

import msgspec

from nof0_core.domain.account import AccountReport
from nof0_core.domain.event import AccountReported, Event, InstrumentsListed, MarketSeen
from nof0_core.domain.instrument import Instrument
from nof0_core.money import plain

_BAR = ("open", "high", "low", "close", "volume")
Json = dict[str, Any]


class _Dump(msgspec.Struct):
    seq: int
    accounts: dict[str, dict[str, str]]
    positions: dict[str, list[Json]]
    assets: dict[str, list[Json]]
    indicators: dict[str, dict[str, dict[str, float]]]


class Remembered:
    """The newest of each; `seq` is the number of the newest event.

    `accounts` and `positions` are by section of the exchange, `assets` by section of the market,
    `indicators` by coin, interval and name: those of its newest bar.
    """

    name = "redis"
    version = 1

    def __init__(self) -> None:
        self.seq = 0
        self.accounts: dict[str, dict[str, str]] = {}
        self.positions: dict[str, list[Json]] = {}
        self.assets: dict[str, list[Json]] = {}
        self.indicators: dict[str, dict[str, dict[str, float]]] = {}

    def apply(self, event: Event) -> None:
        """Take in one event."""
        match event.body:
            case AccountReported(venue_account=section, report=report):
                self.accounts[section] = _account(report)
                self.positions[section] = _positions(report)
            case InstrumentsListed(section=section, instruments=listed):
                self.assets[section] = [_asset(section, each) for each in listed.values()]
            case MarketSeen(snapshots=snapshots):
                self._see(snapshots)
        self.seq = event.seq

    def dump(self) -> bytes:
        """Return all that is remembered."""
        kept = _Dump(self.seq, self.accounts, self.positions, self.assets, self.indicators)
        return msgspec.json.encode(kept)

    def load(self, data: bytes) -> None:
        """Take over what `dump` has returned.

        Raises:
            msgspec.MsgspecError: it is something else; nothing has changed then.
        """
        kept = msgspec.json.decode(data, type=_Dump)
        self.seq, self.accounts, self.positions = kept.seq, kept.accounts, kept.positions
        self.assets, self.indicators = kept.assets, kept.indicators

    def _see(self, snapshots: Any) -> None:
        if isinstance(snapshots, bytes | msgspec.Raw):
            snapshots = msgspec.json.decode(snapshots)
        for symbol, entry in (snapshots or {}).items():
            for interval, series in (entry.get("series") or {}).items():
                columns, bars = series.get("columns") or (), series.get("bars") or ()
                if columns and bars:  # a record has a bar once: without a new one the last holds
                    found = dict(zip(columns[1:], bars[-1][1:], strict=True))
                    self.indicators.setdefault(symbol, {})[interval] = {
                        name: value
                        for name, value in found.items()
                        if name not in _BAR and value is not None
                    }


def _account(report: AccountReport) -> dict[str, str]:
    account = report.account
    return {
        "equity": plain(account.equity),
        "cash": plain(account.raw_usd),
        "margin_used": plain(account.margin_used),
        "withdrawable": plain(account.available),
        "time": account.time.isoformat(),
    }


def _positions(report: AccountReport) -> list[Json]:
    return [
        {
            "symbol": one.symbol,
            "quantity": plain(one.quantity),
            "entry_price": plain(one.entry_price),
            "leverage": one.leverage,
            "margin_mode": one.margin_mode.value,
            "margin_used": plain(one.margin_used),
            "unrealized_pnl": plain(one.unrealized_pnl),
            "liquidation_price": one.liquidation_price and plain(one.liquidation_price),
        }
        for one in report.positions
    ]


def _asset(section: str, one: Instrument) -> Json:
    return {
        "provider_id": section,
        "symbol": one.symbol,
        "size_decimals": one.size_decimals,
        "price_decimals": one.price_decimals,
        "lot": plain(one.lot),
        "min_notional": plain(one.min_notional),
        "max_leverage": one.max_leverage,
    }
