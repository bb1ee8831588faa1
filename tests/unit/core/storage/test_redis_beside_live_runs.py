"""On a clock that runs by itself no cycle is late for a Redis that is flushed, hangs or is gone.

The machine's part is taken out: work takes no time, only waiting does. So the moments of cycles are
the same as without a Redis, unless somebody waits for it.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta

import anyio
import jumping_loop
import live_project
import pytest
from journal_lines import lines_below
from opened import open_engine
from redis_server import RedisServer

from nof0_core import clock
from nof0_core.clock import pause
from nof0_core.project import load_config
from nof0_core.testing.environment import Lines

START = datetime(2025, 7, 1, tzinfo=UTC)
# How long it takes is up to who asks for how many cycles, and to the machine.
pytestmark = pytest.mark.timeout(0)
LAST = int(os.environ.get("NOF0_FLUSHES", "12"))
"""After how many cycles it is over, one a second."""
SAME = timedelta(milliseconds=1)
"""Moments are sums of floats, which are not those of another run."""


class Run:
    """Runs the project on such a clock; `trouble` goes on beside it."""

    def __init__(self, folder, monkeypatch):
        self._folder = folder
        self._monkeypatch = monkeypatch
        self._main = live_project.write(folder)
        self.states = ()

    def cycles(self, name, host="", trouble=None):
        """Return scheduled time and record's time of each cycle, by trader and number."""
        cache = f"Cache: [{{Host: '{host}'}}]\n" if host else ""
        main = self._main.with_name(f"{name}.yaml")
        main.write_text(self._main.read_text() + cache)
        config = load_config(main, data_dir=self._folder / name)

        async def live(time):
            with self._monkeypatch.context() as patch:
                patch.setattr(clock.Machine, "wall", lambda _: START + timedelta(seconds=time()))
                patch.setattr(clock.Machine, "monotonic", lambda _: time())
                await self._run(config, trouble)

        jumping_loop.run(self._monkeypatch, live, is_standing=True)
        found = [
            each for each in lines_below(self._folder / name / "journal") if each["type"] == "cycle"
        ]
        return {
            (each["stream"], each["data"]["number"]): tuple(
                map(datetime.fromisoformat, (each["data"]["scheduled"], each["time"]))
            )
            for each in found
        }

    async def _run(self, config, trouble):
        async with (
            open_engine(config, full_speed=False, log=lambda _: Lines()) as engine,
            anyio.create_task_group() as beside,
        ):
            if trouble is not None:
                beside.start_soon(trouble)

            def after(_):
                if min(trader.cycles for trader in engine.manager.traders.values()) >= LAST:
                    self.states = engine.exports.states
                    engine.manager.stop("enough")

            await engine.run(after)
            beside.cancel_scope.cancel()


@pytest.fixture(scope="module")
def server():
    started = RedisServer()
    try:
        yield started
    finally:
        started.close()


def flushed(server, counts):
    async def flush():
        with server.client() as keys:
            while True:
                await pause(1)
                counts["keys"] += bool(keys.dbsize())
                counts["flushes"] += 1
                keys.flushall()

    return flush


def hanging(server, counts):
    async def hang():
        await pause(3.5)
        server.pause()
        counts["flushes"] += 1

    return hang


def gone(server, counts):
    async def stop():
        await pause(3.5)
        server.stop()
        counts["flushes"] += 1

    return stop


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        return Run(tmp_path_factory.mktemp("alone"), patch).cycles("alone")


@pytest.mark.parametrize("trouble", [flushed, hanging, gone])
def test_no_cycle_is_late(trouble, server, alone, tmp_path, monkeypatch):
    run, counts = Run(tmp_path, monkeypatch), {"flushes": 0, "keys": 0}
    try:
        found = run.cycles("beside", server.host, trouble(server, counts))
    finally:
        if trouble is hanging:
            server.resume()
    assert found.keys() == alone.keys()
    assert min(max(n for who, n in found if who == trader) for trader in ("one", "two")) >= LAST
    for key, (scheduled, written) in found.items():
        due, before = alone[key]
        assert scheduled == due, key
        assert abs(written - before) < SAME, key
    [redis] = [state for state in run.states if state.exporter == "redis"]
    if trouble is flushed:
        assert not redis.failures
        # There was something to lose nearly each time.
        assert counts["keys"] > counts["flushes"] / 2 > LAST / 3
    else:
        assert redis.failures
