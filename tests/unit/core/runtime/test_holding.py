"""What plugins open ends in time, whatever it does when it is opened and closed."""

from __future__ import annotations

import asyncio  # noqa: TID251 - a native cancellation is what is tried
import contextlib
from contextlib import asynccontextmanager

import anyio
import pytest
from world.loop import live_in, nap, now

from nof0_core.border.foreign import Origin
from nof0_core.clock import SimulatedClock
from nof0_core.errors import ProviderError, TransientError
from nof0_core.runtime.first_calls import FirstCalls
from nof0_core.runtime.holding import holding
from nof0_core.testing.environment import START, Lines


class LiveClock(SimulatedClock):
    """None whose time stands still while work is done."""

    is_lockstep = False


class Service:
    """A section's service; `opening` and `closing` are what happens then."""

    def __init__(self, opening=None, closing=None, inside=None):
        self.opening, self.closing, self.inside = opening, closing, inside
        self.opened = self.closed = 0
        self.left = []

    @asynccontextmanager
    async def open(self):
        self.opened += 1
        async with anyio.create_task_group() as tasks:
            if self.inside is not None:
                tasks.start_soon(self.inside)
            try:
                if self.opening is not None:
                    await self.opening()
                yield self
                if self.closing is not None:
                    await self.closing()
            finally:
                self.closed += 1
                tasks.cancel_scope.cancel()


async def hang():
    await anyio.sleep_forever()


async def hang_shielded():
    with anyio.CancelScope(shield=True):
        await anyio.sleep_forever()


async def end_itself():
    raise asyncio.CancelledError


def use(*services, clock=None, log=None, body=None):
    """Open services one after the other as sections are, then do what `body` does; in its time."""
    clock = clock or LiveClock(START)
    log = log or Lines()

    async def run():
        first = FirstCalls(hangs_end=clock.is_lockstep, log=log, within=60.0)
        async with holding(hangs_end=clock.is_lockstep, log=log, within=10.0) as holder:
            for number, service in enumerate(services):
                name = f"market m{number}"
                origin = Origin(part=name)
                await first.make(
                    name,
                    "opening",
                    lambda: holder.enter(origin, service.open()),  # noqa: B023
                )
            if body is not None:
                await body()
        return now()

    return live_in(1, run)


@pytest.mark.parametrize("opening", [hang, hang_shielded])
def test_one_that_hangs_when_it_is_opened_is_given_up_and_named(opening):
    service = Service(opening)
    words = "market m0: opening failed 5 times: no answer within 60 s"
    with pytest.raises(TransientError, match=words):
        use(service)
    assert (service.opened, service.closed) == (5, 5)


def test_one_that_hangs_for_a_while_is_open_in_the_end():
    service = Service()

    async def twice():
        if service.opened < 3:
            await hang()

    service.opening = twice
    # Two tries of a minute, and a second and two between them.
    assert use(service) == 123
    assert (service.opened, service.closed) == (3, 3)


def test_who_stops_waiting_leaves_no_cancel_scope_behind():
    """The body goes on after a try that was given up, and its own limits still work."""
    service = Service()

    async def once():
        if service.opened < 2:
            await hang()

    service.opening = once
    passed = []

    async def body():
        with anyio.move_on_after(5) as scope:
            await hang()
        passed.append(scope.cancelled_caught)
        await nap(1)

    assert use(service, body=body) == 67
    assert passed == [True]


def test_a_hanging_opening_ends_a_lockstep_run_without_another_try():
    service = Service(hang)
    with pytest.raises(ProviderError, match="market m0: opening has not answered for 60 s") as told:
        use(service, clock=SimulatedClock(START))
    assert type(told.value) is ProviderError
    assert told.value.exit_code == 1
    assert service.opened == 1


@pytest.mark.parametrize(("closing", "seconds"), [(hang, 10), (hang_shielded, 10)])
def test_one_that_hangs_when_it_is_closed_is_broken_off_and_the_others_close(closing, seconds):
    before, hanging, after = Service(), Service(closing=closing), Service()
    log = Lines()
    assert use(before, hanging, after, log=log) == seconds
    assert [s.closed for s in (before, hanging, after)] == [1, 1, 1]
    assert [line for line in log.lines if "closing" in str(line)]


