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


async def test_a_close_booked_late_hides_the_cooldown_of_no_other_coin(stage, lockstep):
    async with lockstep(START + 60 * MINUTE) as engine:
        now = engine.clock.now()
        brakes = engine.manager._venues._brakes
        config = brakes._traders["ann"]
        limits = evolve(config.limits, cooldown_after_close=10 * MINUTE)
        brakes._traders["ann"] = evolve(config, limits=limits)
        closed = {"BTC": now - 6 * MINUTE, "ETH": now - 40 * MINUTE}
        for number, (symbol, time) in enumerate(closed.items()):
            for leg, (side, at) in enumerate(((Side.BUY, time - MINUTE), (Side.SELL, time))):
                body = Filled(
                    trader="ann",
                    venue_account="paper",
                    fill=fill(2 * number + leg, symbol, side, at),
                )
                engine.recorder.record("ann", body)
        resting = [b for b in brakes.seen("ann") if b.brake is Brake.COOLDOWN]
        assert [b.message for b in resting] == ["BTC was closed"]
