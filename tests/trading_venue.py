"""A venue with a tape: bars and prices follow from its trades, on REST and on the stream."""

from __future__ import annotations

import random
from collections import Counter

from aiohttp import web
from scripted_venue import ScriptedVenue, until

from nof0_core.domain.candles import interval_ms, to_ms

MINUTE = 60_000


class TradingVenue(ScriptedVenue):
    """Sells the same coins to REST and stream; time is the clock's.

    Every coin trades at moments that follow from its name and the minute, mostly to its end.
    """

    def __init__(self, clock, coins=("BTC",), trades=7):
        super().__init__()
        self.clock = clock
        self.coins = coins
        self.trades = trades
        self.asked = Counter()
        self.requests = []
        self.told = {}
        self.marks = {}

    def routes(self, app):
        app.router.add_post("/info", self._info)

    # --- the tape ---------------------------------------------------------------------------------

    def tape(self, coin, minute):
        """Trades of a minute (ms of its opening), oldest first: (ms, price, size)."""
        rng = random.Random(f"{coin}/{minute}")
        moments = sorted(rng.randrange(MINUTE) for _ in range(rng.randint(0, 2 * self.trades)))
        if rng.random() < 0.7:
            moments.append(MINUTE - 1 - rng.randrange(900))
            moments.sort()
        return [(minute + ms, rng.randint(900, 1100) / 10, rng.randint(1, 9)) for ms in moments]

    def bar(self, coin, interval, opened, now):
        """The bar as it is at a moment (ms), as the venue tells it."""
        length = interval_ms(interval)
        trades = [
            trade
            for minute in range(opened, min(opened + length, now + 1), MINUTE)
            for trade in self.tape(coin, minute)
            if trade[0] <= now
        ]
        prices = [price for _, price, _ in trades] or [100.0]
        return {
            "t": opened,
            "T": opened + length - 1,
            "s": coin,
            "i": interval,
            "o": str(prices[0]),
            "c": str(prices[-1]),
            "h": str(max(prices)),
            "l": str(min(prices)),
            "v": f"{sum(size for _, _, size in trades)}.0",
            "n": len(trades),
        }

    def row(self, coin, interval, opened):
        """The bar as it is in the end: open time, open, high, low, close, volume."""
        found = self.bar(coin, interval, opened, opened + interval_ms(interval) - 1)
        return (opened, *(float(found[key]) for key in "ohlcv"))

    # --- REST -------------------------------------------------------------------------------------

    async def _info(self, request):
        body = await request.json()
        self.asked[body["type"]] += 1
        self.requests.append(body)
        return web.json_response(getattr(self, body["type"])(body))

    @property
    def time(self):
        return to_ms(self.clock.now())

    def exchangeStatus(self, _):  # noqa: N802 - the venue's word
        return {"specialStatuses": None, "time": self.time}

    def context(self, coin):
        price = f"{100 + (self.time // 1000 + len(coin)) % 7}.5"
        return {
            "markPx": price,
            "midPx": price,
            "oraclePx": price,
            "funding": "0.0000125",
            "openInterest": "688.11",
            "dayNtlVlm": str(self.time / 1000),
            "impactPxs": None,
            "premium": None,
        }

    def metaAndAssetCtxs(self, _):  # noqa: N802
        universe = [
            {"name": coin, "szDecimals": 2, "maxLeverage": 20, "marginTableId": 20}
            for coin in self.coins
        ]
        meta = {"universe": universe, "marginTables": [], "collateralToken": 0}
        return [meta, [self.context(coin) for coin in self.coins]]

    def l2Book(self, body):  # noqa: N802
        levels = [[{"px": px, "sz": "100.0", "n": 1}] for px in ("99.9", "100.1")]
        return {"coin": body["coin"], "time": self.time, "levels": levels}

    def candleSnapshot(self, body):  # noqa: N802
        asked = body["req"]
        length = interval_ms(asked["interval"])
        now = self.time
        # A bar is there once somebody has traded in it, or in a later one.
        last = now // length * length
        if not self.bar(asked["coin"], asked["interval"], last, now)["n"]:
            last -= length
        first = max(asked["startTime"] // length * length, last - 4999 * length)
        last = min(last, asked["endTime"] // length * length)
        return [
            self.bar(asked["coin"], asked["interval"], opened, now)
            for opened in range(first, last + 1, length)
        ]

    # --- the stream -------------------------------------------------------------------------------

    async def tell(self):
        """Tell everybody what is new since the last time, the state of bars and all prices."""
        for connection in self.connections:
            if connection.is_over:
                continue
            for asked in list(connection.subscribed):
                coin = asked["coin"]
                try:
                    if asked["type"] == "candle":
                        await self._tell_bars(connection, coin, asked["interval"])
                    else:
                        said = {"coin": coin, "ctx": self.context(coin)}
                        self.marks[id(connection), coin] = said["ctx"]["markPx"]
                        await connection.say("activeAssetCtx", said)
                except ConnectionError:
                    break

    async def _tell_bars(self, connection, coin, interval):
        now, length = self.time, interval_ms(interval)
        key = (id(connection), coin, interval)
        since = self.told.get(key, now)
        self.told[key] = now
        # Each trade is told on its own: also the last ones of a bar that is over by now.
        for minute in range(since // MINUTE * MINUTE, now + 1, MINUTE):
            for ms, _, _ in self.tape(coin, minute):
                if since < ms <= now:
                    said = self.bar(coin, interval, ms // length * length, ms)
                    await connection.say("candle", said)

    async def _answer(self, connection, said):
        await super()._answer(connection, said)
        asked = said.get("subscription", {})
        if said["method"] == "subscribe" and asked["type"] == "candle":
            # The present bar comes first, as it is.
            length = interval_ms(asked["interval"])
            now = self.time
            self.told[id(connection), asked["coin"], asked["interval"]] = now
            bar = self.bar(asked["coin"], asked["interval"], now // length * length, now)
            if bar["n"]:
                await connection.say("candle", bar)


async def heard(market, venue):
    """Wait until what was told is heard: the last price that was told is there."""
    stream, at = market._stream, venue.now
    for coin in venue.coins:
        if at is None or (mark := venue.marks.get((id(at), coin))) is None:
            continue
        await until(
            lambda c=coin, m=mark: (
                at.is_over
                or not stream._socket._is_open
                or (
                    (told := stream.quotes._told.get(c)) is not None and told.context["markPx"] == m
                )
            )
        )
