import json
from datetime import timedelta

import anyio
import pytest
from aiohttp import web

from nof0_core.clock import pause
from nof0_core.domain.health import Health
from nof0_core.errors import DataError, TransientError
from nof0_provider_hyperliquid.transport.client import InfoClient, Patience
from nof0_provider_hyperliquid.transport.windows import NoRoomError, Priority

pytestmark = pytest.mark.anyio
META = {"type": "meta"}
GOOD = {"universe": [{"name": "BTC", "px": "1.50"}]}


def good(_=None):
    return web.json_response(GOOD)


def said(text, status=200, content_type="application/json", **headers):
    return lambda _: web.Response(
        text=text, status=status, content_type=content_type, headers=headers
    )


async def cut(request):
    """A body that ends before the length that was promised."""
    response = web.StreamResponse(headers={"Content-Length": "500"})
    await response.prepare(request)
    await response.write(json.dumps(GOOD).encode())
    request.transport.close()
    return response


async def cut_without_length(request):
    response = web.StreamResponse(headers={"Connection": "close"})
    response.enable_chunked_encoding()
    await response.prepare(request)
    await response.write(json.dumps(GOOD).encode()[:20])
    request.transport.close()
    return response


async def dropped(request):
    request.transport.close()
    return web.Response()


async def dripping(request):
    response = web.StreamResponse(headers={"Content-Length": "5000"})
    await response.prepare(request)
    for _ in range(200):
        await response.write(b" ")
        await pause(0.05)
    return response


async def silent(request):
    await anyio.Event().wait()


PASSING = {
    "429 null": (said("null", 429), "HTTP 429"),
    "429 text": (said("slow down", 429, "text/plain"), "HTTP 429"),
    "502 page": (said("<html>Bad Gateway</html>", 502, "text/html"), "HTTP 502 from the venue"),
    "503 empty": (said("", 503), "HTTP 503"),
    "200 page": (said("<html>login</html>", content_type="text/html"), "no JSON.*login"),
    "200 cut": (said('{"universe": [{"na'), "no JSON"),
    "200 empty": (said(""), "no JSON"),
    "broken off": (cut, "broke off|closed before"),
    "chunk broken off": (cut_without_length, "broke off|closed before"),
    "dropped": (dropped, "closed before the answer"),
}


@pytest.mark.parametrize("name", PASSING)
async def test_what_passes_is_asked_again(answers, client, name):
    answers.script = [PASSING[name][0], PASSING[name][0], good]
    assert await client.info(META) == GOOD
    assert answers.asked == [META] * 3


@pytest.mark.parametrize("name", PASSING)
async def test_what_does_not_pass_ends_after_all_retries(answers, client, name):
    answers.script = [PASSING[name][0]]
    with pytest.raises(TransientError, match=PASSING[name][1]) as raised:
        await client.info(META)
    assert len(answers.asked) == 4
    assert f"{answers.url}: meta: " in str(raised.value)
    assert raised.value.section == "test"


LASTING = {
    "422": (said("Failed to deserialize the JSON body into the target type", 422), "422: Failed"),
    "object without code": (said('{"why": "no"}', 400), "did not say why"),
    "text as JSON": (said('"no"', 400), "did not say why"),
    "list as JSON": (said("[]", 404), "did not say why"),
    "403": (said("<html>blocked</html>", 403, "text/html"), "403: <html>blocked"),
    "redirect": (
        said("", 302, Location="http://example.com/info"),
        "redirects elsewhere: http://e",
    ),
}


@pytest.mark.parametrize("name", LASTING)
async def test_what_will_not_pass_is_asked_once(answers, client, name):
    answers.script = [LASTING[name][0]]
    with pytest.raises(DataError, match=LASTING[name][1]):
        await client.info(META)
    assert len(answers.asked) == 1


async def test_null_is_an_answer(answers, client):
    answers.script = [said("null")]
    assert await client.info({"type": "l2Book", "coin": "NOPE"}) is None


@pytest.mark.parametrize("body", [dripping, silent])
async def test_an_answer_that_takes_too_long_is_given_up(answers, surroundings, budget, body):
    patience = Patience(request=timedelta(seconds=0.3), retries=1)
    client = InfoClient(answers.url, budget=budget, patience=patience, env=surroundings)
    answers.script = [body]
    with pytest.raises(TransientError, match="in time|within 0.3 s"):
        await client.info(META)
    assert len(answers.asked) == 2
    client.close()


async def test_nobody_there(surroundings, budget):
    client = InfoClient(
        "http://127.0.0.1:9", budget=budget, patience=Patience(retries=0), env=surroundings
    )
    with pytest.raises(TransientError, match="no connection"):
        await client.info(META)


async def test_a_proxy_of_the_environment_is_asked(answers, surroundings, budget, monkeypatch):
    monkeypatch.setenv("http_proxy", answers.url)
    monkeypatch.setenv("no_proxy", "")
    client = InfoClient(
        "http://venue.invalid", budget=budget, patience=Patience(retries=0), env=surroundings
    )
    answers.script = [good]
    # aiohttp routes the absolute address a proxy is sent by its path.
    assert await client.info(META) == GOOD
    client.close()


async def test_weight_is_that_of_the_answer(answers, client, budget):
    answers.script = [lambda _: web.json_response([{}] * 5000)]
    request = {"type": "candleSnapshot", "req": {}}
    await client.info(request)
    assert budget.figures()["weight_used"] == 20 + 83
    await client.info({"type": "exchangeStatus"})
    assert budget.figures()["weight_used"] == 20 + 83 + 2


async def test_refused_requests_hold_all_reads_up_and_are_told(
    answers, client, budget, surroundings
):
    answers.script = [said("null", 429, **{"Retry-After": "7"}), good]
    before = surroundings.clock.now()
    await client.info(META, priority=Priority.STATE)
    assert surroundings.clock.now() - before == timedelta(seconds=7)
    assert budget.health()[0] is Health.DEGRADED
    assert any("429" in event for _, event, _ in surroundings.log.lines)


async def test_a_short_budget_fails_what_cannot_wait(answers, surroundings, budget):
    patience = Patience(room=timedelta(seconds=8))
    client = InfoClient(answers.url, budget=budget, patience=patience, env=surroundings)
    answers.script = [good]
    before = surroundings.clock.now()
    async with budget.spend(720, Priority.READS):
        pass
    with pytest.raises(NoRoomError, match="720 of 1200"):
        await client.info(META)
    assert not answers.asked
    assert await client.info(META, priority=Priority.ORDERS) == GOOD
    assert surroundings.clock.now() == before
    assert await client.info(META, priority=Priority.DOWNLOADS) == GOOD
    assert surroundings.clock.now() > before
    client.close()


async def test_a_cancelled_request_harms_no_other(answers, client):
    gate = anyio.Event()

    async def held(_):
        await gate.wait()
        return good()

    answers.script = [held, good]
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.info, META)
        with anyio.move_on_after(60):
            while not answers.asked:
                await anyio.lowlevel.checkpoint()
        tasks.cancel_scope.cancel()
    assert await client.info(META) == GOOD
    gate.set()
