"""What rests after a close does so whatever was booked since."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from attrs import evolve

from nof0_core.domain.brakes import Brake
from nof0_core.domain.event import Filled
from nof0_core.domain.fill import Fill
from nof0_core.domain.order import Side
from nof0_core.testing.environment import START

pytestmark = pytest.mark.anyio
MINUTE = timedelta(minutes=1)


def fill(number, symbol, side, time):
    return Fill(
        trade_id=str(number), venue_order_id=str(number), client_id=None, symbol=symbol, side=side,
        price=Decimal(1000), size=Decimal(1), fee=Decimal(0), time=time,
    )  # fmt: skip


def rest_after_close(engine, rest=10 * MINUTE):
    brakes = engine.manager._venues._brakes
    config = brakes._traders["ann"]
    brakes._traders["ann"] = evolve(config, limits=evolve(config.limits, cooldown_after_close=rest))
    return brakes


def book(engine, number, symbol, closed):
    """Book a trade that was closed at a time."""
    for leg, (side, at) in enumerate(((Side.BUY, closed - MINUTE), (Side.SELL, closed))):
        made = fill(2 * number + leg, symbol, side, at)
        engine.recorder.record("ann", Filled(trader="ann", venue_account="paper", fill=made))


def resting(brakes):
    seen = [b for b in brakes.seen("ann") if b.brake is Brake.COOLDOWN]
    return {b.message: b.until for b in seen}


@pytest.mark.parametrize("late", [timedelta(minutes=40), timedelta(days=1), timedelta(days=400)])
async def test_a_close_booked_late_hides_the_cooldown_of_no_other_coin(stage, lockstep, late):
    async with lockstep(START + 60 * MINUTE) as engine:
        now, brakes = engine.clock.now(), rest_after_close(engine)
        book(engine, 0, "BTC", now - 6 * MINUTE)
        book(engine, 1, "ETH", now - late)
        assert resting(brakes) == {"BTC was closed": now + 4 * MINUTE}
        book(engine, 2, "ETH", now - 2 * MINUTE)
        assert list(resting(brakes)) == ["ETH was closed", "BTC was closed"]


async def test_the_latest_close_of_a_coin_counts_in_any_order_of_booking(stage, lockstep):
    async with lockstep(START + 60 * MINUTE) as engine:
        now, brakes = engine.clock.now(), rest_after_close(engine)
        for number, ago in enumerate((8, 3, 500, 9, 3000)):
            book(engine, number, "BTC", now - ago * MINUTE)
            assert resting(brakes)["BTC was closed"] == now + (10 - (8, 3)[number > 0]) * MINUTE


async def test_every_close_is_looked_at_once(stage, lockstep):
    async with lockstep(START + 60 * MINUTE) as engine:
        now, brakes = engine.clock.now(), rest_after_close(engine)
        book(engine, 0, "BTC", now - 6 * MINUTE)
        first = resting(brakes)
        looked = []
        times = brakes._closes.of
        trades = engine.recorder.state.trades("ann")

        class Counted(tuple):
            __slots__ = ()

            def __getitem__(self, index):
                found = super().__getitem__(index)
                looked.extend(found if isinstance(index, slice) else [found])
                return found

        assert times("ann", Counted(trades)) == {"BTC": now - 6 * MINUTE}
        assert not looked
        book(engine, 1, "ETH", now - MINUTE)
        times("ann", Counted(engine.recorder.state.trades("ann")))
        assert [trade.symbol for trade in looked] == ["ETH"]
        assert first.items() < resting(brakes).items()
