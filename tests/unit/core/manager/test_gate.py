"""A change is made while no cycle is under way, and keeps none waiting for longer than that."""

from __future__ import annotations

import anyio
import pytest
from anyio.lowlevel import checkpoint

from nof0_core.manager.gate import CycleGate

pytestmark = pytest.mark.anyio


async def turns():
    for _ in range(5):
        await checkpoint()


class Players:
    def __init__(self):
        self.gate, self.did = CycleGate(), []
        self.ends = {}

    async def cycle(self, name):
        self.ends[name] = anyio.Event()
        async with self.gate.cycle():
            self.did.append(f"{name} begins")
            await self.ends[name].wait()
            self.did.append(f"{name} ends")

    async def change(self, name):
        async with self.gate.change():
            self.did.append(name)


async def test_a_change_waits_for_what_has_begun_and_what_comes_waits_for_it():
    players = Players()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(players.cycle, "ann")
        tasks.start_soon(players.cycle, "bob")
        await turns()
        tasks.start_soon(players.change, "change")
        await turns()
        tasks.start_soon(players.cycle, "cora")
        await turns()
        players.ends["ann"].set()
        await turns()
        assert players.did == ["ann begins", "bob begins", "ann ends"]
        players.ends["bob"].set()
        await turns()
        assert players.did[3:] == ["bob ends", "change", "cora begins"]
        players.ends["cora"].set()


async def test_a_change_that_is_given_up_lets_all_pass():
    players = Players()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(players.cycle, "ann")
        await turns()
        with anyio.CancelScope() as scope:
            scope.cancel()
            await players.change("never")
        tasks.start_soon(players.cycle, "bob")
        await turns()
        assert players.did == ["ann begins", "bob begins"]
        tasks.start_soon(players.change, "one")
        tasks.start_soon(players.change, "two")
        await turns()
        for name in ("ann", "bob"):
            players.ends[name].set()
        await turns()
    assert players.did[2:] == ["ann ends", "bob ends", "one", "two"]


async def test_a_cycle_that_fails_is_over():
    players = Players()
    with pytest.raises(ValueError, match="oh"):
        async with players.gate.cycle():
            raise ValueError("oh")
    await players.change("change")
    assert players.did == ["change"]


def test_where_nobody_wants_a_change_nothing_is_waited_for():
    gate = CycleGate()

    async def both():
        async with gate.cycle(), gate.cycle():
            pass
        async with gate.change():
            pass

    with pytest.raises(StopIteration):
        both().send(None)
