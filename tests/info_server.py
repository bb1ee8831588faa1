"""A venue that answers `/info`, whose time, page sizes and faults a test sets."""

from __future__ import annotations

import inspect
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from aiohttp import web
from anyio.from_thread import start_blocking_portal

from nof0_core.domain.candles import interval_ms, to_ms

LISTED = to_ms(datetime(2024, 1, 1, tzinfo=UTC))
HOUR = 3_600_000


def price(ms):
    return 60_000 + (ms // 3000) % 977


def row(coin, interval, time):
    length = interval_ms(interval)
    first, last = price(time), price(time + length)
    low, high = min(first, last) - 2, max(first, last) + 2
    return {
        "t": time,
        "T": time + length - 1,
        "s": coin,
        "i": interval,
        "o": f"{first}.0",
        "c": f"{last}.0",
        "l": f"{low}.0",
        "h": f"{high}.0",
        "v": f"{time // 1000 % 13}.5",
        "n": 3,
    }


class InfoServer:
    """Answers `/info` at the clock's time plus `skew`.

    `page` is how many rows an answer has at most, `side` which of them: `oldest` or `newest`.
    `instead` has what is answered first instead, by type of request: a value, a response, or a
    function of the good answer.
    """

    def __init__(self, clock):
        self.clock = clock
        self.skew = timedelta(0)
        self.page, self.side = 5000, "oldest"
        self.kept = 5000
        self.opens_bars = True
        self.listed = LISTED
        self.coins = ["BTC", "ETH", "SOL", "BNB", "DOGE", "XRP"]
        self.delisted = []
        self.dex = ""
        self.collateral = 0
        self.frozen = None
        self.instead = {}
        self.asked, self.times = [], []

    @property
    def now(self):
        return to_ms(self.clock.now() + self.skew)

    def kinds(self):
        return [each["type"] for each in self.asked]

    async def handle(self, request):
        body = await request.json()
        self.asked.append(body)
        self.times.append((body["type"], self.now))
        kind = body["type"]
        answer = getattr(self, kind)(body)
        queue = self.instead.get(kind)
        if queue:
            other = queue.pop(0)
            other = other(answer) if callable(other) else other
            other = await other if inspect.isawaitable(other) else other
            if isinstance(other, web.StreamResponse):
                return other
            answer = other
        return web.json_response(answer)

    def exchangeStatus(self, _):  # noqa: N802 - the venue's word
        return {"specialStatuses": None, "time": self.now}

    def perpDexs(self, _):  # noqa: N802
        return [None, {"name": "xyz", "fullName": "x y z"}, {"name": "flx"}]

    def meta(self, body):
        prefix = f"{body['dex']}:" if body.get("dex") else ""
        universe = [
            {"name": prefix + c, "szDecimals": 2, "maxLeverage": 20, "marginTableId": 20}
            | ({"isDelisted": True} if c in self.delisted else {})
            for c in self.coins
        ]
        return {"universe": universe, "marginTables": [], "collateralToken": self.collateral}

    def metaAndAssetCtxs(self, body):  # noqa: N802
        time = self.now if self.frozen is None else self.frozen
        context = {
            "markPx": f"{price(time)}.0",
            "midPx": f"{price(time)}.5",
            "oraclePx": f"{price(time) + 1}.0",
            "funding": "0.0000125",
            "openInterest": "688.11",
            "dayNtlVlm": str(time / 1000),
            "impactPxs": None,
            "premium": None,
        }
        meta = self.meta(body)
        return [meta, [dict(context) for _ in meta["universe"]]]

    def l2Book(self, body):  # noqa: N802
        if body["coin"].split(":")[-1] not in self.coins:
            return None
        mid = price(self.now)
        levels = [
            [{"px": str(mid + way * n), "sz": "1.5", "n": 1} for n in range(1, 21)]
            for way in (-1, 1)
        ]
        return {"coin": body["coin"], "time": self.now, "levels": levels}

    def candleSnapshot(self, body):  # noqa: N802
        asked = body["req"]
        length = interval_ms(asked["interval"])
        newest = self.now // length * length
        if not self.opens_bars:
            newest -= length
        oldest = max(newest - (self.kept - 1) * length, -(-self.listed // length) * length)
        first = max(oldest, asked["startTime"] // length * length)
        last = min(newest, asked.get("endTime", self.now) // length * length)
        times = self._cut([*range(first, last + 1, length)])
        return [row(asked["coin"], asked["interval"], time) for time in times]

    def fundingHistory(self, body):  # noqa: N802
        until = min(body.get("endTime", self.now), self.now)
        hours = range(self.listed // HOUR * HOUR, until + 1, HOUR)
        first = max(0, (body["startTime"] - self.listed) // HOUR - 2)
        stamped = [hour + hour // HOUR % 500 for hour in hours[first:]]
        times = self._cut([t for t in stamped if body["startTime"] <= t <= until])
        return [
            {"coin": body["coin"], "fundingRate": f"{t // HOUR % 100 / 1e6:.6f}", "time": t}
            for t in times
        ]

    def _cut(self, times):
        return times[: self.page] if self.side == "oldest" else times[-self.page :]


@contextmanager
def serving(clock):
    """Serve in a thread of its own: none of its tasks are those of what is tested."""
    served = InfoServer(clock)
    app = web.Application()
    app.router.add_post("/info", served.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)

    async def start():
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()

    with start_blocking_portal() as portal:
        portal.call(start)
        served.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield served
        portal.call(runner.cleanup)
