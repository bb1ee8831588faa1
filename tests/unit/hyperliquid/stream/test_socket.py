"""The connection: made, kept, noticed when it is lost or silent, and made again."""

import json
from contextlib import suppress
from datetime import timedelta

import anyio
import anyio.lowlevel
import pytest
from scripted_venue import context, turns, until

from nof0_core.domain.health import Health
from nof0_provider_hyperliquid.stream.messages import CONTEXT, Subscription

pytestmark = pytest.mark.anyio

BTC = {"type": CONTEXT, "coin": "BTC"}
ETH = {"type": CONTEXT, "coin": "ETH"}


async def tell(kit, coin="BTC", mark="100.0"):
    """Tell the price of a coin and wait until it is heard."""
    before = kit.stream.quotes.contexts([coin]).get(coin)
    await kit.venue.now.say(CONTEXT, {"coin": coin, "ctx": context(mark)})
    await until(lambda: kit.stream.quotes.contexts([coin]).get(coin) not in (None, before))


async def test_nothing_is_connected_before_somebody_asks(kit):
    async with kit.running():
        await kit.clock.advance(300)
        assert kit.venue.tries == 0
        assert kit.stream.health() == (Health.OK, "")
        assert kit.stream.quotes.contexts(["BTC"]) == {}
        connection = await kit.connected(1)
        assert connection.subscribed == [BTC]


async def test_what_is_wanted_later_is_subscribed_to_at_once(kit):
    kit.stream.quotes.contexts(["BTC"])
    async with kit.running():
        connection = await kit.connected(1)
        kit.stream.quotes.contexts(["BTC", "ETH"])
        await kit.connected(2)
        assert connection.subscribed == [BTC, ETH]
        assert len(kit.venue.connections) == 1
        assert kit.budget.figures()["subscriptions_used"] == 2
    assert kit.budget.figures()["subscriptions_used"] == 0
    assert kit.budget.free_sockets == 10


async def test_a_quiet_connection_is_kept_alive_with_pings(kit):
    kit.stream.quotes.contexts(["BTC"])
    async with kit.running():
        connection = await kit.connected(1)
        for minute in range(1, 4):
            for _ in range(6):
                await kit.clock.advance(10)
                await tell(kit)
            await until(lambda needed=2 * minute: connection.pings >= needed)
        assert connection.pings <= 10
        assert len(kit.venue.connections) == 1


async def test_after_a_drop_everything_is_subscribed_to_again(kit):
    kit.stream.quotes.contexts(["BTC", "ETH"])
    async with kit.running():
        first = await kit.connected(2)
        await tell(kit)
        await first.drop()
        took = await kit.time_until(lambda: len(kit.venue.connections) == 2, 0.25)
        assert took <= 5
        second = await kit.connected(2)
        assert second.subscribed == [BTC, ETH]


async def test_health_tells_of_a_stream_that_stays_away_until_it_tells_again(kit):
    kit.stream.quotes.contexts(["BTC"])
    async with kit.running():
        connection = await kit.connected(1)
        await tell(kit)
        kit.venue.refuse = 502
        await connection.drop()
        await kit.time_until(lambda: kit.stream.health()[0] is Health.DEGRADED)
        await kit.time_until(lambda: kit.venue.tries > 4)
        said = kit.stream.health()[1]
        assert "502" in said
        assert "polled" in said
        kit.venue.refuse = None
        await kit.time_until(lambda: len(kit.venue.connections) == 2)
        await kit.connected(1)
        await tell(kit)
        assert kit.stream.health() == (Health.OK, "")


async def test_pauses_grow_while_the_venue_refuses(kit):
    kit.venue.refuse = 503
    kit.stream.quotes.contexts(["BTC"])
    async with kit.running():
        await until(lambda: kit.venue.tries == 1)
        await kit.time_until(lambda: kit.venue.tries == 5, 0.5)
        # Half of the longest pauses of 2, 4, 8, … up to 60 s.
        await kit.time_until(lambda: kit.venue.tries == 25, 0.5)
        assert kit.budget.connections.used <= 12


