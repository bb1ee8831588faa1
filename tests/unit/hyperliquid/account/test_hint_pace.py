"""Hints set off as many looks as the budget bears, and the last one is never lost."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta

import anyio
import pytest

from nof0_core.clock import SimulatedClock
from nof0_provider_hyperliquid.account.hint_pace import FARTHEST, HintPace
from nof0_provider_hyperliquid.transport.windows import Priority, Spending, Window

pytestmark = pytest.mark.anyio
START = datetime(2026, 1, 1, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LOOK = 50
"""About what a look weighs that finds nothing new."""


class Hinted:
    """A clock that stands while nobody waits, a budget, and the moments hints were passed on."""

    def __init__(self, look=0):
        self.clock = SimulatedClock(START)
        self.window = Window("w", limit=1_200, period=timedelta(minutes=1), clock=self.clock)
        self.told = []
        self.look = look
        self.pace = HintPace(self.window, clock=self.clock, tell=self.tell)

    def tell(self):
        self.told.append((self.clock.now() - START).total_seconds())
        self.use(self.look)

    def use(self, amount, priority=Priority.STATE):
        assert self.window.room(priority) >= amount
        self.window._ended.append(spent(amount, self.clock.now()))


def spent(amount, ended):
    return Spending(amount=amount, ended=ended)


async def settle():
    for _ in range(20):
        await anyio.lowlevel.checkpoint()


async def test_the_first_hint_is_passed_on_at_once_and_many_as_one():
    here = Hinted()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(here.pace.run)
        here.pace.hint(is_expected=True)
        await settle()
        assert here.told == [0]
        for _ in range(50):
            here.pace.hint(is_expected=True)
        await settle()
        assert here.told == [0, 1]
        tasks.cancel_scope.cancel()


async def test_hints_without_end_leave_protection_a_quarter_of_a_minute():
    """Bars of a start and looks that hints set off once took 956 of 1,200 in half a minute."""
    here = Hinted(look=LOOK)
    here.use(400, Priority.READS)
    least = 10**9
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(here.pace.run)
        while here.clock.now() < START + timedelta(minutes=10):
            here.pace.hint(is_expected=True)
            await anyio.lowlevel.checkpoint()
            least = min(least, here.window.room(Priority.PROTECTION))
        tasks.cancel_scope.cancel()
    assert least > 1_200 / 4
    assert here.told[0] == 0
    pauses = [later - earlier for earlier, later in itertools.pairwise(here.told)]
    assert max(pauses) <= FARTHEST.total_seconds()


async def test_with_nothing_left_hints_still_come():
    here = Hinted()
    here.use(900)
    assert here.pace.pause() == FARTHEST
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(here.pace.run)
        for _ in range(2):
            here.pace.hint(is_expected=True)
            await settle()
        tasks.cancel_scope.cancel()
    assert here.told == [0, 10]


async def test_a_clock_that_is_set_back_holds_no_hint():
    here = Hinted()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(here.pace.run)
        here.pace.hint(is_expected=True)
        await settle()
        here.clock._now -= timedelta(hours=3)
        here.pace.hint(is_expected=True)
        await settle()
        tasks.cancel_scope.cancel()
    assert len(here.told) == 2


async def test_what_nobody_expected_waits_a_second_at_most():
    """A stop that was gone stood unseen for six seconds while half of the budget was left."""
    here = Hinted()
    here.use(900)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(here.pace.run)
        here.pace.hint(is_expected=True)
        await settle()
        here.pace.hint(is_expected=True)
        await anyio.lowlevel.checkpoint()
        here.pace.hint(is_expected=False)
        await settle()
        assert here.told == [0, 1]
        here.pace.hint(is_expected=True)
        await settle()
        tasks.cancel_scope.cancel()
    assert here.told[2] > 5, "the next expected one waits as before"
