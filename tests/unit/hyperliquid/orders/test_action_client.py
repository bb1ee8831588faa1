"""An action is posted once; what is concluded from its answer is no more than it says."""

from __future__ import annotations

import inspect
import json
from datetime import timedelta

import anyio
import attrs
import pytest
from aiohttp import web
from hyperliquid.utils import signing
from hyperliquid_desk import KEY

from nof0_core.clock import SystemClock
from nof0_core.domain.candles import to_ms
from nof0_core.errors import OutcomeUnknownError, RejectedError, TransientError
from nof0_core.testing.environment import Lines
from nof0_core.testing.environment import env as make_env
from nof0_provider_hyperliquid.orders.action_client import ActionClient, Ticket
from nof0_provider_hyperliquid.orders.lanes import Lane
from nof0_provider_hyperliquid.signing.nonces import Nonces
from nof0_provider_hyperliquid.signing.wallet import Wallet
from nof0_provider_hyperliquid.transport.budget import WEIGHT, NetworkBudget
from nof0_provider_hyperliquid.transport.windows import NoRoomError, Priority

NOOP = {"type": "noop"}
OK = {"status": "ok", "response": {"type": "default"}}
pytestmark = pytest.mark.anyio


class Venue:
    """Answers `/exchange` with what `answer` returns, and keeps what was posted."""

    def __init__(self):
        self.posted = []
        self.answer = lambda _: web.json_response(OK)

    async def handle(self, request):
        self.transport = request.transport
        self.posted.append(await request.json())
        made = self.answer(self.posted[-1])
        return await made if inspect.isawaitable(made) else made


@pytest.fixture
async def venue(anyio_backend):
    served = Venue()
    app = web.Application()
    app.router.add_post("/exchange", served.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    served.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield served
    await runner.cleanup()


@pytest.fixture
async def env(anyio_backend):
    async with make_env(clock=SystemClock(), log=Lines()) as made:
        yield made


@pytest.fixture
def budget(env):
    return NetworkBudget("net", clock=env.clock, alert=env.alert)


@pytest.fixture
def client(venue, env, budget):
    made = ActionClient(
        venue.url,
        wallet=Wallet(KEY),
        nonces=Nonces(env.clock),
        budget=budget,
        request_within=timedelta(seconds=5),
        env=env,
    )
    yield made
    made.close()


async def test_an_action_is_signed_posted_and_answered(client, venue):
    noted = []

    async def note(nonce):
        noted.append(nonce)
        assert not venue.posted

    expires = to_ms(SystemClock().now()) + 20_000
    assert await client.act(NOOP, Lane.ENTRIES, expires=expires, noted=note) == OK["response"]

    [body] = venue.posted
    assert body["nonce"] == noted[0]
    assert body["expiresAfter"] == expires
    found = signing.recover_agent_or_user_from_l1_action(
        body["action"], body["signature"], None, body["nonce"], expires, False
    )
    assert found.lower() == client.wallet.address


def body(answer, status=200):
    return lambda _: web.Response(text=answer, status=status, content_type="application/json")


def err(text):
    return body(json.dumps({"status": "err", "response": text}))


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        (body("null", 429), TransientError),
        (err("Too many cumulative requests sent (10001 > 10000) for …"), TransientError),
        (body("Failed to deserialize the JSON body", 422), RejectedError),
        (body('{"message": "Forbidden"}', 403), RejectedError),
        (body('"text"', 400), RejectedError),
        (err("Action already expired"), RejectedError),
        (err("Invalid nonce: nonce too low 3 < 4"), RejectedError),
        (err("L1 error: User or API Wallet 0xa does not exist."), RejectedError),
        (err("Must deposit before performing actions. User: 0xa"), RejectedError),
        (err(None), RejectedError),
        # Another may have used the nonce, or a copy of this request has landed.
        (err("Invalid nonce: duplicate nonce 7"), OutcomeUnknownError),
        (body("<html>502</html>", 502), OutcomeUnknownError),
        (body("", 503), OutcomeUnknownError),
        (body("", 408), OutcomeUnknownError),
        (body("<html>maintenance</html>"), OutcomeUnknownError),
        (body(""), OutcomeUnknownError),
        (body("null"), OutcomeUnknownError),
        (body('"ok"'), OutcomeUnknownError),
        (body("{}"), OutcomeUnknownError),
        (body('{"status": "ok"}'), OutcomeUnknownError),
        (body('{"status": "ok", "response": "done"}'), OutcomeUnknownError),
        (body('{"status": "new", "response": {}}'), OutcomeUnknownError),
        (lambda _: web.HTTPFound("http://127.0.0.1:1/"), OutcomeUnknownError),
    ],
)
async def test_only_what_shows_that_nothing_was_done_counts_as_not_done(
    client, venue, answer, raised
):
    venue.answer = answer
    with pytest.raises(raised) as told:
        await client.act(NOOP, Lane.ENTRIES)
    assert type(told.value) in {raised, *raised.__subclasses__()}
    assert len(venue.posted) == 1
    assert KEY[2:] not in str(told.value)