def test_a_hanging_close_ends_a_lockstep_run_with_an_error_that_hides_no_other():
    with pytest.raises(ProviderError, match="market m0: closing has not answered for 60 s"):
        use(Service(closing=hang), clock=SimulatedClock(START))

    async def fail():
        raise KeyError("first")

    with pytest.raises(KeyError):
        use(Service(closing=hang), clock=SimulatedClock(START), body=fail)


def test_they_close_in_reverse_order_and_what_one_raises_keeps_none_open():
    order = []

    def closes(name, error=None):
        async def closing():
            order.append(name)
            if error is not None:
                raise error

        return Service(closing=closing)

    bad = closes("b", OSError("disk"))
    log = Lines()
    use(closes("a"), bad, closes("c"), log=log)
    assert order == ["c", "b", "a"]
    assert [line[:2] for line in log.lines] == [
        (
            "warning",
            "closing raised OSError: disk (market m1); everything else is closed in good order",
        )
    ]


def test_an_error_from_inside_comes_out_as_it_is():
    async def fail():
        raise KeyError("bug")

    service = Service()
    with pytest.raises(KeyError):
        use(service, body=fail)
    assert service.closed == 1


def test_what_goes_wrong_in_its_own_tasks_ends_what_is_done_meanwhile():
    async def breaks():
        await nap(3)
        raise OSError("gone")

    words = r"^a task of its own raised OSError: gone \(market m0\)$"
    with pytest.raises(ExceptionGroup) as caught:
        use(Service(inside=breaks), body=hang)
    assert caught.group_contains(ProviderError, match=words)


def test_one_that_cancels_itself_while_it_opens_has_failed():
    service = Service(end_itself)
    with pytest.raises(TransientError, match="opening failed 5 times: .*CancelledError"):
        use(service)
    assert service.opened == 5


def test_a_cancellation_from_outside_closes_them_and_passes():
    service = Service()

    async def run():
        async def all_of_it():
            async with holding(hangs_end=False, log=Lines(), within=10.0) as holder:
                await holder.enter(Origin(part="market m0"), service.open())
                await hang()

        task = asyncio.ensure_future(all_of_it())
        await nap(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return now()

    assert live_in(1, run) == 1
    assert service.closed == 1


def test_what_can_neither_be_waited_for_nor_broken_off_is_left_behind():
    stubborn = []

    async def refuse():
        while not stubborn:
            with contextlib.suppress(asyncio.CancelledError):
                await nap(1)

    before, after, log = Service(), Service(), Lines()

    async def run():
        async with holding(hangs_end=False, log=log, within=10.0) as holder:
            await holder.enter(Origin(part="market before"), before.open())
            await holder.enter(Origin(part="market stubborn"), Service(closing=refuse).open())
            await holder.enter(Origin(part="market after"), after.open())
        ended = now()
        stubborn.append("gives in")
        await nap(5)
        return ended

    assert live_in(1, run) == 30
    assert (before.closed, after.closed) == (1, 1)
    assert "market stubborn: closing" in str(log.lines)
    assert "left behind" in str(log.lines)


@pytest.mark.parametrize("hangs_end", [True, False])
@pytest.mark.parametrize("fault", ["raises", "hangs", "ends by itself"])
def test_how_a_bystander_ends_is_told_and_never_an_error(hangs_end, fault):
    log = Lines()

    async def fail():
        raise OSError("disk")

    service = {
        "raises": Service(closing=fail),
        "hangs": Service(closing=hang),
        "ends by itself": Service(inside=fail),
    }[fault]

    async def run():
        async with holding(hangs_end=hangs_end, log=log, within=10.0) as holder:
            await holder.enter(Origin(part="exporter x"), service.open(), is_bystander=True)
            await nap(1)
        return now()

    assert live_in(1, run) == {"hangs": 61 if hangs_end else 11}.get(fault, 1)
    [line] = log.lines
    assert "exporter x" in str(line)


def test_one_that_exits_the_program_while_it_opens_has_failed():
    async def leave():
        raise SystemExit(3)

    with pytest.raises(ProviderError, match="SystemExit: 3"):
        use(Service(leave))
