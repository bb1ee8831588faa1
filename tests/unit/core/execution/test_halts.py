"""A halt with flatten reaches the venue in time, whatever hangs there. Time is virtual."""

from __future__ import annotations

from decimal import Decimal as D

import anyio
import pytest
from world.faults import FaultPlan
from world.loop import live_in, nap, now
from world.trial import Trial

from nof0_core.domain.decision import Decision, Signal
from nof0_core.testing import samples

ETH = samples.decision(
    symbol="ETH", entry_price=D(4000), stop_loss=D(3960), take_profit=D(4160)
)  # fmt: skip
CLOSE = Decision(signal=Signal.CLOSE, symbol="ETH")
TRADERS = ("ann", "bob")


def is_entry(request):
    return request.trigger is None and not request.is_reduce_only


class Halted:
    """A trial that is halted as `nof0 halt --flatten` does it: looked after once a second.

    `closed` has how long after the halt each close reached the venue; `hangs(request)` says which
    orders never get there.
    """

    def __init__(self, root, hangs):
        self.trial = Trial(root, FaultPlan())
        self.hangs = hangs
        self.began, self.closed = None, []
        self.hanging = 0
        self.trial.venue.place = self.place

    async def place(self, requests, *, expires_at):
        if any(self.hangs(request) for request in requests):
            self.hanging += 1
            await anyio.sleep_forever()
        if self.began is not None:
            self.closed += [now() - self.began for r in requests if r.is_reduce_only]
        return await type(self.trial.venue).place(self.trial.venue, requests, expires_at=expires_at)

    async def after(self, *works):
        """Begin what hangs, halt two seconds later; return when nothing is held."""
        trial = self.trial
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(trial.live)
            for work in works:
                tasks.start_soon(work)
            await nap(2)
            self.began, trial.refused = now(), "halted"
            with anyio.fail_after(30):
                while any(trial.venue.sizes.values()):
                    tasks.start_soon(trial.execution.flatten, TRADERS, trial.quotes())
                    await nap(1)
            tasks.cancel_scope.cancel()
        assert self.hanging
        assert trial.wrong == []
        return self.closed


def test_it_reaches_the_venue_within_two_seconds_while_an_entry_hangs(tmp_path):
    async def run():
        halted = Halted(tmp_path, lambda r: is_entry(r) and r.symbol == "ETH")
        await halted.trial.open("ann")
        await halted.trial.open("bob")
        return await halted.after(lambda: halted.trial.trade("bob", ETH))

    closed = live_in(1, run)
    assert len(closed) == 2
    assert max(closed) <= 2


@pytest.mark.parametrize("seed", range(5))
def test_it_reaches_the_venue_within_five_seconds_while_stops_hang(tmp_path, seed):
    """Three positions without a stop: none of the closes waits for the stops of the others."""

    async def run():
        halted = Halted(tmp_path, lambda r: r.trigger is not None)
        trial = halted.trial
        await trial.sync()
        return await halted.after(
            lambda: trial.open("ann"), lambda: trial.open("bob"), lambda: trial.trade("ann", ETH)
        )

    closed = live_in(seed, run)
    assert len(closed) == 3
    assert max(closed) <= 5


@pytest.mark.parametrize("seed", range(5))
def test_it_reaches_the_venue_within_five_seconds_while_cancels_hang(tmp_path, seed):
    """The exits of a position that is gone are to be cancelled when the halt comes."""

    async def run():
        halted = Halted(tmp_path, lambda _: False)
        trial = halted.trial
        await trial.open("ann")
        await trial.open("bob")
        await trial.trade("ann", ETH)

        async def hangs(client_ids):
            halted.hanging += 1
            await anyio.sleep_forever()

        trial.venue.cancel = hangs
        return await halted.after(lambda: trial.trade("ann", CLOSE))

    closed = live_in(seed, run)
    assert len(closed) == 2
    assert max(closed) <= 5