async def test_a_handshake_that_hangs_is_given_up(kit):
    kit.venue.hangs = True
    kit.stream.quotes.contexts(["BTC"])
    async with kit.running():
        await until(lambda: kit.venue.tries == 1)
        await kit.time_until(lambda: kit.venue.tries == 2)
        kit.venue.hangs = False
        await kit.time_until(lambda: kit.venue.now is not None)
        await kit.connected(1)


@pytest.mark.parametrize("answers", [True, False], ids=["pongs only", "not a word"])
async def test_silence_is_noticed_within_a_minute(kit, answers):
    kit.stream.quotes.contexts(["BTC"])
    async with kit.running():
        first = await kit.connected(1)
        await tell(kit)
        kit.venue.answers = answers
        took = await kit.time_until(lambda: first.is_over)
        assert 29 <= took <= 60
        kit.venue.answers = True
        await kit.time_until(lambda: len(kit.venue.connections) == 2)
        await kit.connected(1)


async def test_one_silent_subscription_is_made_anew_while_others_talk(kit):
    kit.stream.quotes.contexts(["BTC", "ETH"])
    async with kit.running():
        connection = await kit.connected(2)
        for _ in range(14):
            await tell(kit, "BTC")
            await kit.clock.advance(5)
        await until(lambda: len(connection.received) >= 4)
        asked = [each for each in connection.received if each["method"] != "ping"]
        assert {"method": "unsubscribe", "subscription": ETH} in asked
        assert [each["subscription"] for each in asked].count(ETH) == 3
        assert [each["subscription"] for each in asked].count(BTC) == 1
        assert len(kit.venue.connections) == 1


async def test_a_hundred_reconnections_keep_the_budget(kit):
    kit.stream.quotes.contexts(["BTC"])
    made = []
    async with kit.running():
        for number in range(1, 101):
            await kit.time_until(lambda n=number: len(kit.venue.connections) >= n, 0.5)
            made.append(kit.clock.now())
            connection = await kit.connected(1)
            await connection.drop()
        for first, last in zip(made, made[30:], strict=False):
            assert last - first > timedelta(minutes=1)
        assert kit.budget.free_sockets >= 9


async def test_a_refused_subscription_is_told_and_left_alone(kit):
    kit.venue.answers = False
    kit.stream.quotes.contexts(["BTC", "NOPE"])
    async with kit.running():
        await until(lambda: kit.venue.now is not None)
        connection = kit.venue.now
        await until(lambda: len(connection.received) == 2)
        nope = {"type": CONTEXT, "coin": "NOPE"}
        await connection.say("error", f"Invalid subscription: {json.dumps(nope)}")
        await connection.say("subscriptionResponse", connection.received[0])
        await tell(kit)
        assert kit.stream.health()[0] is Health.DEGRADED
        assert any("NOPE" in event for _, event, _ in kit.log.lines)
        kit.venue.answers = True
        for _ in range(30):
            await kit.clock.advance(10)
            await tell(kit)
        asked = [each.get("subscription") for each in connection.received]
        assert asked.count(nope) == 1
        for _ in range(32):
            await kit.clock.advance(10)
            await tell(kit)
        await until(lambda: len(connection.subscribed) == 3)  # asked for once more
        assert kit.stream.health() == (Health.OK, "")


async def test_already_subscribed_is_as_good_as_an_answer(kit):
    kit.venue.answers = False
    kit.stream.quotes.contexts(["BTC"])
    async with kit.running():
        await until(lambda: kit.venue.now is not None and kit.venue.now.received)
        await kit.venue.now.say("error", f"Already subscribed: {json.dumps(BTC)}")
        await until(lambda: kit.stream._socket.is_told(Subscription(CONTEXT, "BTC")))
        assert kit.stream.health() == (Health.OK, "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{",
        '{"channel":7}',
        '{"channel":"candle"}',
        '{"channel":"candle","data":{"t":"x"}}',
        '{"channel":"candle","data":{"t":0,"s":"BTC","i":"3m","o":"NaN","h":"1","l":"1","c":"1","v":"1"}}',
        '{"channel":"activeAssetCtx","data":{"coin":"BTC","ctx":[]}}',
        '{"channel":"error","data":{"not":"a text"}}',
        '{"channel":"error","data":"something went wrong"}',
        '{"channel":"outcomeMeta","data":{"#1":null}}',
        '{"channel":"trades","data":[]}',
        '{"channel":"activeAssetCtx","data":{"coin":"HYPE","ctx":{"markPx":"1"}}}',
        '{"channel":"subscriptionResponse","data":{"method":"subscribe","subscription":{"type":"x"}}}',
    ],
)
async def test_what_cannot_be_read_or_was_not_asked_for_harms_nothing(kit, text):
    kit.stream.quotes.contexts(["BTC"])
    async with kit.running():
        connection = await kit.connected(1)
        await connection.raw(text)
        await tell(kit)
        assert len(kit.venue.connections) == 1
        assert kit.stream.quotes.contexts(["BTC"])["BTC"].context["markPx"] == "100.0"


