"""Closed bars out of a live stream: proven, repaired, fetched once for all, given up when idle."""

import anyio
import anyio.lowlevel
import attrs
import numpy as np
import pytest
from scripted_venue import candle, turns, until

from nof0_core.domain.candles import Candles, Interval, to_ms
from nof0_core.errors import TransientError
from nof0_provider_hyperliquid.stream.messages import CANDLE, Bar, Subscription
from nof0_provider_hyperliquid.transport.windows import Priority

pytestmark = pytest.mark.anyio

LENGTH = 180_000
M3 = Interval("3m")
KEY = Subscription(CANDLE, "BTC", "3m")


def candles(bars):
    names = ("open_time", "open", "high", "low", "close", "volume")
    columns = zip(*map(attrs.astuple, bars), strict=True)
    return Candles(interval=M3, **dict(zip(names, map(np.array, columns), strict=True)))


class Coin:
    """BTC at the venue: its bars, told to the stream as far as it listens."""

    def __init__(self, kit):
        self.kit = kit
        self.opened = to_ms(kit.clock.now()) - 3 * LENGTH
        self.bars = [self.made(number) for number in range(3)]
        self.kit.rest["BTC"] = self.bars

    def made(self, number, volume=5.0):
        return Bar(self.opened + number * LENGTH, 100.0, 101.0, 99.0, 100.5, volume)

    @property
    def now(self):
        return self.kit.clock.now()

    async def trade(self, volume=1.0):
        """Somebody trades now; the stream is told."""
        number = (to_ms(self.now) - self.opened) // LENGTH
        for missing in range(len(self.bars), number + 1):
            self.bars.append(self.made(missing, 0.0))
        self.bars[-1] = attrs.evolve(self.bars[-1], volume=self.bars[-1].volume + volume)
        connection = self.kit.venue.now
        if connection is not None and KEY.wire in connection.subscribed:
            await connection.say(CANDLE, candle("BTC", "3m", self.bars[-1]))
            await until(lambda: self.series._open == self.bars[-1])

    @property
    def series(self):
        return self.kit.stream.bars._kept[KEY].series

    async def ask(self, limit=3):
        return await self.kit.stream.bars.bars("BTC", M3, self.now, limit)

    async def begun(self, limit=3):
        """Ask for the first time, and of REST what the stream does not know yet."""
        assert await self.ask(limit) is None
        closed = [bar for bar in self.bars if bar.open_time + LENGTH <= to_ms(self.now)]
        self.kit.stream.bars.begin("BTC", candles(closed[-limit:]), self.now, limit)
        await self.kit.connected(1)

    def closed(self, limit=3):
        return candles([b for b in self.bars if b.open_time + LENGTH <= to_ms(self.now)][-limit:])

    async def live(self, seconds, step=5):
        """Let time pass with a trade now and then."""
        for _ in range(int(seconds / step)):
            await self.kit.clock.advance(step)
            await self.trade()


@pytest.fixture
def coin(kit):
    return Coin(kit)


async def asked_for(coin, limit=3):
    """Ask in a task of its own; the list has the answer once there is one."""
    answers = []

    async def ask():
        answers.append(await coin.ask(limit))

    return answers, ask


async def test_with_a_stream_a_bar_costs_one_small_request_for_all_who_ask(kit, coin):
    async with kit.running():
        await coin.begun()
        for number in range(5):
            await coin.live(180)
            answers, ask = await asked_for(coin)
            async with anyio.create_task_group() as tasks:
                for _ in range(10):
                    tasks.start_soon(ask)
            assert answers == 10 * [coin.closed()]
            assert len(kit.fetched) == number + 1
        assert all(last - first < 2 * LENGTH for _, _, first, last in kit.fetched)


async def test_where_the_budget_is_short_bars_of_the_stream_cost_nothing(kit, coin):
    async with kit.running(), kit.budget.spend(450, Priority.READS):
        await coin.begun()
        for _ in range(5):
            await coin.live(180)
            assert await coin.ask() == coin.closed()
        assert kit.fetched == []


async def test_a_bar_whose_last_message_was_lost_is_right_at_its_end(kit, coin):
    async with kit.running():
        await coin.begun()
        await coin.live(175)
        # Somebody trades, and the stream does not tell.
        coin.bars[-1] = attrs.evolve(coin.bars[-1], volume=77.0, close=100.75)
        await coin.live(5)
        assert await coin.ask() == coin.closed()
        assert [line[1] for line in kit.log.lines if line[0] == "warning"]


