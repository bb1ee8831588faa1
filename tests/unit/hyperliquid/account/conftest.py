"""An account at the rehearsal venue, and the reader of it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import told_alerts
from anyio.lowlevel import checkpoint
from hyperliquid_desk import ASSETS, Desk

from nof0_core.domain.candles import from_ms, to_ms
from nof0_provider_hyperliquid.account.news import AccountNews
from nof0_provider_hyperliquid.account.reader import AccountReader
from nof0_provider_hyperliquid.transport.windows import Priority


@pytest.fixture
def anyio_backend():
    return "asyncio"


class DeskClock:
    """The venue's time: who waits makes it pass."""

    is_lockstep = False

    def __init__(self, desk):
        self.desk = desk

    def now(self):
        return from_ms(self.desk.now)

    async def sleep_until(self, moment):
        self.desk.tick(max(0, to_ms(moment) - self.desk.now) / 1000)
        await checkpoint()


class DeskClient:
    """Asks the venue without a socket; answers go through JSON as they would over one.

    `before` is called with each request; `asked` has them all. `instead` has other answers, by
    type: a value, or a function of the good one.
    """

    def __init__(self, desk):
        self.desk = desk
        self.asked = []
        self.before = lambda _: None
        self.instead = {}

    async def info(self, request, *, rows=0, priority=Priority.STATE):
        self.asked.append(dict(request))
        self.before(request)
        await checkpoint()
        kind = request["type"]
        answer = (
            self.meta(request["dex"])
            if kind == "meta"
            else self.desk.venue.info(dict(request), self.desk.now)
        )
        other = self.instead.get(kind)
        answer = other(answer) if callable(other) else answer if other is None else other
        return json.loads(json.dumps(answer))

    def meta(self, dex):
        listed = [each for each in ASSETS if each.dex == dex]
        universe = [
            {"name": e.name, "szDecimals": e.sz_decimals, "maxLeverage": e.max_leverage}
            for e in listed
        ]
        return {"universe": universe, "collateralToken": 0}

    def kinds(self):
        return [each["type"] for each in self.asked]


class Seat:
    """A desk, and a reader of its account beside it."""

    def __init__(self, *, dex="", signer="", user="", **desk):
        self.desk = Desk(**desk)
        self.clock = DeskClock(self.desk)
        self.client = DeskClient(self.desk)
        self.alerts = []
        self.news = AccountNews()
        self.reader = AccountReader(
            self.client,
            user=user or self.desk.user,
            signer=signer or self.desk.user,
            master=self.desk.user,
            news=self.news,
            dex=dex,
            clock=self.clock,
            alert=self._tell,
        )

    @property
    def others(self):
        """What others do to the account."""
        return self.desk.venue.outsiders

    def codes(self):
        return [code for code, _ in self.alerts]

    def _tell(self, code, text):
        told_alerts.told.add(f"plugin_{code}")
        self.alerts.append((code, text))

    def since(self, seconds):
        return self.clock.now() - timedelta(seconds=seconds)


@pytest.fixture
def seat():
    return Seat


@pytest.fixture
def at():
    return from_ms
