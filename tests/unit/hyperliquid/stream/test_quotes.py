"""Prices of the stream: fresh ones only; hints that they have moved, not too many."""

import anyio
import pytest
from scripted_venue import context, until

from nof0_core.errors import TransientError
from nof0_core.ids import Symbol
from nof0_provider_hyperliquid.stream.messages import CONTEXT

pytestmark = pytest.mark.anyio


async def tell(kit, mark, coin="BTC"):
    await kit.venue.now.say(CONTEXT, {"coin": coin, "ctx": context(mark)})
    await until(lambda: kit.stream.quotes._told[coin].context["markPx"] == mark)


@pytest.fixture
async def told(kit):
    """A stream that has told the price of BTC once."""
    kit.stream.quotes.contexts(["BTC"])
    async with kit.running():
        await kit.connected(1)
        await kit.venue.now.say(CONTEXT, {"coin": "BTC", "ctx": context("100.0")})
        await until(lambda: kit.stream.quotes.contexts(["BTC"]))
        yield kit


async def test_prices_come_with_the_moment_they_came(told):
    await told.clock.advance(3)
    found = told.stream.quotes.contexts(["BTC", "ETH"])
    assert set(found) == {"BTC"}
    assert (told.clock.now() - found["BTC"].time).total_seconds() == 3


async def test_older_ones_are_left_out(told):
    await told.clock.advance(5)
    assert told.stream.quotes.contexts(["BTC"])
    await told.clock.advance(0.001)
    assert not told.stream.quotes.contexts(["BTC"])


async def test_prices_of_the_future_are_left_out_when_the_clock_was_set_back(told):
    told.clock.jump(-60)
    assert not told.stream.quotes.contexts(["BTC"])


async def test_a_move_is_a_hint_and_many_are_few(told):
    async with told.stream.updates() as hints:
        await tell(told, "100.05")
        assert hints.statistics().current_buffer_used == 0
        await tell(told, "100.2")
        assert await hints.receive() == Symbol("BTC")
        await tell(told, "101.0")
        await tell(told, "99.0")
        assert hints.statistics().current_buffer_used == 0  # a moment later
        await told.clock.advance(5)
        await tell(told, "99.01")
        assert await hints.receive() == Symbol("BTC")


async def test_hints_nobody_reads_are_let_go(told):
    async with told.stream.updates() as hints:
        for number in range(100):
            await told.clock.advance(5)
            await tell(told, f"{100 + number}.5")
        assert hints.statistics().current_buffer_used == 16


async def test_hints_end_with_the_connection(told):
    async with told.stream.updates() as hints:
        await told.venue.now.drop()
        with pytest.raises(anyio.EndOfStream):
            await hints.receive()
    with pytest.raises(TransientError, match="hl"):
        await told.stream.updates().__aenter__()
    await told.time_until(lambda: len(told.venue.connections) == 2)
    await told.connected(1)
    await tell(told, "100.5")
    async with told.stream.updates():
        pass


async def test_who_stops_listening_harms_nobody(told):
    async with told.stream.updates() as second:
        async with told.stream.updates() as first:
            first.close()
            await tell(told, "102.0")
        assert await second.receive() == Symbol("BTC")


async def test_a_coin_nobody_asks_for_is_given_up(told):
    connection = told.venue.now
    for _ in range(2):
        told.clock.jump(16 * 60)
        told.stream.quotes.contexts(["BTC"])
        await told.time_until(lambda before=connection: told.venue.now not in {None, before})
        connection = await told.connected(1)
    told.clock.jump(31 * 60)
    told.stream.quotes.contexts(["ETH"])
    await told.time_until(lambda: told.venue.now not in {None, connection})
    connection = await told.connected(1)
    assert connection.subscribed == [{"type": CONTEXT, "coin": "ETH"}]


@pytest.mark.parametrize("mark", [None, "", "x", 7, "-1", "0", "NaN", "inf"])
async def test_marks_that_are_none_are_no_hint(told, mark):
    async with told.stream.updates() as hints:
        await told.venue.now.say(CONTEXT, {"coin": "BTC", "ctx": {"markPx": mark}})
        await until(lambda: told.stream.quotes._told["BTC"].context == {"markPx": mark})
        assert hints.statistics().current_buffer_used == 0
        await tell(told, "102.0")
        assert await hints.receive() == Symbol("BTC")