async def test_one_that_cannot_be_compared_at_once_is_right_by_the_next(kit, coin, monkeypatch):
    async with kit.running():
        await coin.begun()
        await coin.live(175)
        told = coin.bars[-1]
        coin.bars[-1] = attrs.evolve(told, volume=77.0)
        await coin.live(5)
        good, tries = kit.stream.bars._fetch, []

        async def fail(*_):
            tries.append(1)
            message = "HTTP 502"
            raise TransientError(message)

        monkeypatch.setattr(kit.stream.bars, "_fetch", fail)
        for _ in range(3):
            assert (await coin.ask()).volume[-1] == told.volume
        assert tries == [1], "not asked again and again"
        monkeypatch.setattr(kit.stream.bars, "_fetch", good)
        await coin.live(180)
        assert await coin.ask() is None  # it differs: it is polled
        kit.stream.bars._kept[KEY].distrusted = None
        assert await coin.ask() == coin.closed()


async def test_a_venue_that_does_not_answer_keeps_nobody_waiting(kit, coin, monkeypatch):
    async with kit.running(), anyio.create_task_group() as tasks:
        await coin.begun()
        await coin.live(180)

        async def hang(*_):
            await anyio.sleep_forever()

        monkeypatch.setattr(kit.stream.bars, "_fetch", hang)
        answers, ask = await asked_for(coin)
        tasks.start_soon(ask)
        await turns()
        assert answers == []
        await kit.clock.advance(2)
        await until(lambda: answers)
        assert answers == [coin.closed()]


async def test_the_next_bar_is_waited_for_at_the_close(kit, coin):
    async with kit.running(), anyio.create_task_group() as tasks:
        await coin.begun()
        await coin.live(175)
        await kit.clock.advance(5)
        answers, ask = await asked_for(coin)
        tasks.start_soon(ask)
        await turns()
        assert answers == []  # nothing proves the bar
        await kit.clock.advance(1)
        await coin.trade()
        await until(lambda: answers)
        assert answers == [coin.closed()]
        assert len(kit.fetched) == 1


async def test_where_no_next_bar_comes_rest_is_asked_for_the_gap_and_then_for_all(kit, coin):
    async with kit.running(), anyio.create_task_group() as tasks:
        await coin.begun()
        await coin.live(175)
        await kit.clock.advance(5)
        answers, ask = await asked_for(coin)
        tasks.start_soon(ask)
        await turns()
        await kit.clock.advance(2)
        await until(lambda: answers)
        assert answers == [None]
        assert kit.fetched == [
            ("BTC", "3m", coin.bars[3].open_time, coin.bars[3].open_time + 2 * LENGTH - 1)
        ]


async def test_who_waits_is_told_at_once_when_the_connection_is_lost(kit, coin):
    async with kit.running(), anyio.create_task_group() as tasks:
        await coin.begun()
        await coin.live(175)
        await kit.clock.advance(5)
        answers, ask = await asked_for(coin)
        tasks.start_soon(ask)
        await turns()
        await kit.venue.now.drop()
        await until(lambda: answers)
        assert answers == [None]


async def test_a_message_that_cannot_be_read_may_have_been_the_last_of_a_bar(kit, coin):
    async with kit.running():
        await coin.begun()
        await coin.live(175)
        told, coin.bars[3] = coin.bars[3], attrs.evolve(coin.bars[3], volume=88.0)
        await kit.venue.now.raw('{"channel":"candle","data":{"t":')
        await until(lambda: coin.series._open != told)
        kit.clock.jump(8)
        await coin.trade()
        assert await coin.ask() == coin.closed()
        assert len(kit.fetched) == 1


async def test_a_drop_while_a_bar_is_open_costs_one_request_for_all(kit, coin):
    async with kit.running(), anyio.create_task_group() as tasks:
        await coin.begun()
        await coin.live(90)
        await kit.venue.now.drop()
        assert await coin.ask() is None  # polled for as long as there is no stream
        kit.clock.jump(60)
        await coin.trade(7.0)
        await kit.time_until(lambda: kit.venue.now is not None)
        await kit.connected(1)
        kit.clock.jump(50)
        await coin.trade()
        answers, ask = await asked_for(coin)
        for _ in range(10):
            tasks.start_soon(ask)
        await until(lambda: len(answers) == 10)
        assert answers == 10 * [coin.closed()]
        assert len(kit.fetched) == 1


async def test_many_bars_missed_are_fetched_in_one_request(kit, coin):
    async with kit.running():
        await coin.begun()
        await coin.live(180)
        kit.venue.refuse = 502
        await kit.venue.now.drop()
        for _ in range(20):
            kit.clock.jump(180)
            await coin.trade(2.0)
        kit.venue.refuse = None
        await kit.time_until(lambda: kit.venue.now is not None)
        await kit.connected(1)
        await coin.trade()
        assert await coin.ask(23) == coin.closed(23)
        assert await coin.ask() == coin.closed()
        assert await coin.ask(30) is None  # more than anybody asked for before
        # One for the bar of before the drop, which only the stream had said.
        assert len(kit.fetched) == 2


