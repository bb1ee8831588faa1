"""Limits of the rehearsal venue and sums of its audit, against their plain definitions."""

from __future__ import annotations

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof0_provider_hyperliquid.rehearsal.audit import MINUTE_MS, most_within
from nof0_provider_hyperliquid.rehearsal.limits import Limit, action_weight, info_weight

MOMENTS = st.lists(st.tuples(st.integers(0, 5 * MINUTE_MS), st.integers(1, 60)), max_size=60)
USERS = [f"0x{number:040x}" for number in range(12)]
HERE = "127.0.0.1"


@given(amounts=MOMENTS, most=st.integers(1, 200))
def test_no_minute_holds_more_than_the_limit_and_nothing_is_refused_without_need(amounts, most):
    limit, taken = Limit(most), []
    for now, amount in sorted(amounts):
        within = sum(a for time, a in taken if now - MINUTE_MS < time)
        assert limit.take(amount, now) is (within + amount <= most)
        if within + amount <= most:
            taken.append((now, amount))
    assert most_within(taken) <= most


@given(amounts=MOMENTS)
def test_the_most_within_a_minute_is_that_of_the_fullest_one(amounts):
    amounts = sorted(amounts)
    ending_at = [
        sum(amount for time, amount in amounts if end - MINUTE_MS < time <= end)
        for end, _ in amounts
    ]
    assert most_within(amounts) == max(ending_at, default=0)


@pytest.mark.parametrize(
    ("kind", "rows", "weight"),
    [
        ("allMids", 0, 2),
        ("l2Book", 0, 2),
        ("orderStatus", 0, 2),
        ("exchangeStatus", 0, 2),
        ("meta", 0, 20),
        ("userRole", 0, 60),
        ("candleSnapshot", 59, 20),
        ("candleSnapshot", 5_000, 20 + 83),
        ("userFills", 2_000, 20 + 100),
        ("fundingHistory", 500, 20 + 25),
        ("openOrders", 500, 20),
    ],
)
def test_reads_weigh_more_the_more_they_bring(kind, rows, weight):
    assert info_weight(kind, rows) == weight


def test_forty_orders_weigh_one_more():
    assert [action_weight(batch) for batch in (1, 39, 40, 79, 80)] == [1, 1, 2, 2, 3]


@pytest.mark.anyio
async def test_a_connection_follows_ten_users_and_no_more(venue, dial):
    line = await dial()
    for user in USERS[:11]:
        await line.subscribe(type="userFills", user=user)
        await line.subscribe(type="orderUpdates", user=user)
    heard = await line.hear_all()
    errors = [data for channel, data in heard if channel == "error"]
    assert errors == ["Cannot track more than 10 total users."] * 2
    assert sum(channel == "subscriptionResponse" for channel, _ in heard) == 20


@pytest.mark.anyio
async def test_subscriptions_are_counted_over_all_connections(venue, dial):
    venue.limits.of(HERE).subscriptions = 3
    one, other = await dial(), await dial()
    for coin in ("BTC", "ETH"):
        await one.subscribe(type="bbo", coin=coin)
    await one.hear_all()
    for coin in ("BTC", "ETH"):
        await other.subscribe(type="bbo", coin=coin)
    errors = [data for channel, data in await other.hear_all() if channel == "error"]
    assert len(errors) == 1
    assert venue.audit.most_subscriptions == 3


@pytest.mark.anyio
async def test_who_talks_too_much_is_cut_off(venue, dial):
    venue.limits.of(HERE).messages = Limit(5)
    line = await dial()
    for _ in range(5):
        await line.say(method="ping")
        assert (await line.hear())[0] == "pong"
    await line.say(method="ping")
    assert (await line.hear())[0] == "closed"
    assert venue.audit.most_messages == 6


@pytest.mark.anyio
async def test_limits_are_those_of_an_address(venue, ask):
    """Two addresses of loopback each have all of it; two clients of one share it."""
    elsewhere = aiohttp.TCPConnector(local_addr=("127.0.0.2", 0))
    async with aiohttp.ClientSession(connector=elsewhere) as other:
        for _ in range(60):
            assert (await ask(type="meta"))[0] == 200
        assert (await ask(type="meta"))[0] == 429
        for _ in range(60):
            async with other.post(venue.base_url + "/info", json={"type": "meta"}) as answer:
                assert answer.status == 200
        async with other.post(venue.base_url + "/info", json={"type": "meta"}) as answer:
            assert answer.status == 429
        mine = [each.address for each in venue.audit.requests]
        assert (mine.count(HERE), mine.count("127.0.0.2")) == (61, 61)
        assert venue.audit.most_weight == 61 * 20
        lines = [await other.ws_connect(f"{venue.base_url}/ws") for _ in range(10)]
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await other.ws_connect(f"{venue.base_url}/ws")
        async with aiohttp.ClientSession() as here:
            line = await here.ws_connect(f"{venue.base_url}/ws")
            assert venue.audit.most_sockets == 10
            for each in [*lines, line]:
                await each.close()