async def test_binary_and_huge_messages_harm_nothing_for_long(kit):
    kit.stream.quotes.contexts(["BTC"])
    async with kit.running():
        connection = await kit.connected(1)
        await connection.socket.send_bytes(b"\xff\x00")
        await tell(kit)
        with suppress(ConnectionError):  # it is too much to be read to its end
            await connection.raw('{"channel":"x","data":"' + "a" * (5 << 20) + '"}')
        await kit.time_until(lambda: len(kit.venue.connections) == 2)
        await kit.connected(1)
        await tell(kit)


@pytest.mark.parametrize("step", ["connecting", "open", "pausing", "waiting for the budget"])
async def test_cancelled_in_any_step_it_ends_and_gives_everything_back(kit, step):
    kit.stream.quotes.contexts(["BTC"])
    if step == "connecting":
        kit.venue.hangs = True
    if step == "pausing":
        kit.venue.refuse = 500
    async with anyio.create_task_group() as others:
        hold = anyio.Event()
        if step == "waiting for the budget":
            for _ in range(10):
                others.start_soon(_hold_socket, kit.budget, hold)
            await until(lambda: kit.budget.free_sockets == 0)
        free = kit.budget.free_sockets
        async with kit.running():
            if step == "open":
                await kit.connected(1)
            elif step != "waiting for the budget":
                await until(lambda: kit.venue.tries)
            await turns()
        assert kit.budget.free_sockets == free
        assert kit.budget.figures()["subscriptions_used"] == 0
        assert not kit.clock.waiting
        hold.set()
    if step == "open":
        await until(lambda: kit.venue.connections[0].is_over)
    kit.venue.hangs, kit.venue.refuse = False, None
    async with kit.running():  # it can be run again
        await kit.connected(1)
        await tell(kit)


async def _hold_socket(budget, hold):
    async with budget.socket():
        await hold.wait()


async def test_a_clock_that_is_set_does_not_end_a_good_connection_twice(kit):
    kit.stream.quotes.contexts(["BTC"])
    async with kit.running():
        await kit.connected(1)
        await tell(kit)
        kit.clock.jump(3600)
        await kit.time_until(lambda: len(kit.venue.connections) == 2)
        await kit.connected(1)
        await tell(kit)
        for _ in range(12):
            await kit.clock.advance(10)
            await tell(kit)
        assert len(kit.venue.connections) == 2


async def test_the_proxy_of_the_environment_is_used(kit, monkeypatch):
    monkeypatch.setenv("http_proxy", kit.venue.base_url)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    kit.stream._socket._url = "http://venue.invalid/ws"
    kit.stream.quotes.contexts(["BTC"])
    async with kit.running():
        # The scripted venue answers whatever host it is asked for, as a proxy would.
        await kit.connected(1)
        await tell(kit)


async def test_a_thousand_subscriptions_leave_room_to_others(kit):
    coins = [f"C{number}" for number in range(1_200)]
    kit.stream.quotes.contexts(coins)
    assert kit.budget.subscriptions == 900
    async with kit.running():
        await kit.connected(900)
        await kit.venue.now.drop()
        await kit.time_until(lambda: len(kit.venue.connections) == 2)
        # More than 1,200 a minute are not sent; what waits for room is no silence.
        await until(lambda: kit.budget.messages.waiting)
        assert 1_100 < kit.budget.messages.used <= 1_200
        await kit.time_until(lambda: not kit.budget.messages.waiting)
        await kit.connected(900)
        assert len(kit.venue.connections) == 2
