"""Refusals, silence and broken connections: how often is called, and what it is taken to cost."""

from __future__ import annotations

import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import anyio
import pytest
from llm_server import Say

from nof0_core.clock import stopwatch, wall_time
from nof0_core.errors import InvalidOutputError, LLMError, ModelTimeoutError
from nof0_llm.openai.failure import failure_of

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503])
async def test_what_may_pass_is_asked_again(desk, llm_server, status):
    llm_server.script = [Say(status=status), Say()]
    async with desk() as made:
        request = made.request()
        answer = await made.backend.complete(request)
    assert llm_server.count == answer.attempts == 2
    assert [c.outcome for c in request.calls] == ["refused", "answered"]
    assert next(iter(request.calls)).usage.tokens == 0
    assert str(status) in next(iter(request.calls)).detail


@pytest.mark.parametrize(
    ("step", "words"),
    [
        pytest.param(Say(status=401), r"401: .*check api_key", id="key"),
        pytest.param(
            Say(status=404, body=b"404 page not found"), "page not found .*base_url", id="text"
        ),
        pytest.param(
            Say(status=400, body=b"<html>Oh</html>"),
            r"says 400: Bad Request \(what is sent",
            id="page",
        ),
        pytest.param(
            Say(body=b'{"error": {"message": "overloaded"}}'),
            "reports an error: overloaded",
            id="with 200",
        ),
    ],
)
async def test_a_refusal_says_why_and_what_to_do(desk, llm_server, step, words):
    llm_server.script = [step]
    async with desk(max_retries=0) as made:
        with pytest.raises(LLMError, match=words):
            await made.ask()


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422])
async def test_what_will_not_pass_is_not(desk, llm_server, status):
    llm_server.script = [Say(status=status)]
    async with desk() as made:
        with pytest.raises(LLMError, match=str(status)):
            await made.ask()
    assert llm_server.count == 1


async def test_the_number_of_further_calls_is_the_configured_one(desk, llm_server):
    llm_server.default = Say(status=500)
    async with desk(max_retries=2) as made:
        with pytest.raises(LLMError, match="asked 3 times"):
            await made.ask()
    assert llm_server.count == 3


async def test_zero_retries_is_one_call(desk, llm_server):
    llm_server.default = Say(status=429)
    async with desk(max_retries=0) as made:
        with pytest.raises(LLMError):
            await made.ask()
    assert llm_server.count == 1


async def test_retry_after_in_seconds_is_waited_for(desk, llm_server):
    llm_server.script = [Say(status=429, headers={"retry-after": "1.2"}), Say()]
    async with desk() as made:
        await made.ask()
    first, second = llm_server.arrived
    assert 1.2 <= second - first < 2.5


async def test_retry_after_as_a_moment_is_waited_for(desk, llm_server):
    moment = format_datetime((wall_time() + timedelta(seconds=3)).astimezone(UTC), usegmt=True)
    llm_server.script = [Say(status=503, headers={"retry-after": moment}), Say()]
    async with desk() as made:
        await made.ask()
    first, second = llm_server.arrived
    assert 1.0 <= second - first < 5


async def test_a_wait_longer_than_the_cycle_is_not_begun(desk, llm_server):
    llm_server.script = [Say(status=429, headers={"retry-after": "3600"})]
    started = stopwatch()
    async with desk() as made:
        with pytest.raises(ModelTimeoutError, match="no time is left"):
            await made.ask(within=5)
    assert stopwatch() - started < 4
    assert llm_server.count == 1


@pytest.mark.parametrize("cut", ["before", "within"])
async def test_a_cut_connection_is_asked_again_and_counted_as_paid(desk, llm_server, cut):
    llm_server.script = [Say(cut=cut), Say()]
    async with desk() as made:
        request = made.request()
        answer = await made.backend.complete(request)
    assert llm_server.count == 2
    lost, _ = request.calls
    assert (lost.outcome, lost.is_estimate) == ("unknown", True)
    assert lost.usage.cost_usd > 0
    assert answer.usage.cost_usd > lost.usage.cost_usd


