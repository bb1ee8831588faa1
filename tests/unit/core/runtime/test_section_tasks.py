"""A background task that fails is told and started again, and never outlives its service."""

from __future__ import annotations

import asyncio  # noqa: TID251 - what a library that cancels itself raises
import contextlib
from datetime import timedelta

import anyio
import anyio.lowlevel
import pytest
from world.loop import live_in, nap, now

from nof0_core.border.foreign import Origin
from nof0_core.clock import SimulatedClock
from nof0_core.domain.event import Alerted
from nof0_core.redaction import Redactor
from nof0_core.runtime.holding import holding
from nof0_core.runtime.plugin_alerts import PluginAlerts
from nof0_core.runtime.section_tasks import SectionTasks
from nof0_core.testing.environment import START, Lines


class Surroundings:
    """The tasks of one section, with what is told of them."""

    def __init__(self, *, is_passing=True):
        self.clock = SimulatedClock(START)
        self.log = Lines()
        self.alerts = PluginAlerts(clock=self.clock, are_events=is_passing)
        origin = Origin(part="market grove", plugin="x 1", redact=Redactor(["hunter22"]).text)
        self.tasks = SectionTasks(
            origin=origin,
            clock=self.clock,
            is_passing=is_passing,
            alerts=self.alerts.of("market", origin, self.log),
            log=self.log,
        )

    def told(self) -> list[Alerted]:
        found = []
        self.alerts.drain(found.append)
        return found


class Odd(BaseException):
    pass


class Failing:
    """A task that fails at once each time; `at` is when it was begun."""

    def __init__(self, make=lambda: RuntimeError("the socket is gone, hunter22"), *, times=99):
        self.make, self.times, self.at = make, times, []

    async def __call__(self):
        self.at.append(now())
        if len(self.at) <= self.times:
            raise self.make()


def test_it_is_started_again_after_a_second_and_then_twice_as_long():
    here, failing = Surroundings(), Failing()

    async def run():
        here.tasks.start("stream", failing)
        await nap(200)
        await here.tasks.end()

    live_in(1, run)
    waits = [after - before for before, after in zip(failing.at, failing.at[1:], strict=False)]
    assert waits == pytest.approx([1, 2, 4, 8, 16, 32, 60, 60])


def test_it_is_told_once_without_secrets_with_section_plugin_and_name():
    here = Surroundings()

    async def run():
        here.tasks.start("stream", Failing())
        await nap(30)
        await here.tasks.end()

    live_in(1, run)
    (told,) = here.told()
    assert told.code == "plugin_task_failed"
    assert told.message == (
        "market grove: background task stream failed: "
        "RuntimeError: the socket is gone, [redacted] (x 1)"
    )
    assert "hunter22" not in str(here.log.lines)


def test_the_service_is_degraded_until_it_goes_on_again():
    here, seen = Surroundings(), []

    async def run():
        here.tasks.start("stream", Failing(times=1))
        for _ in range(3):
            seen.append(here.tasks.waiting)
            await nap(0.6)
        await here.tasks.end()

    live_in(1, run)
    assert [bool(each) for each in seen] == [False, True, False]
    assert "stream failed" in seen[1]


def test_one_that_went_on_for_long_is_waited_for_as_at_first():
    here, begun = Surroundings(), []

    async def works_a_while():
        begun.append(now())
        await nap(0 if len(begun) < 4 else 61)
        raise RuntimeError

    async def run():
        here.tasks.start("stream", works_a_while)
        await nap(75)
        await here.tasks.end()

    live_in(1, run)
    assert begun[-1] - begun[-2] == pytest.approx(62)


@pytest.mark.parametrize(
    "make",
    [
        lambda: SystemExit(3),
        lambda: asyncio.CancelledError("by itself"),
        lambda: ExceptionGroup("two", [KeyError("a"), ValueError("b")]),
        lambda: BaseExceptionGroup("two", [SystemExit(3), ValueError("b")]),
        lambda: Odd("odd"),
        StopAsyncIteration,
    ],
)
def test_whatever_it_raises_is_an_ordinary_failure(make):
    here, failing = Surroundings(), Failing(make)

    async def run():
        here.tasks.start("stream", failing)
        await nap(2)
        await here.tasks.end()

    live_in(1, run)
    assert len(failing.at) == 2
    assert [told.code for told in here.told()] == ["plugin_task_failed"]


