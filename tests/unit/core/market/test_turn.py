"""One at a time."""

from __future__ import annotations

import anyio
import anyio.lowlevel
import pytest

from nof0_core.market.turn import Turn

pytestmark = pytest.mark.anyio


async def test_the_others_wait_until_one_is_out():
    turn, inside, most, done = Turn(), 0, 0, []

    async def enter(number):
        nonlocal inside, most
        async with turn:
            inside += 1
            most = max(most, inside)
            await anyio.lowlevel.checkpoint()
            inside -= 1
            done.append(number)

    async with anyio.create_task_group() as tasks:
        for number in range(10):
            tasks.start_soon(enter, number)
    assert most == 1
    assert sorted(done) == list(range(10))


async def test_who_fails_or_is_given_up_keeps_nobody_out():
    turn = Turn()
    with pytest.raises(ValueError, match="no"):
        async with turn:
            raise ValueError("no")

    async def enter():
        async with turn:
            pytest.fail("somebody is in")

    async with turn, anyio.create_task_group() as tasks:
        tasks.start_soon(enter)
        await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    entered = False
    async with turn:
        entered = True
    assert entered