async def test_a_request_that_fails_is_the_callers_and_the_next_one_works(kit, coin, monkeypatch):
    async with kit.running():
        await coin.begun()
        await coin.live(90)
        await kit.venue.now.drop()
        await kit.time_until(lambda: kit.venue.now is not None)
        await kit.connected(1)
        kit.clock.jump(95)  # its last seconds were silent
        await coin.trade()
        good = kit.stream.bars._fetch

        async def fail(*_):
            message = "HTTP 502"
            raise TransientError(message)

        monkeypatch.setattr(kit.stream.bars, "_fetch", fail)
        with pytest.raises(TransientError, match="502"):
            await coin.ask()
        monkeypatch.setattr(kit.stream.bars, "_fetch", good)
        assert await coin.ask() == coin.closed()


async def test_one_who_is_cancelled_leaves_the_request_to_the_next(kit, coin, monkeypatch):
    async with kit.running(), anyio.create_task_group() as tasks:
        await coin.begun()
        await coin.live(90)
        await kit.venue.now.drop()
        await kit.time_until(lambda: kit.venue.now is not None)
        await kit.connected(1)
        kit.clock.jump(95)  # its last seconds were silent
        await coin.trade()
        good, held = kit.stream.bars._fetch, anyio.Event()

        async def hang(*asked):
            if not held.is_set():
                held.set()
                await anyio.sleep_forever()
            return await good(*asked)

        monkeypatch.setattr(kit.stream.bars, "_fetch", hang)
        with anyio.CancelScope() as scope:
            tasks.start_soon(_cancel_after, held, scope)
            await coin.ask()
        assert scope.cancelled_caught
        assert await coin.ask() == coin.closed()


async def _cancel_after(event, scope):
    await event.wait()
    scope.cancel()


async def test_what_rest_contradicts_is_told(kit, coin):
    async with kit.running():
        await coin.begun()
        await coin.live(180)
        assert await coin.ask() == coin.closed()
        # The stream says more of a closed bar, so it is asked for; REST has yet another one.
        coin.bars[3] = attrs.evolve(coin.bars[3], volume=99.0)
        connection = kit.venue.now
        told = attrs.evolve(coin.bars[3], volume=98.0)
        await connection.say(CANDLE, candle("BTC", "3m", told))
        await until(lambda: coin.bars[3].open_time not in coin.series._proven)
        assert len(kit.fetched) == 1
        assert await coin.ask() == coin.closed()
        assert len(kit.fetched) == 2


async def test_where_the_budget_is_short_bars_are_compared_now_and_then(kit, coin):
    async with kit.running(), kit.budget.spend(450, Priority.READS):
        await coin.begun()
        for _ in range(42):
            await coin.live(180, step=9)
            assert await coin.ask() == coin.closed()
        assert len(kit.fetched) == 2
        assert not [line for line in kit.log.lines if line[0] == "warning"]


async def test_a_stream_that_leaves_out_messages_is_found_out_and_left_for_a_while(kit, coin):
    async with kit.running(), kit.budget.spend(450, Priority.READS):
        await coin.begun()
        for _ in range(10):
            await coin.live(180, step=9)
        # The last trade of a bar is never told.
        coin.bars[-2] = attrs.evolve(coin.bars[-2], volume=77.0)
        for _ in range(12):
            await coin.live(180, step=9)
        assert await coin.ask() is None
        assert [line[1] for line in kit.log.lines if line[0] == "warning"]
        for _ in range(21):
            await coin.live(180, step=9)
        closed = coin.closed(30)
        assert await coin.ask() == coin.closed()
        kit.stream.bars.begin("BTC", closed, coin.now, 30)
        assert await coin.ask(30) == closed


async def test_what_nobody_asks_for_any_more_is_given_up(kit, coin):
    async with kit.running():
        await coin.begun()
        kit.clock.jump(2 * 3600)
        await kit.time_until(lambda: len(kit.venue.connections) == 2)  # it was silent meanwhile
        connection = await kit.connected(1)
        assert await kit.stream.bars.bars("ETH", M3, kit.clock.now(), 3) is None
        await until(
            lambda: connection.subscribed == [{"type": CANDLE, "coin": "ETH", "interval": "3m"}]
        )


async def test_what_cannot_be_kept_is_polled(kit, coin):
    assert await kit.stream.bars.bars("BTC", Interval("1M"), kit.clock.now(), 3) is None
    assert await kit.stream.bars.bars("BTC", M3, kit.clock.now(), 5_000) is None
    for number in range(300):
        await kit.stream.bars.bars(f"C{number}", M3, kit.clock.now(), 3)
    assert len(kit.stream.bars._kept) == 200
    assert kit.budget.subscriptions == 200
