"""Calls without a time limit: they cost nothing until they wait, and can be broken off there."""

from __future__ import annotations

import asyncio  # noqa: TID251 - native cancellations and futures are what is tried

import anyio
import anyio.lowlevel
import pytest

from nof0_core.border.answers import Told
from nof0_core.clock import SimulatedClock
from nof0_core.errors import OutcomeUnknownError, RejectedError, TransientError
from nof0_core.execution.gateway import Gateway
from nof0_core.execution.limits import LIMITS
from nof0_core.ids import ClientOrderId
from nof0_core.protocols import Capability
from nof0_core.testing.environment import START

pytestmark = pytest.mark.anyio
ID = ClientOrderId("0x1")


class Venue:
    """One of which `funding` and `cancel` do what a test says."""

    capabilities = frozenset({Capability.FUNDING})

    def __init__(self, answer):
        self.answer = answer

    def __getattr__(self, verb):
        async def ask(*_, **__):
            return await self.answer()

        if verb in ("report", "fills", "funding", "order", "place", "cancel", "set_leverage"):
            return ask
        raise AttributeError(verb)


def endless(answer):
    return Gateway(
        venue_account="paper",
        provider=Venue(answer),
        clock=SimulatedClock(START),
        limits=LIMITS.without_an_end(),
        shares_answers=False,
    )


async def settled():
    """Give every task its turn, also those that wait for others."""
    for _ in range(20):
        await anyio.lowlevel.checkpoint()


async def test_one_that_never_waits_gives_nobody_else_a_turn():
    turns = []

    async def answer():
        return []

    async def other():
        turns.append("other")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(other)
        assert await endless(answer).funding(START) == Told()
        assert turns == []
    assert turns == ["other"]


@pytest.mark.parametrize("waits", [1, 2, 5])
async def test_one_that_waits_is_waited_for(waits):
    futures = [asyncio.get_running_loop().create_future() for _ in range(waits)]

    async def answer():
        given = [await future for future in futures]
        await anyio.lowlevel.checkpoint()
        assert given == list(range(waits))
        return []

    gateway = endless(answer)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(gateway.funding, START)
        for number, future in enumerate(futures):
            await settled()
            assert gateway.overdue(1e12).startswith("exchange paper: funding has not answered")
            future.set_result(number)
    assert gateway.overdue(1e12) == ""
    assert sum(gateway.timings["funding"].counts) == 1
    assert gateway.timings["funding"].failed == 0


@pytest.mark.parametrize("waits", [0, 1, 2])
async def test_what_it_raises_is_the_same_whenever_it_does(waits):
    async def answer():
        for _ in range(waits):
            await anyio.lowlevel.checkpoint()
        raise RejectedError("no")

    async def breaks():
        for _ in range(waits):
            await anyio.lowlevel.checkpoint()
        raise KeyError("gone")

    with pytest.raises(RejectedError, match="^no"):
        await endless(answer).cancel([ID])
    with pytest.raises(OutcomeUnknownError, match="cancel raised KeyError: 'gone'"):
        await endless(breaks).cancel([ID])


async def test_a_time_limit_of_the_venue_s_own_that_begins_before_it_waits_strikes():
    async def answer():
        with anyio.move_on_after(0):
            await anyio.sleep_forever()
        with anyio.fail_after(0.001):
            await anyio.sleep_forever()

    with pytest.raises(TransientError, match="funding was not answered in time"):
        await endless(answer).funding(START)


async def test_tasks_of_the_venue_s_own_that_begin_before_it_waits_end():
    done = []

    async def part(number):
        await anyio.lowlevel.checkpoint()
        done.append(number)

    async def answer():
        async with anyio.create_task_group() as parts:
            parts.start_soon(part, 1)
            parts.start_soon(part, 2)
        return []

    assert await endless(answer).funding(START) == Told()
    assert done == [1, 2]


async def test_what_is_no_awaitable_is_a_failure_of_the_call():
    gateway = endless(None)
    gateway._funding.funding = lambda since: None
    with pytest.raises(TransientError, match="funding raised TypeError: object NoneType can't be"):
        await gateway.funding(START)


