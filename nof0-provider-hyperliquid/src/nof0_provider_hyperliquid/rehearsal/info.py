"""Answers of `/info` about the market, as the venue writes them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

from attrs import define

from nof0_core.domain.candles import interval_ms
from nof0_provider_hyperliquid.rehearsal.accounts.state_infos import TOKEN_INDEX
from nof0_provider_hyperliquid.rehearsal.market import HOUR_MS, VenueMarket
from nof0_provider_hyperliquid.rehearsal.prices import Bar
from nof0_provider_hyperliquid.rehearsal.wire_numbers import wire, wire_price

INTERVALS = ("1m", "3m", "5m", "15m", "30m", "1h", "2h", "4h", "8h", "12h", "1d", "3d", "1w")
DAY_MS = 24 * HOUR_MS
CANDLES = 5_000
"""Newest bars of an interval that exist."""
SPOT_PAIRS = {"@1": "12.5", "@107": "41.3", "PURR/USDC": "0.19", "#30": "0.62", "#31": "0.38"}
"""What else stands in `allMids`: spot pairs, and sides of outcome markets."""


class NotUnderstoodError(ValueError):
    """A request has not the form that the venue reads."""


@define(kw_only=True)
class MarketInfo:
    """Answers what is asked about the market.

    `funding_page` and `candle_page` are the most rows of one answer of `fundingHistory` (the oldest
    asked for) and `candleSnapshot` (the newest).
    """

    market: VenueMarket
    funding_page: int = 500
    candle_page: int = 5_000

    def answer(self, request: Mapping[str, Any], now_ms: int) -> tuple[bool, Any]:
        """Return whether the request is about the market, and the answer.

        Raises:
            NotUnderstoodError: it is, and cannot be read.
        """
        found = _ANSWERS.get(str(request.get("type")))
        if found is None:
            return False, None
        try:
            return True, found(self, request, now_ms)
        except (KeyError, TypeError, ValueError) as error:
            raise NotUnderstoodError from error

    # --- what is listed ---------------------------------------------------------------------------

    def meta(self, request: Mapping[str, Any], _: int) -> Any:
        """Answer `meta`."""
        dex = self._dex(request)
        tables = {}
        universe = []
        collateral = next((asset.collateral for asset in self.market.universe(dex)), "USDC")
        for asset in self.market.universe(dex):
            table = asset.max_leverage
            if len(asset.margin_tiers) > 1:
                table = 50 + 100 * self.market.dexes.index(dex) + asset.index
                tables[table] = {
                    "description": f"tiered {asset.max_leverage}x",
                    "marginTiers": [
                        {"lowerBound": wire(bound), "maxLeverage": leverage}
                        for bound, leverage in asset.margin_tiers
                    ],
                }
            else:
                tables[table] = {
                    "description": "",
                    "marginTiers": [{"lowerBound": "0.0", "maxLeverage": asset.max_leverage}],
                }
            entry: dict[str, Any] = {
                "szDecimals": asset.sz_decimals,
                "name": asset.name,
                "maxLeverage": asset.max_leverage,
                "marginTableId": table,
            }
            if asset.is_delisted:
                entry["isDelisted"] = True
            if asset.only_isolated:
                entry |= {"onlyIsolated": True, "marginMode": "strictIsolated"}
            if asset.is_growing:
                entry["growthMode"] = "enabled"
            universe.append(entry)
        return {
            "universe": universe,
            "marginTables": [[number, table] for number, table in sorted(tables.items())],
            "collateralToken": TOKEN_INDEX.get(collateral, 0),
        }

    def meta_and_contexts(self, request: Mapping[str, Any], now_ms: int) -> Any:
        """Answer `metaAndAssetCtxs`."""
        coins = [asset.name for asset in self.market.universe(self._dex(request))]
        return [self.meta(request, now_ms), [self.context(coin, now_ms) for coin in coins]]

    def all_metas(self, _: Mapping[str, Any], now_ms: int) -> Any:
        """Answer `allPerpMetas`."""
        return [self.meta({"dex": dex}, now_ms) for dex in self.market.dexes]

    def perp_dexes(self, _: Mapping[str, Any], __: int) -> Any:
        """Answer `perpDexs`: the main dex is null."""
        deployer = "0x" + "11" * 20
        return [
            {"name": dex, "fullName": dex.upper(), "deployer": deployer, "oracleUpdater": None}
            if dex
            else None
            for dex in self.market.dexes
        ]

    def margin_table(self, request: Mapping[str, Any], now_ms: int) -> Any:
        """Answer `marginTable`."""
        for meta in self.all_metas({}, now_ms):
            for number, table in meta["marginTables"]:
                if number == request["id"]:
                    return table
        return None

    def spot_meta(self, _: Mapping[str, Any], __: int) -> Any:
        """Answer `spotMeta`: token indices are sparse, as on the venue."""
        common = {"isCanonical": True, "evmContract": None, "fullName": None}
        return {
            "tokens": [
                {"name": "USDC", "szDecimals": 8, "weiDecimals": 8, "index": 0, "tokenId": "0x6d",
                 **common},
                {"name": "HYPE", "szDecimals": 2, "weiDecimals": 8, "index": 150, "tokenId": "0x0d",
                 **common},
            ],
            "universe": [
                {"name": "@107", "tokens": [150, 0], "index": 107, "isCanonical": False}
            ],
        }  # fmt: skip

    # --- prices -----------------------------------------------------------------------------------

    def context(self, coin: str, now_ms: int) -> dict[str, Any]:
        """Return what `metaAndAssetCtxs` and `activeAssetCtx` say of a coin."""
        market, asset = self.market, self._asset(coin)
        (bid, _), (ask, _) = (side[0] for side in market.book(coin, now_ms))
        oracle, mark = market.oracle(coin, now_ms), market.mark(coin, now_ms)
        day = market.bar(coin, now_ms - DAY_MS, DAY_MS, now_ms)

        def price(value: float) -> str:
            return wire_price(value, asset.sz_decimals)

        return {
            "funding": wire(market.running_rate(coin, now_ms), 10),
            "openInterest": wire(1_000_000.0 * (1 + asset.index) / oracle, asset.sz_decimals),
            "prevDayPx": price(day.open),
            "dayNtlVlm": wire(day.volume * day.close, 6),
            "premium": wire(mark / oracle - 1, 10),
            "oraclePx": price(oracle),
            "markPx": price(mark),
            "midPx": None if asset.is_delisted else _middle(bid, ask),
            "impactPxs": None if asset.is_delisted else [price(bid), price(ask)],
            "dayBaseVlm": wire(day.volume, asset.sz_decimals),
        }

    def mid(self, coin: str, now_ms: int) -> str:
        """Return the middle between bid and ask."""
        (bid, _), (ask, _) = (side[0] for side in self.market.book(coin, now_ms))
        return _middle(bid, ask)

    def all_mids(self, request: Mapping[str, Any], now_ms: int) -> Any:
        """Answer `allMids`."""
        dex = self._dex(request)
        mids = {asset.name: self.mid(asset.name, now_ms) for asset in self.market.universe(dex)}
        return mids if dex else mids | SPOT_PAIRS

    def book(self, request: Mapping[str, Any], now_ms: int) -> Any:
        """Answer `l2Book`; null for a coin that is not listed."""
        coin = request["coin"]
        asset = self.market.asset(coin)
        if asset is None:
            return None
        levels = [
            [
                {
                    "px": wire_price(price, asset.sz_decimals),
                    "sz": wire(size, asset.sz_decimals),
                    "n": 1 + number % 4,
                }
                for number, (price, size) in enumerate(side)
            ]
            for side in self.market.book(coin, now_ms)
        ]
        return {"coin": coin, "time": now_ms, "levels": levels}

    def trades(self, request: Mapping[str, Any], now_ms: int) -> Any:
        """Answer `recentTrades`: one a second, newest first."""
        asset = self._asset(request["coin"])
        newest = now_ms // 1_000
        return [self.trade(asset.name, second) for second in range(newest, newest - 10, -1)]

    def trade(self, coin: str, second: int) -> dict[str, Any]:
        """Return the trade of a second."""
        asset = self._asset(coin)
        time = second * 1_000
        return {
            "coin": coin,
            "side": "AB"[second % 2],
            "px": wire_price(self.market.mid(coin, time), asset.sz_decimals),
            "sz": wire(10.0**-asset.sz_decimals * (1 + second % 50), asset.sz_decimals),
            "hash": f"0x{second:064x}",
            "time": time,
            "tid": second * 1_000 + asset.index,
            "users": ["0x" + "21" * 20, "0x" + "22" * 20],
        }

    # --- history ----------------------------------------------------------------------------------

    def candles(self, request: Mapping[str, Any], now_ms: int) -> Any:
        """Answer `candleSnapshot`: the newest of those asked for, the last perhaps unfinished."""
        wanted = request["req"]
        coin, interval = wanted["coin"], wanted["interval"]
        self._asset(coin)
        if interval not in INTERVALS:
            raise NotUnderstoodError
        length = interval_ms(interval)
        last = min(int(wanted.get("endTime", now_ms)), now_ms) // length * length
        oldest = now_ms // length * length - (CANDLES - 1) * length
        first = max(int(wanted["startTime"]), oldest, self.market.start_ms) // length * length
        if first < oldest or first < self.market.start_ms:
            first += length
        return [
            self.candle(coin, interval, self.market.bar(coin, open_ms, length, now_ms))
            for open_ms in range(first, last + 1, length)[-self.candle_page :]
        ]

    def candle(self, coin: str, interval: str, bar: Bar) -> dict[str, Any]:
        """Return a bar as it stands in answers and messages."""
        asset = self._asset(coin)
        open_, close, high, low = (
            wire_price(price, asset.sz_decimals)
            for price in (bar.open, bar.close, bar.high, bar.low)
        )
        return {
            "t": bar.open_ms,
            "T": bar.open_ms + interval_ms(interval) - 1,
            "s": coin,
            "i": interval,
            "o": open_,
            "c": close,
            "h": high,
            "l": low,
            "v": wire(bar.volume, asset.sz_decimals),
            "n": bar.trades,
        }

    def funding(self, request: Mapping[str, Any], now_ms: int) -> Any:
        """Answer `fundingHistory`: oldest first, a page of it; times are a little off the hour."""
        coin = self._asset(request["coin"]).name
        first = max(int(request["startTime"]), self.market.start_ms)
        last = min(int(request.get("endTime", now_ms)), now_ms)
        hours = range(first // HOUR_MS * HOUR_MS, last + 1, HOUR_MS)
        times = ((hour, hour + hour // HOUR_MS * 37 % 480) for hour in hours)
        rows = (
            {
                "coin": coin,
                "fundingRate": wire(self.market.funding_rate(coin, hour), 10),
                "premium": wire(self.market.funding_rate(coin, hour) * 8, 10),
                "time": time,
            }
            for hour, time in times
            if first <= time <= last
        )
        return list(islice(rows, self.funding_page))

    def status(self, _: Mapping[str, Any], now_ms: int) -> Any:
        """Answer `exchangeStatus`."""
        return {"specialStatuses": None, "time": now_ms}

    def _asset(self, coin: object) -> Any:
        asset = self.market.asset(str(coin))
        if asset is None:
            raise NotUnderstoodError
        return asset

    def _dex(self, request: Mapping[str, Any]) -> str:
        dex = str(request.get("dex") or "")
        if dex not in self.market.dexes:
            raise NotUnderstoodError
        return dex


def _middle(bid: float, ask: float) -> str:
    """Return what is half-way, as it is written: it has one figure more than a price."""
    return wire((bid + ask) / 2, 7)


_ANSWERS: Mapping[str, Callable[[MarketInfo, Mapping[str, Any], int], Any]] = {
    "meta": MarketInfo.meta,
    "metaAndAssetCtxs": MarketInfo.meta_and_contexts,
    "allPerpMetas": MarketInfo.all_metas,
    "perpDexs": MarketInfo.perp_dexes,
    "marginTable": MarketInfo.margin_table,
    "spotMeta": MarketInfo.spot_meta,
    "allMids": MarketInfo.all_mids,
    "l2Book": MarketInfo.book,
    "recentTrades": MarketInfo.trades,
    "candleSnapshot": MarketInfo.candles,
    "fundingHistory": MarketInfo.funding,
    "exchangeStatus": MarketInfo.status,
}