async def test_nobody_listening_costs_nothing(desk, llm_server):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        llm_server.url = f"http://127.0.0.1:{port}/v1"
        async with desk(max_retries=1) as made:
            request = made.request()
            with pytest.raises(LLMError, match=r"connection to 127\.0\.0\.1:\d+ failed"):
                await made.backend.complete(request)
    assert [c.outcome for c in request.calls] == ["refused", "refused"]
    assert llm_server.count == 0


async def test_a_late_answer_is_given_up_after_the_calls_own_time(desk, llm_server):
    llm_server.script = [Say(after=3), Say()]
    async with desk(timeout=timedelta(seconds=0.5)) as made:
        request = made.request()
        await made.backend.complete(request)
    assert llm_server.count == 2
    assert next(iter(request.calls)).outcome == "unknown"
    assert next(iter(request.calls)).is_estimate


async def test_all_calls_together_end_with_the_cycle(desk, llm_server):
    llm_server.default = Say(after=5)
    started = stopwatch()
    async with desk(timeout=timedelta(seconds=60)) as made:
        with pytest.raises(ModelTimeoutError):
            await made.ask(within=1)
    assert stopwatch() - started < 3
    assert llm_server.count == 1


async def test_a_call_that_is_cancelled_is_still_counted(desk, llm_server):
    llm_server.default = Say(after=5)
    async with desk() as made:
        request = made.request()
        with anyio.move_on_after(0.7):
            await made.backend.complete(request)
    (call,) = request.calls
    assert (call.outcome, call.is_estimate) == ("unknown", True)
    assert call.usage.cost_usd > 0


async def test_no_time_for_a_repair_leaves_the_fault_of_the_answer(desk, llm_server):
    llm_server.script = [Say(text="no idea"), Say(after=5)]
    async with desk() as made:
        with pytest.raises(InvalidOutputError, match="could not be sent back"):
            await made.ask(within=1.5)


async def test_pauses_differ_with_the_seed_and_stay_in_bounds(desk, llm_server):
    llm_server.script = [Say(status=500), Say(status=500), Say()]
    async with desk() as made:
        await made.ask()
    one, two, three = llm_server.arrived
    assert 0.25 <= two - one < 1.5
    assert 0.5 <= three - two < 2


async def test_many_at_a_time_are_in_flight_together(desk, llm_server):
    llm_server.default = Say(after=1)
    started = stopwatch()
    async with desk() as made, anyio.create_task_group() as tasks:
        for _ in range(40):
            tasks.start_soon(made.ask)
    assert stopwatch() - started < 8
    assert llm_server.most_busy >= 30


@pytest.mark.parametrize("level", ["debug", "info", "error"])
async def test_log_level_decides_what_is_written(desk, llm_server, level):
    llm_server.script = [Say(status=500), Say()]
    async with desk(log_level=level) as made:
        await made.ask()
        events = [event for _, event, _ in made.lines]
    wanted = {"debug": ["called", "asking again", "called"], "info": ["asking again"], "error": []}
    assert events == wanted[level]


def test_nonsense_in_retry_after_is_passed_over():
    import httpx2
    import openai

    for text in ("soon", "", "Mon, 99 Foo"):
        response = httpx2.Response(
            429, headers={"retry-after": text}, request=httpx2.Request("POST", "http://x/v1")
        )
        assert (
            failure_of(openai.RateLimitError("", response=response, body=None)).retry_after is None
        )
    past = format_datetime(datetime(2020, 1, 1, tzinfo=UTC), usegmt=True)
    response = httpx2.Response(
        429, headers={"retry-after": past}, request=httpx2.Request("POST", "http://x/v1")
    )
    assert failure_of(openai.RateLimitError("", response=response, body=None)).retry_after == 0
