"""A paper exchange on bars written by hand: ETH at 1 minute, tick 0.01, lot 0.0001, 25x."""

from __future__ import annotations

import itertools
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import attrs
import numpy as np
import pytest

from nof0_core.clock import SimulatedClock
from nof0_core.domain.candles import Candles, Interval, to_ms
from nof0_core.domain.order import OrderRequest, Side, TimeInForce, Trigger, TriggerKind
from nof0_core.ids import ClientOrderId, Symbol
from nof0_core.recordings.recording import Recording
from nof0_core.recordings.series import BarSeries, RateSeries
from nof0_core.testing.environment import Lines
from nof0_core.testing.environment import env as make_env
from nof0_provider_sim import plugin
from nof0_provider_sim.config import ImpactRules, SimExchangeConfig
from nof0_provider_sim.market.provider import SimMarket
from nof0_provider_sim.market.rules import instruments_for

ETH = Symbol("ETH")
NOON = datetime(2025, 7, 16, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
FLAT = (100, 100, 100, 100)
NO_IMPACT = ImpactRules(major_bps=Decimal(0), other_bps=Decimal(0))


def _bars(rows, start, volumes=None):
    columns = np.array(rows, dtype=float).T
    return Candles(
        interval=Interval("1m"),
        open_time=to_ms(start) + 60_000 * np.arange(len(rows)),
        open=columns[0],
        high=columns[1],
        low=columns[2],
        close=columns[3],
        volume=np.array(volumes[: len(rows)], dtype=float) if volumes else np.full(len(rows), 1e9),
    )


@attrs.define(kw_only=True)
class Bench:
    """An open paper exchange; `clock` starts at noon, when the first (flat) bar has closed."""

    exchange: object
    clock: SimulatedClock
    log: Lines
    counter: itertools.count = attrs.field(factory=itertools.count)

    def request(self, side, size, limit, *, symbol=ETH, trader=0, **changes):
        return OrderRequest(
            client_id=ClientOrderId(f"0x{trader:08x}{next(self.counter):024x}"),
            symbol=Symbol(symbol),
            side=Side(side),
            size=Decimal(size),
            limit_price=Decimal(limit),
            **changes,
        )

    async def send(self, *args, **changes):
        return (await self.exchange.place([self.request(*args, **changes)], expires_at=None))[0]

    async def buy(self, size, limit="150", **changes):
        return await self.send("buy", size, limit, **changes)

    async def sell(self, size, limit="50", **changes):
        return await self.send("sell", size, limit, **changes)

    async def rest(self, side, size, limit, tif=TimeInForce.GTC, **changes):
        return await self.send(side, size, limit, tif=tif, **changes)

    async def exit(self, kind, side, size, price, limit, **changes):
        return await self.send(side, size, limit, **self._exit(kind, price) | changes)

    async def exits(self, side, size, *, stop, target, **changes):
        """Place a stop and a target, each as (price, limit), in one call: a pair."""
        requests = [
            self.request(side, size, limit, **self._exit(kind, price) | changes)
            for kind, (price, limit) in (("stop", stop), ("target", target))
        ]
        return await self.exchange.place(requests, expires_at=None)

    def _exit(self, kind, price):
        trigger = Trigger(kind=TriggerKind(kind), price=Decimal(price))
        return {"is_reduce_only": True, "trigger": trigger}

    async def bars(self, count=1):
        """Let bars close, standing still at each close as the engine does."""
        for _ in range(count):
            await self.clock.sleep_until(self.clock.now() + MINUTE)
            await self.exchange.report()

    async def order(self, outcome):
        return await self.exchange.order(outcome.client_id)

    async def last_fill(self):
        return (await self.exchange.fills(NOON))[-1]


@pytest.fixture
def open_desk(tmp_path):
    """Return an async context manager: bars after the first, by coin, to a `Bench`.

    Orders have no impact on the price unless the test asks for it; a billion coins trade per bar,
    or `volumes` (of the first bar too). Opening again in one test opens the same account.
    """

    @asynccontextmanager
    async def opened(
        *eth, bars=None, rates=None, start=NOON, clock=None, folder=None, volumes=None, **config
    ):
        config = {"impact": NO_IMPACT} | config
        rows = {"ETH": list(eth)} | (bars or {})
        first = start - MINUTE
        recording = Recording(
            {
                Symbol(name): {Interval("1m"): BarSeries(_bars([FLAT, *after], first, volumes))}
                for name, after in rows.items()
            },
            {
                Symbol(name): RateSeries(
                    np.array([to_ms(moment) for moment, _ in pairs]),
                    np.array([rate for _, rate in pairs]),
                )
                for name, pairs in (rates or {}).items()
            },
        )
        clock = clock or SimulatedClock(start)
        market = SimMarket(
            section="m",
            clock=clock,
            recording=recording,
            instruments=instruments_for(recording.symbols, {}),
        )
        kind = plugin.nof0_exchange_providers()[0]
        log = Lines()
        env = make_env(
            clock=clock, data_dir=folder or tmp_path / "paper", markets={"m": market}, log=log
        )
        async with env as made, kind.open(SimExchangeConfig(**config), made) as exchange:
            yield Bench(exchange=exchange, clock=clock, log=log)

    return opened
