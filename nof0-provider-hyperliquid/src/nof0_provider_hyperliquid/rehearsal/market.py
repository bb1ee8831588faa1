"""The venue's side of the market: universes, prices, bars, books and funding rates at a moment."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence

from attrs import evolve

from nof0_provider_hyperliquid.rehearsal.assets import Asset
from nof0_provider_hyperliquid.rehearsal.listing import ASSETS, PRICES
from nof0_provider_hyperliquid.rehearsal.prices import MINUTE_MS, Bar, Bars, PricePath
from nof0_provider_hyperliquid.rehearsal.wire_numbers import price_decimals

HOUR_MS = 3_600_000
BOOK_MS = 500
"""A book is another one so often."""
MARK_MS = 3_000
"""Mark and oracle prices are new about so often ("Robust price indices"), and still in between."""
LEVELS = 20
QUIET_RATE = 0.0000125
"""Funding per hour where nobody pushes the price."""

Levels = list[tuple[float, float]]
"""(price in USD, size in coins), the best first."""


class VenueMarket:
    """Prices of everything listed; whatever is asked about a moment has one answer.

    What a test or a rehearsal may change: `stalled` coins keep the prices of the moment given
    there, `stale_marks` only mark and oracle, while trading goes on; `put` and `delist` change
    what is listed here (`Venue.list_asset`: for accounts too).
    """

    def __init__(
        self,
        *,
        seed: int,
        start_ms: int,
        assets: Sequence[Asset] = ASSETS,
        prices: Mapping[str, float] = PRICES,
        recorded: Mapping[str, Bars] | None = None,
    ) -> None:
        """Begin at `start_ms`, the oldest minute that anybody can ask for."""
        self.start_ms = start_ms
        self.stalled: dict[str, int] = {}
        self.stale_marks: dict[str, int] = {}
        self._seed = seed
        self._prices = dict(prices)
        self._recorded = dict(recorded or {})
        self._assets: dict[str, Asset] = {}
        self._paths: dict[str, PricePath] = {}
        for asset in assets:
            self.put(asset)

    @property
    def dexes(self) -> list[str]:
        """Return the names of the dexes, the main one (empty) first."""
        return list(dict.fromkeys(["", *(asset.dex for asset in self._assets.values())]))

    def universe(self, dex: str) -> list[Asset]:
        """Return what a dex lists, by index."""
        listed = (asset for asset in self._assets.values() if asset.dex == dex)
        return sorted(listed, key=lambda asset: asset.index)

    def asset(self, coin: str) -> Asset | None:
        """Return a coin's rules, None if it is not listed."""
        return self._assets.get(coin)

    def put(self, asset: Asset) -> None:
        """List an asset, or change the rules of one."""
        self._assets[asset.name] = asset
        if asset.name not in self._paths:
            self._paths[asset.name] = PricePath(
                coin=asset.name,
                seed=self._seed,
                start_ms=self.start_ms,
                base=self._prices.get(asset.name, 100.0),
                sz_decimals=asset.sz_decimals,
                recorded=self._recorded.get(asset.name),
            )

    def delist(self, coin: str) -> None:
        """Take a coin off the list; it keeps its place in the universe."""
        self.put(evolve(self._assets[coin], is_delisted=True))

    # --- prices -----------------------------------------------------------------------------------

    def mid(self, coin: str, now_ms: int) -> float:
        """Return the middle between bid and ask."""
        return self._paths[coin].price(min(now_ms, self.stalled.get(coin, now_ms)))

    def oracle(self, coin: str, now_ms: int) -> float:
        """Return the price elsewhere: a few basis points off."""
        now_ms = self._marked(coin, now_ms)
        mid = self.mid(coin, now_ms)
        off = self._random(coin, "oracle", now_ms // MINUTE_MS).gauss(0.0, 2.0)
        return round(mid * (1 + off / 10_000), self._decimals(coin, mid))

    def mark(self, coin: str, now_ms: int) -> float:
        """Return the price that margin goes by: between mid and oracle."""
        now_ms = self._marked(coin, now_ms)
        mid = self.mid(coin, now_ms)
        return round((mid + self.oracle(coin, now_ms)) / 2, self._decimals(coin, mid))

    def bar(self, coin: str, open_ms: int, length_ms: int, now_ms: int) -> Bar:
        """Return a bar as it stands at `now_ms`."""
        return self._paths[coin].bar(open_ms, length_ms, now_ms)

    def book(self, coin: str, now_ms: int) -> tuple[Levels, Levels]:
        """Return bids and asks, 20 levels each, the best first; another book every `BOOK_MS`."""
        now_ms = now_ms // BOOK_MS * BOOK_MS
        mid = self.mid(coin, now_ms)
        decimals = self._decimals(coin, mid)
        tick = 10.0**-decimals
        rng = self._random(coin, "book", now_ms // BOOK_MS)
        bids, asks = (
            list(self._side(mid, sign, tick, decimals, rng, self._assets[coin].sz_decimals))
            for sign in (-1, 1)
        )
        return bids, asks

    def _side(
        self, mid: float, sign: int, tick: float, decimals: int, rng: random.Random, lot: int
    ) -> Iterator[tuple[float, float]]:
        price = mid
        for level in range(LEVELS):
            price = round(price + sign * tick * (1 if level == 0 else rng.choice((1, 1, 2, 3))), 12)
            if price <= 0:
                return
            usd = rng.lognormvariate(9.5, 1.0) * (1 + level / 4)
            yield round(price, decimals), max(round(usd / mid, lot), 10.0**-lot)

    # --- funding ----------------------------------------------------------------------------------

    def funding_rate(self, coin: str, hour_ms: int) -> float:
        """Return the rate settled at a full hour, a fraction of the notional."""
        off = self._random(coin, "funding", hour_ms // HOUR_MS).gauss(0.0, 1e-5)
        return round(QUIET_RATE + off, 10)

    def running_rate(self, coin: str, now_ms: int) -> float:
        """Return the rate that the present hour is going to be settled at."""
        return self.funding_rate(coin, (now_ms // HOUR_MS + 1) * HOUR_MS)

    def _marked(self, coin: str, now_ms: int) -> int:
        """Return the moment whose mark is shown."""
        now_ms = now_ms // MARK_MS * MARK_MS
        return min(now_ms, *(each.get(coin, now_ms) for each in (self.stalled, self.stale_marks)))

    def _decimals(self, coin: str, price: float) -> int:
        return price_decimals(price, self._assets[coin].sz_decimals)

    def _random(self, coin: str, what: str, number: int) -> random.Random:
        return random.Random(f"{self._seed} {coin} {what} {number}")
