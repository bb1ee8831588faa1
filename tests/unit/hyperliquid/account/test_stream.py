"""News of an account over a real websocket: hints, and what becomes of them when it breaks."""

from __future__ import annotations

import json
import random
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from decimal import Decimal

import anyio
import pytest

from nof0_core.clock import pause
from nof0_core.domain.health import Health
from nof0_core.testing.environment import Lines
from nof0_provider_hyperliquid.account.news import AccountNews
from nof0_provider_hyperliquid.account.stream import UserStream
from nof0_provider_hyperliquid.rehearsal.faults import Harm
from nof0_provider_hyperliquid.rehearsal.venue import Venue
from nof0_provider_hyperliquid.stream.messages import EVENTS, FILLS, ORDERS, UserSeen, read
from nof0_provider_hyperliquid.transport.budget import NetworkBudget
from nof0_provider_hyperliquid.transport.windows import Priority

pytestmark = pytest.mark.anyio
USER = "0x" + "ab" * 20
PATIENCE = 20
SECOND = timedelta(seconds=1)


class Listening:
    def __init__(self, venue):
        self.venue = venue
        self.log = Lines()
        self.budget = NetworkBudget("net", clock=venue.clock, alert=lambda *_: None)
        self.started = 0
        self.news = AccountNews()
        self.stream = UserStream(
            base_url=venue.base_url,
            user=USER.upper().replace("X", "x"),
            dex="",
            clock=venue.clock,
            rng=random.Random(3),
            log=self.log,
            news=self.news,
            budget=self.budget,
            start=self._start,
        )

    def _start(self):
        self.started += 1
        self.tasks.start_soon(self.stream.run)

    @asynccontextmanager
    async def running(self):
        async with anyio.create_task_group() as self.tasks:
            yield self
            self.stream.close()
            self.tasks.cancel_scope.cancel()

    async def until(self, condition):
        """Let the venue's time pass until something is so."""
        with anyio.fail_after(PATIENCE):
            while not condition():
                await self.venue.advance(SECOND)
                await pause(0.005)


@pytest.fixture
async def here(anyio_backend):
    async with Venue.open() as venue:
        venue.exchange.open_account(USER, Decimal(100_000), mode="default")
        async with Listening(venue).running() as listening:
            yield listening


async def next_update(updates):
    with anyio.fail_after(PATIENCE):
        return await updates.receive()


async def collect(updates, found):
    """Keep what is told until the stream ends."""
    with suppress(anyio.ClosedResourceError):
        while True:
            found.append(await updates.receive())


async def ended(updates):
    """Read what is left; the stream must end."""
    with anyio.fail_after(PATIENCE):
        async for _ in updates:
            pass


async def test_nothing_is_connected_before_somebody_listens_and_then_once(here):
    await here.venue.advance(3 * SECOND)
    assert here.started == 0
    assert not here.venue.sockets.clients
    for _ in range(2):
        async with here.stream.updates() as updates:
            assert (await next_update(updates)).symbol is None
    assert here.started == 1
    [client] = here.venue.sockets.clients
    assert {each.type for each in client.subscriptions} == {ORDERS, FILLS, EVENTS}
    assert {each.user for each in client.subscriptions} == {USER}
    assert here.stream.health() == (Health.OK, "")


async def test_what_happens_to_the_account_is_told_with_its_coin(here):
    async with here.stream.updates() as updates:
        await next_update(updates)
        here.venue.exchange.outsiders.trade(USER, "ETH", Decimal(1))
        here.venue._acted(here.venue.now_ms())
        here.venue.step()
        found = []
        here.tasks.start_soon(collect, updates, found)
        await here.until(lambda: any(told.symbol for told in found))
        told = found[-1]
        assert told.symbol == "ETH"
        assert told.time <= here.venue.clock.now()


async def test_a_lost_connection_ends_the_stream_and_the_next_one_begins_with_an_update(here):
    """HYPERLIQUID §11.4 (14): what happened in the gap is not sent again, so somebody must look."""
    async with here.stream.updates() as updates:
        await next_update(updates)
        here.venue.sockets.drop()
        await ended(updates)
    here.venue.exchange.outsiders.trade(USER, "ETH", Decimal(1))
    found = []

    async def listen_again():
        async with here.stream.updates() as updates:
            found.append(await next_update(updates))

    here.tasks.start_soon(listen_again)
    await here.until(lambda: found)
    assert found[0].symbol is None
    assert len(here.venue.audit.connections) == 2


async def test_a_quiet_account_keeps_its_connection_and_is_well(here):
    """Nothing may happen for hours: silence of the account is none of the connection."""
    async with here.stream.updates() as updates:
        await next_update(updates)
        for _ in range(30):
            await here.venue.advance(5 * SECOND)
            await pause(0.02)
        assert len(here.venue.audit.connections) == 1
        assert here.stream.health() == (Health.OK, "")


