"""Full hours are settled and marked, also those the engine was away for."""

from __future__ import annotations

from datetime import timedelta

import pytest

from nof0_core.domain.decision import Signal
from nof0_core.testing.environment import START

pytestmark = pytest.mark.anyio
HOUR = timedelta(hours=1)


def settled(engine):
    engine.journal.flush()
    return [(e.body.time - START) // HOUR for e in engine.journal.read(types=["funding"])]


async def run_to(engine, moment):
    await engine.run(lambda now: engine.manager.stop("enough") if now >= moment else None)


@pytest.mark.parametrize(("away", "hours"), [(3, [1, 2, 3, 4]), (40, [1, *range(17, 42)])])
async def test_netted_positions_pay_for_the_hours_the_engine_was_away(stage, lockstep, away, hours):
    async with lockstep() as engine:
        await engine.manager.catch_up()
        await stage.enter(engine, "ann", Signal.BUY_TO_ENTER)
        await stage.enter(engine, "bob", Signal.SELL_TO_ENTER)
        assert not engine.recorder.state.totals("paper").quantities
        await run_to(engine, START + HOUR * 1.5)
        assert settled(engine) == [1]
    async with lockstep(START + HOUR * (away + 0.5)) as engine:
        await run_to(engine, START + HOUR * (away + 1))
        assert settled(engine) == hours
        left_out = [said for _, event, said in stage.log.lines if event == "hours not settled"]
        first, last = START + 2 * HOUR, START + 16 * HOUR
        assert left_out == ([{"first": first, "last": last}] if away == 40 else [])
        paid = engine.recorder.state.position("ann", "BTC").funding
        got = engine.recorder.state.position("bob", "BTC").funding
        assert paid == -got < 0