async def test_giving_up_breaks_off_what_waits_also_where_it_is_shielded():
    """As an order in flight: nothing but the end of the run interrupts it."""
    ended, waits = [], []

    async def answer():
        waits.append(True)
        try:
            await anyio.sleep_forever()
        finally:
            ended.append(True)

    gateway = endless(answer)

    async def send(ask, error):
        with anyio.CancelScope(shield=True), pytest.raises(error, match="not answered in time"):
            await ask
        ended.append(error)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(send, gateway.cancel([ID]), OutcomeUnknownError)
        tasks.start_soon(send, gateway.funding(START), TransientError)
        await settled()
        tasks.cancel_scope.cancel()
        with anyio.CancelScope(shield=True):
            await settled()
            assert (len(waits), ended) == (2, [])
            gateway.give_up()
            await settled()
    assert len(ended) == 4
    assert [gateway.timings[verb].failed for verb in ("cancel", "funding")] == [1, 1]
    assert gateway.overdue(1e12) == ""
    with pytest.raises(TransientError, match="not answered in time"):
        await gateway.funding(START)
    assert len(waits) == 2


async def test_giving_up_breaks_off_one_that_takes_no_notice():
    tries = []

    async def answer():
        while len(tries) < 3:
            try:
                await anyio.sleep_forever()
            except asyncio.CancelledError:
                tries.append(True)
        await anyio.sleep_forever()

    gateway = endless(answer)

    async def ask():
        with pytest.raises(TransientError, match="not answered in time"):
            await gateway.funding(START)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await settled()
        gateway.give_up()
    assert len(tries) == 3


async def test_an_answer_that_comes_although_it_was_broken_off_counts():
    async def answer():
        try:
            await anyio.sleep_forever()
        except asyncio.CancelledError:
            return []

    gateway, answers = endless(answer), []

    async def ask():
        answers.append(await gateway.funding(START))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await settled()
        gateway.give_up()
    assert answers == [Told()]


@pytest.mark.parametrize("is_native", [True, False])
@pytest.mark.parametrize("is_given_up", [True, False])
async def test_who_is_cancelled_is_cancelled(is_native, is_given_up):
    """The venue is not said to have failed, whatever else ends at the same time."""

    async def answer():
        await anyio.sleep_forever()

    gateway = endless(answer)
    scope = anyio.CancelScope()
    reached = []

    async def ask():
        with scope:
            await gateway.funding(START)
            reached.append(True)

    task = asyncio.ensure_future(ask())
    await settled()
    if is_native:
        task.cancel()
    else:
        scope.cancel()
    if is_given_up:
        gateway.give_up()
    await asyncio.wait([task])
    assert reached == []
    assert task.cancelled() == is_native
    assert task.cancelled() or task.exception() is None
    assert gateway.timings["funding"].failed == 0


async def test_one_that_is_broken_off_while_a_cancelled_task_tidies_up_has_failed():
    """The task was told to end before; what became of the order is not known, and is recorded."""
    errors = []

    async def answer():
        await anyio.sleep_forever()

    gateway = endless(answer)

    async def ask():
        try:
            await anyio.sleep_forever()
        finally:
            with anyio.CancelScope(shield=True):
                try:
                    await gateway.cancel([ID])
                except OutcomeUnknownError as error:
                    errors.append(str(error))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(ask)
        await settled()
        tasks.cancel_scope.cancel()
        with anyio.CancelScope(shield=True):
            await settled()
            gateway.give_up()
    assert errors == ["cancel was not answered in time"]


async def test_one_that_cancels_itself_has_failed_before_and_after_it_waits():
    for waits in (0, 1):

        async def answer(waits=waits):
            for _ in range(waits):
                await anyio.lowlevel.checkpoint()
            raise asyncio.CancelledError

        with pytest.raises(TransientError, match="though nobody cancelled it"):
            await endless(answer).funding(START)


async def test_one_whose_task_is_dropped_is_closed():
    closed = []

    async def answer():
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            closed.append(True)

    asking = endless(answer).funding(START)
    asking.send(None)
    asking.close()
    assert closed == [True]