async def test_a_person_is_told_when_the_venue_takes_no_more_actions(venue, env, budget):
    told = []
    heard = attrs.evolve(env, alert=lambda code, text: told.append((code, text)))
    client = ActionClient(
        venue.url,
        wallet=Wallet(KEY),
        nonces=Nonces(env.clock),
        budget=budget,
        request_within=timedelta(seconds=5),
        env=heard,
    )
    venue.answer = err("Too many cumulative requests sent (10001 > 10000) for …")
    with pytest.raises(TransientError):
        await client.act(NOOP, Lane.ENTRIES)
    client.close()
    [(code, text)] = told
    assert code == "actions_spent"
    assert "10001 > 10000" in text


async def test_a_venue_that_is_not_there_got_nothing(env, budget, venue):
    client = ActionClient(
        "http://127.0.0.1:9",
        wallet=Wallet(KEY),
        nonces=Nonces(env.clock),
        budget=budget,
        request_within=timedelta(seconds=5),
        env=env,
    )
    with pytest.raises(TransientError, match="nothing was sent"):
        await client.act(NOOP, Lane.ENTRIES)


async def test_a_connection_that_breaks_is_never_mended_by_sending_again(client, venue):
    """SDK issue 293: the advice there is to post again."""

    def cut(_):
        venue.transport.abort()
        return web.Response()

    venue.answer = cut
    with pytest.raises(OutcomeUnknownError):
        await client.act(NOOP, Lane.ENTRIES)
    assert len(venue.posted) == 1


async def test_a_signer_the_venue_does_not_know_is_told_until_it_does(client, venue, env):
    venue.answer = err("User or API Wallet 0xa does not exist.")
    with pytest.raises(RejectedError):
        await client.act(NOOP, Lane.ENTRIES)
    assert "does not exist" in client.refusal
    assert "signer_refused" in str(env.log.lines)
    venue.answer = body(json.dumps(OK))
    await client.act(NOOP, Lane.ENTRIES)
    assert client.refusal == ""


async def test_what_protects_does_not_wait_for_an_entry_that_hangs(client, venue):
    hanging = anyio.Event()
    order = []

    async def answer(posted):
        order.append(posted["action"]["type"])
        if posted["action"]["type"] == "order":
            await hanging.wait()
        return web.json_response(OK)

    venue.answer = answer
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(client.act, {"type": "order"}, Lane.ENTRIES)
        while not order:
            await anyio.lowlevel.checkpoint()
        tasks.start_soon(client.act, {"type": "order"}, Lane.ENTRIES)
        for lane in (Lane.PROTECTION, Lane.PROOF):
            await client.act({"type": "cancel"}, lane)
        assert order == ["order", "cancel", "cancel"]  # the second entry waits for its turn
        hanging.set()
    assert order == ["order", "cancel", "cancel", "order"]


async def test_an_action_that_was_given_up_holds_its_lane_no_longer(client, venue):
    hanging = anyio.Event()

    async def answer(_):
        await hanging.wait()
        return web.json_response(OK)

    venue.answer = answer
    with anyio.move_on_after(30) as scope:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(client.act, NOOP, Lane.ENTRIES)
            while not venue.posted:
                await anyio.lowlevel.checkpoint()
            tasks.cancel_scope.cancel()
    assert not scope.cancelled_caught
    venue.answer = body(json.dumps(OK))
    assert await client.act(NOOP, Lane.ENTRIES) == OK["response"]
    hanging.set()
    assert len(venue.posted) == 2


def test_a_request_has_left_or_never_will():
    late, early = Ticket(), Ticket()
    assert late.void()
    assert not late.leave()
    assert early.leave()
    assert not early.void()


async def test_an_action_whose_time_is_over_is_not_sent(client, venue):
    with pytest.raises(TransientError, match="time was over"):
        await client.act(NOOP, Lane.ENTRIES, expires=to_ms(SystemClock().now()) - 1)
    assert not venue.posted


async def test_what_cannot_be_noted_is_not_sent(client, venue):
    async def refuse(_):
        message = "the disk is full"
        raise TransientError(message)

    with pytest.raises(TransientError, match="disk"):
        await client.act(NOOP, Lane.ENTRIES, noted=refuse)
    assert not venue.posted


async def test_exits_go_through_where_entries_find_no_room(client, venue, budget):
    client._seconds = 0.2
    async with budget.spend(int(WEIGHT * 0.95), Priority.PROTECTION):
        with pytest.raises(NoRoomError):
            await client.act(NOOP, Lane.ENTRIES)
        await client.act(NOOP, Lane.PROTECTION)
    assert len(venue.posted) == 1


async def test_nonces_of_actions_at_once_differ(client, venue):
    async with anyio.create_task_group() as tasks:
        for _ in range(10):
            for lane in Lane:
                tasks.start_soon(client.act, NOOP, lane)
    nonces = [posted["nonce"] for posted in venue.posted]
    assert len(set(nonces)) == len(nonces) == 10 * len(Lane)