def test_what_is_no_task_is_a_failure_too():
    here = Surroundings()

    async def run():
        here.tasks.start("stream", lambda: None)
        await nap(0.5)
        await here.tasks.end()

    live_in(1, run)
    assert "TypeError" in here.told()[0].message


def test_one_that_ends_is_done_and_its_name_free():
    here, begun = Surroundings(), []

    async def work():
        begun.append(now())

    async def run():
        here.tasks.start("once", work)
        await nap(100)
        here.tasks.start("once", work)
        await nap(1)
        await here.tasks.end()

    live_in(1, run)
    assert len(begun) == 2
    assert here.told() == []


def test_names_are_told_apart():
    here = Surroundings()

    async def run():
        here.tasks.start("once", anyio.sleep_forever)
        with pytest.raises(ValueError, match="goes on already"):
            here.tasks.start("once", anyio.sleep_forever)
        for name in ("", "x" * 41, "a\nb", 7):
            with pytest.raises(ValueError, match="1 to 40 letters"):
                here.tasks.start(name, anyio.sleep_forever)
        await here.tasks.end()
        with pytest.raises(RuntimeError, match="is closed"):
            here.tasks.start("once", anyio.sleep_forever)

    live_in(1, run)


def test_a_task_is_cancelled_before_the_service_cleans_up():
    here, order = Surroundings(), []

    class Service:
        async def __aenter__(self):
            here.tasks.start("stream", self.work)
            return self

        async def work(self):
            try:
                await anyio.sleep_forever()
            finally:
                with anyio.CancelScope(shield=True):
                    await nap(0.5)
                order.append("task cleaned up")

        async def __aexit__(self, *_):
            order.append("service cleaned up")

    async def run():
        async with holding(hangs_end=False, log=here.log, within=10) as holder:
            origin = Origin(part="market grove")
            await holder.enter(origin, Service(), before_leaving=here.tasks.end)
            await nap(1)

    live_in(1, run)
    assert order == ["task cleaned up", "service cleaned up"]
    assert here.told() == []


def test_tasks_of_a_service_that_does_not_open_are_ended():
    here, ended = Surroundings(), []

    async def work():
        try:
            await anyio.sleep_forever()
        finally:
            ended.append(now())

    class Service:
        async def __aenter__(self):
            here.tasks.start("stream", work)
            await nap(1)
            message = "no"
            raise RuntimeError(message)

        async def __aexit__(self, *_):
            raise AssertionError

    async def run():
        async with holding(hangs_end=False, log=here.log, within=10) as holder:
            with pytest.raises(RuntimeError, match="no"):
                await holder.enter(
                    Origin(part="market grove"), Service(), before_leaving=here.tasks.end
                )
            assert ended

    live_in(1, run)


def test_one_that_swallows_cancellation_is_left_behind():
    here, ended = Surroundings(), []
    is_over = []

    async def stay():
        while not is_over:
            with contextlib.suppress(asyncio.CancelledError):
                await nap(1000)

    async def run():
        here.tasks.start("stream", stay)
        await nap(1)
        await here.tasks.end()
        ended.append(now())
        is_over.append(True)

    live_in(1, run)
    assert ended[0] == pytest.approx(3)
    assert "left behind" in str(here.log.lines)


def test_where_time_stands_still_it_is_due_in_engine_time_and_no_event():
    here, failing = Surroundings(is_passing=False), Failing()
    counts = []

    async def run():
        here.tasks.start("stream", failing)
        for _ in range(8):
            await anyio.wait_all_tasks_blocked()
            await here.clock.sleep_until(here.clock.now() + timedelta(seconds=1))
            here.tasks.look(here.clock.now())
            await anyio.lowlevel.checkpoint()
            await anyio.lowlevel.checkpoint()
            await anyio.lowlevel.checkpoint()
            counts.append(len(failing.at))
        await here.tasks.end()
        assert now() < 1, "a second of real time has passed"

    live_in(1, run)
    # at 0, 1, 3 and 7 seconds
    assert counts == [2, 2, 3, 3, 3, 3, 4, 4]
    assert here.told() == []
    assert "plugin_task_failed" in str(here.log.lines)