async def test_a_venue_that_has_gone_silent_without_closing_is_left_and_told(here):
    """HYPERLIQUID §11.7: a stream silent for 120 s that nobody closed."""
    async with here.stream.updates() as updates:
        await next_update(updates)
        here.venue.sockets.is_muted = True
        await here.until(lambda: len(here.venue.audit.connections) >= 2)
        await ended(updates)
    await here.until(lambda: here.stream.health()[0] is Health.DEGRADED)
    assert "the venue is polled" in here.stream.health()[1]
    here.venue.sockets.is_muted = False
    await here.until(lambda: here.stream.health()[0] is Health.OK)


async def test_a_message_nobody_can_read_is_an_update_too(here):
    async with here.stream.updates() as updates:
        await next_update(updates)
        here.venue.faults.add(Harm.UNREADABLE, FILLS, ORDERS, EVENTS, times=3)
        here.venue.exchange.outsiders.trade(USER, "ETH", Decimal(1))
        here.venue._acted(here.venue.now_ms())
        here.venue.step()
        await here.until(lambda: updates.statistics().current_buffer_used)
        assert (await next_update(updates)).symbol is None


async def test_what_nobody_expected_makes_looks_urgent_and_what_an_answer_told_does_not(here):
    async with here.stream.updates() as updates:
        await next_update(updates)
        here.news.seen(here.news.begin())
        for status, urgency in (("open", Priority.STATE), ("canceled", Priority.NEWS)):
            text = json.dumps(
                {
                    "channel": "orderUpdates",
                    "data": [{"order": {"coin": "ETH", "cloid": "0x1"}, "status": status}],
                }
            )
            here.stream.took(read(text), here.venue.clock.now())
            assert here.news.urgency() is urgency


async def test_a_flood_is_no_more_than_something_to_look_at(here):
    async with here.stream.updates() as updates:
        await next_update(updates)
        for _ in range(200):
            here.venue.exchange.outsiders.trade(USER, "DOGE", Decimal(100))
        here.venue._acted(here.venue.now_ms())
        here.venue.step()
        found = []
        here.tasks.start_soon(collect, updates, found)
        for _ in range(20):
            await here.venue.advance(SECOND)
            await pause(0.02)
        # 600 messages in 20 s: one update at the beginning, one at once, and no more than one each
        # second.
        assert 2 <= len(found) <= 22


async def test_closing_ends_what_is_open(here):
    async with here.stream.updates() as updates:
        await next_update(updates)
        here.stream.close()
        await ended(updates)


@pytest.mark.parametrize(
    ("text", "kind", "happened"),
    [
        ('{"channel":"user","data":{"nonUserCancel":[{"coin":"BTC","oid":3}]}}', EVENTS, ("BTC",)),
        ('{"channel":"user","data":{"liquidation":{"lid":1}}}', EVENTS, (None,)),
        ('{"channel":"user","data":{"somethingNew":7}}', EVENTS, (None,)),
        ('{"channel":"orderUpdates","data":[{"order":{"coin":"ETH"}},3]}', ORDERS, ("ETH",)),
        ('{"channel":"userFills","data":{"fills":[{"coin":"@107"}]}}', FILLS, ("@107",)),
        (
            '{"channel":"userFills","data":{"isSnapshot":true,"fills":[{"coin":"A"}]}}',
            FILLS,
            (None,),
        ),
        ('{"channel":"userFills","data":null}', FILLS, (None,)),
    ],
)
async def test_messages_of_any_form_are_hints(text, kind, happened):
    found = read(text)
    assert isinstance(found, UserSeen)
    assert found.subscription.type == kind
    assert tuple(each.coin for each in found.happened) == happened


@pytest.mark.parametrize(
    ("text", "is_expected"),
    [
        ('{"channel":"orderUpdates","data":[{"order":{"cloid":"0x1"},"status":"open"}]}', True),
        ('{"channel":"orderUpdates","data":[{"order":{"cloid":"0x1"},"status":"filled"}]}', True),
        (
            '{"channel":"orderUpdates","data":[{"order":{"cloid":"0x1"},"status":"canceled"}]}',
            False,
        ),
        (
            '{"channel":"orderUpdates","data":[{"order":{"cloid":"0x1"},"status":"new word"}]}',
            False,
        ),
        ('{"channel":"orderUpdates","data":[{"order":{"cloid":null},"status":"open"}]}', False),
        ('{"channel":"orderUpdates","data":[{"order":3,"status":"open"}]}', False),
        ('{"channel":"userFills","data":{"user":"0x2","fills":[{"cloid":"0x1"}]}}', True),
        ('{"channel":"userFills","data":{"user":"0x2","fills":[{"coin":"BTC"}]}}', False),
        ('{"channel":"userFills","data":{"isSnapshot":true,"fills":[{"coin":"BTC"}]}}', True),
        ('{"channel":"user","data":{"nonUserCancel":[{"coin":"BTC","oid":3}]}}', False),
        ('{"channel":"user","data":{"liquidation":{"lid":1}}}', False),
        ('{"channel":"userFills","data":null}', False),
    ],
)
async def test_what_the_answer_to_an_order_told_is_expected_and_nothing_else(text, is_expected):
    found = read(text)
    assert isinstance(found, UserSeen)
    assert all(each.is_expected for each in found.happened) is is_expected
