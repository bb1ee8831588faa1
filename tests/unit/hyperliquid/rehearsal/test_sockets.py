"""The rehearsal venue's websocket: snapshots, news, limits, and what goes wrong on purpose."""

from __future__ import annotations

from datetime import timedelta

import pytest

from nof0_provider_hyperliquid.rehearsal.faults import Harm

pytestmark = pytest.mark.anyio
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
USER = "0x" + "ab" * 20


async def test_a_subscription_is_acknowledged_and_begins_with_a_snapshot(venue, dial):
    line = await dial()
    for kind in ("l2Book", "bbo", "trades", "activeAssetCtx"):
        await line.subscribe(type=kind, coin="BTC")
    await line.subscribe(type="candle", coin="BTC", interval="1m")
    await line.subscribe(type="allMids")
    await line.subscribe(type="userFills", user=USER)
    heard = await line.hear_all()
    acks = [data["subscription"]["type"] for kind, data in heard if kind == "subscriptionResponse"]
    assert len(acks) == 7
    by_kind = dict(heard)
    assert len(by_kind["trades"]) == 30
    assert by_kind["userFills"] == {"user": USER, "isSnapshot": True, "fills": []}
    assert {"l2Book", "bbo", "activeAssetCtx", "candle", "allMids"} <= set(by_kind)


async def test_every_bar_is_told_to_its_end_and_once_it_is_closed_no_more(venue, dial):
    line = await dial()
    await line.subscribe(type="candle", coin="BTC", interval="1m")
    await line.hear_all()
    await venue.advance(5 * MINUTE, beat=10 * SECOND)
    bars = [data for kind, data in await line.hear_all() if kind == "candle"]
    times = [bar["t"] for bar in bars]
    assert times == sorted(times)
    assert len(set(times)) == 6
    last = {bar["t"]: bar for bar in bars}
    req = {"coin": "BTC", "interval": "1m", "startTime": min(times)}
    known, answer = venue._info.answer({"type": "candleSnapshot", "req": req}, venue.now_ms())
    assert known
    assert [last[bar["t"]] for bar in answer[:-1]] == answer[:-1]


async def test_what_is_wrong_is_told_and_the_connection_stays(venue, dial):
    line = await dial()
    await line.subscribe(type="candle", coin="BTC", interval="1m")
    await line.subscribe(type="candle", coin="BTC", interval="1m")
    await line.subscribe(type="candle", coin="NOPE", interval="1m")
    await line.subscribe(type="webData2", user=USER)
    await line.say(method="dance")
    await line.socket.send_str("{")
    await line.say(method="unsubscribe", subscription={"type": "bbo", "coin": "BTC"})
    errors = [data for kind, data in await line.hear_all() if kind == "error"]
    assert len(errors) == 6
    assert errors[0].startswith("Already subscribed")
    assert errors[1].startswith("Invalid subscription")


async def test_unsubscribing_ends_the_news(venue, dial):
    line = await dial()
    wanted = {"type": "activeAssetCtx", "coin": "ETH"}
    await line.subscribe(**wanted)
    await line.say(method="unsubscribe", subscription=wanted)
    await line.hear_all()
    await venue.advance(3 * SECOND)
    assert await line.hear_all() == []


async def test_connections_are_limited_at_a_time_and_within_a_minute(venue, dial):
    lines = [await dial() for _ in range(11)]
    assert lines[10] is None
    for _ in range(20):
        venue.sockets.drop()
        lines.append(await dial())
    assert sum(line is not None for line in lines) == 10 + 20
    assert await dial() is None
    assert venue.audit.most_connections == 30
    assert venue.audit.most_sockets == 10


async def test_a_connection_that_nobody_speaks_to_is_closed(venue, dial):
    line = await dial()
    await venue.advance(2 * MINUTE)
    assert (await line.hear())[0] == "closed"


async def test_muted_sockets_stay_open_and_say_nothing(venue, dial):
    line = await dial()
    await line.subscribe(type="activeAssetCtx", coin="BTC")
    await line.hear_all()
    venue.sockets.is_muted = True
    await venue.advance(2 * MINUTE)
    assert not line.socket.closed
    venue.sockets.is_muted = False
    await venue.advance(SECOND)
    assert [kind for kind, _ in await line.hear_all()] == ["activeAssetCtx"]


async def test_messages_may_be_missed_repeated_or_cut(venue, dial):
    line = await dial()
    await line.subscribe(type="activeAssetCtx", coin="BTC")
    await line.hear_all()
    venue.faults.add(Harm.MISSED, "activeAssetCtx", times=1)
    await venue.advance(7 * SECOND, beat=7 * SECOND)
    assert await line.hear_all() == []
    venue.faults.add(Harm.REPEATED, "activeAssetCtx", times=1)
    await venue.advance(7 * SECOND, beat=7 * SECOND)
    heard = await line.hear_all()
    assert len(heard) == 2
    assert heard[0] == heard[1]
    venue.faults.add(Harm.UNREADABLE, "activeAssetCtx", times=1)
    await venue.advance(7 * SECOND, beat=7 * SECOND)
    with pytest.raises(ValueError, match="delimiter|Expecting|Unterminated"):
        await line.hear_all()


async def test_requests_may_be_posted_over_it(venue, dial):
    line = await dial()
    await line.say(method="post", id=7, request={"type": "info", "payload": {"type": "meta"}})
    channel, data = await line.hear()
    assert (channel, data["id"], data["response"]["type"]) == ("post", 7, "info")
    assert data["response"]["payload"]["data"]["universe"]


async def test_dropped_connections_end_without_a_word(venue, dial):
    line = await dial()
    venue.sockets.drop()
    assert (await line.hear())[0] == "closed"
    assert await dial() is not None
