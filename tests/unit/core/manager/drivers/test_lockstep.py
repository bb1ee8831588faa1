"""Time that stands still: a run in which something hangs ends all the same."""

from __future__ import annotations

import anyio
import pytest

from nof0_core.clock import stopwatch
from nof0_core.errors import TransientError
from nof0_core.manager import watchdog

pytestmark = pytest.mark.anyio


async def test_an_order_that_hangs_ends_the_run_though_nothing_may_interrupt_it(
    stage, lockstep, monkeypatch
):
    async with lockstep() as engine:
        await engine.manager.catch_up()

        async def hang(*_, **__):
            monkeypatch.setattr(watchdog, "stopwatch", lambda: stopwatch() + 61)
            await anyio.sleep_forever()

        stage.venue.place = hang
        cycles = engine.manager._cycles

        async def enter(trader, scheduled):
            await stage.enter(engine, trader.config.id)

        cycles.run = enter
        with anyio.fail_after(120), pytest.raises(ExceptionGroup) as caught:
            await engine.run()
        assert caught.group_contains(TransientError, match="place has not answered for 60 s")
        engine.journal.flush()
        [ended] = engine.journal.read(types=["engine_stopped"])
        assert ended.body.reason == "failed: TransientError"
        [order] = engine.journal.read(types=["order_answered"])
        assert order.body.outcome.status == "unknown"
