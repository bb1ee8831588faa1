"""Hints of a stream: each is passed on, and a stream that is lost is opened again."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta

import anyio
import pytest

from nof0_core.clock import SimulatedClock
from nof0_core.manager.hints import HintListener
from nof0_core.testing.environment import START, Lines

pytestmark = pytest.mark.anyio


class Source:
    """Streams that each say what they are told to, or fail; after the last it is silent."""

    def __init__(self, clock, *streams):
        self.clock, self.streams, self.opened = clock, list(streams), []
        self.is_over = anyio.Event()

    @asynccontextmanager
    async def open(self):
        self.opened.append(self.clock.now() - START)
        if not self.streams:
            self.is_over.set()
            await anyio.sleep_forever()
        said = self.streams.pop(0)
        if isinstance(said, Exception):
            raise said
        send, receive = anyio.create_memory_object_stream(10)
        for word in said:
            send.send_nowait(word)
        send.close()
        with receive:
            yield receive


async def listen(*streams):
    clock, hints = SimulatedClock(START), []
    source = Source(clock, *streams)
    log = Lines()
    listener = HintListener(
        name="paper",
        open=source.open,
        on_hint=lambda: hints.append(clock.now() - START),
        clock=clock,
        log=log,
    )
    with anyio.fail_after(60):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(listener.run)
            await source.is_over.wait()
            tasks.cancel_scope.cancel()
    return source, hints, log


async def test_every_hint_is_passed_on():
    _, hints, _ = await listen(["fill", "order", None])
    assert hints == [timedelta(0)] * 3


async def test_a_stream_that_ends_or_fails_is_opened_again_later_each_time():
    broken = [KeyError("a bug in the plugin"), [], [], [], [], [], []]
    source, _, _ = await listen(*broken)
    pauses = [b - a for a, b in zip(source.opened, source.opened[1:], strict=False)]
    assert pauses == [timedelta(seconds=s) for s in (1, 2, 4, 8, 16, 32, 60)]


async def test_a_hint_shows_that_the_stream_works_again():
    source, _, _ = await listen([], [], ["fill"], [])
    pauses = [b - a for a, b in zip(source.opened, source.opened[1:], strict=False)]
    assert pauses == [timedelta(seconds=s) for s in (1, 2, 1, 2)]


async def test_only_what_stays_away_is_worth_a_warning():
    _, _, log = await listen([])
    assert [level for level, _, _ in log.lines] == ["info"]
    _, _, log = await listen([], OSError("gone"))
    assert [level for level, _, _ in log.lines] == ["info", "warning"]
