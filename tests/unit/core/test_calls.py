"""Calls to providers are counted by how they ended and how long they took."""

from __future__ import annotations

import asyncio  # noqa: TID251 - what a library on it may raise

import anyio
import pytest

from nof0_core import calls
from nof0_core.calls import BOUNDS, CallsUnderWay

pytestmark = pytest.mark.anyio


@pytest.fixture
def elapse(monkeypatch):
    """Let a stopwatch stand still but for what is added to it."""
    shown = [100.0]
    monkeypatch.setattr(calls, "stopwatch", lambda: shown[0])

    def pass_by(seconds):
        shown[0] += seconds

    return pass_by


def counted(owner, verb="report"):
    timing = owner.timings[verb]
    return sum(timing.counts), timing.late, timing.failed


@pytest.mark.parametrize(
    ("seconds", "place"),
    [(0.0, 0), (BOUNDS[0], 0), (BOUNDS[0] * 1.01, 1), (3.0, 5), (20.0, 7), (21.0, 8), (9e9, 8)],
)
async def test_a_call_counts_with_those_that_took_at_most_a_bound(elapse, seconds, place):
    owner = CallsUnderWay("exchange paper")
    # Beginning at zero keeps the difference exact.
    elapse(-100.0)
    with owner.of("report"):
        elapse(seconds)
    timing = owner.timings["report"]
    assert timing.counts.index(1) == place
    assert len(timing.counts) == len(BOUNDS) + 1
    assert timing.seconds == seconds


async def test_verbs_are_counted_apart_and_overlapping_calls_each(elapse):
    owner = CallsUnderWay("exchange paper")
    with owner.of("report"):
        elapse(1)
        with owner.of("report"), owner.of("place"):
            elapse(2)
    assert (owner.timings["report"].seconds, owner.timings["place"].seconds) == (5, 2)
    assert (counted(owner), counted(owner, "place")) == ((2, 0, 0), (1, 0, 0))
    assert owner.overdue(1e9) == ""


@pytest.mark.parametrize(
    "error", [KeyError("bug"), SystemExit(3), asyncio.CancelledError(), TimeoutError()]
)
async def test_what_a_provider_raises_is_a_failure(error):
    owner = CallsUnderWay("exchange paper")
    with pytest.raises(type(error)), owner.of("report"):
        raise error
    assert counted(owner) == (1, 0, 1)


async def test_what_strikes_its_limit_is_late_and_no_other_failure():
    owner = CallsUnderWay("exchange paper")
    with owner.of("report") as call:
        call.is_late = True
    assert counted(owner) == (1, 1, 0)


async def test_a_call_that_whoever_asked_gave_up_is_no_failure():
    owner = CallsUnderWay("exchange paper")
    with anyio.CancelScope() as scope:
        scope.cancel()
        with owner.of("report"):
            await anyio.sleep_forever()
    with pytest.raises(KeyboardInterrupt), owner.of("report"):
        raise KeyboardInterrupt
    assert counted(owner) == (2, 0, 0)


async def test_a_call_that_hangs_is_named(elapse):
    owner = CallsUnderWay("exchange paper")
    with owner.of("report"):
        assert owner.overdue(160.0) == ""
        assert owner.overdue(160.1) == "exchange paper: report has not answered for 60 s"
