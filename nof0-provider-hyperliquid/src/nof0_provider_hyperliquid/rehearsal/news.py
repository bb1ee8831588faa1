"""What subscribers of the market are told, and when."""

from __future__ import annotations

from typing import Any

from attrs import define

from nof0_core.domain.candles import interval_ms
from nof0_provider_hyperliquid.rehearsal.client import Client
from nof0_provider_hyperliquid.rehearsal.info import INTERVALS, MarketInfo
from nof0_provider_hyperliquid.rehearsal.subscription import Subscription

SNAPSHOT_TRADES = 30
CATCH_UP = 500
"""Bars told at once at most, when more than one has closed since the last news."""


@define
class MarketNews:
    """Tells clients what is new, as the venue does: whole states, no numbers, no gaps marked."""

    info: MarketInfo

    def is_known(self, subscription: Subscription) -> bool:
        """Tell whether the venue has what is subscribed to."""
        if subscription.coin and self.info.market.asset(subscription.coin) is None:
            return False
        if subscription.type == "candle":
            return subscription.interval in INTERVALS
        return subscription.dex in self.info.market.dexes

    def tell(self, client: Client, now_ms: int) -> None:
        """Tell a client what is new since it was told last."""
        for subscription in list(client.subscriptions):
            if not subscription.user:
                self.tell_one(client, subscription, now_ms)

    def tell_one(self, client: Client, subscription: Subscription, now_ms: int) -> None:
        """Tell what is new of one subscription; the first time its snapshot."""
        if subscription.type == "candle":
            self._tell_bars(client, subscription, now_ms)
        elif subscription.type == "trades":
            self._tell_trades(client, subscription, now_ms)
        else:
            data = self._state(subscription, now_ms)
            # A book comes with every block, everything else when it changes.
            if subscription.type == "l2Book" or client.told.get(subscription) != data:
                client.told[subscription] = data
                client.tell(subscription.type, data, now_ms, kind=subscription.type)

    def _state(self, subscription: Subscription, now_ms: int) -> Any:
        coin = subscription.coin
        if subscription.type == "allMids":
            return {"mids": self.info.all_mids({"dex": subscription.dex}, now_ms)}
        if subscription.type == "activeAssetCtx":
            return {"coin": coin, "ctx": self.info.context(coin, now_ms)}
        book = self.info.book({"coin": coin}, now_ms)
        if subscription.type == "l2Book":
            return book
        return {"coin": coin, "time": now_ms // 1000 * 1000, "bbo": [s[0] for s in book["levels"]]}

    def _tell_bars(self, client: Client, subscription: Subscription, now_ms: int) -> None:
        coin, interval = subscription.coin, subscription.interval
        length = interval_ms(interval)
        newest = now_ms // length * length
        last = client.told.get(subscription)
        first = newest if last is None else max(last["t"], newest - CATCH_UP * length)
        for open_ms in range(first, newest + 1, length):
            data = self.info.candle(
                coin, interval, self.info.market.bar(coin, open_ms, length, now_ms)
            )
            if data != client.told.get(subscription):
                client.told[subscription] = data
                client.tell("candle", data, now_ms, kind="candle")

    def _tell_trades(self, client: Client, subscription: Subscription, now_ms: int) -> None:
        newest = now_ms // 1_000
        last = client.told.get(subscription, newest - SNAPSHOT_TRADES)
        if last < newest:
            client.told[subscription] = newest
            seconds = range(max(last, newest - SNAPSHOT_TRADES) + 1, newest + 1)
            trades = [self.info.trade(subscription.coin, second) for second in seconds]
            client.tell("trades", trades, now_ms, kind="trades")
