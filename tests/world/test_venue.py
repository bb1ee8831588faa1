import random
from decimal import Decimal as D

import pytest
from world.clock import WorldClock
from world.loop import live_in, nap
from world.venue import ALL, CAPITAL, WorldVenue

from nof0_core.domain.order import OrderRequest, OrderStatus, Side, Trigger, TriggerKind
from nof0_core.errors import RejectedError
from nof0_core.protocols import Capability
from nof0_core.protocols.capabilities import exchange_faults
from nof0_core.testing.environment import START


def request(number, side, size, price, **more):
    return OrderRequest(
        client_id=f"0x{number:032x}", symbol="BTC", side=side, size=D(size), limit_price=D(price),
        **more,
    )  # fmt: skip


BUY = request(1, Side.BUY, "0.02", 101_000)
SELL = request(2, Side.SELL, "0.05", 99_000, is_reduce_only=True)
STOP = request(
    3, Side.SELL, "0.02", 90_000, is_reduce_only=True,
    trigger=Trigger(kind=TriggerKind.STOP, price=D(99_000)),
)  # fmt: skip


def at_venue(story):
    async def told():
        return await story(WorldVenue(random.Random(1), WorldClock(START)))

    return live_in(1, told)


async def place(venue, *orders, expires_at=None):
    return [o.status for o in await venue.place(orders, expires_at=expires_at)]


def test_a_reduction_closes_what_there_is_and_no_more():
    async def story(venue):
        await place(venue, BUY)
        return await place(venue, SELL), venue.sizes["BTC"], venue.raw

    statuses, left, raw = at_venue(story)
    assert (statuses, left) == ([OrderStatus.PARTLY_FILLED], 0)
    assert raw == CAPITAL - 2 * D("0.02") * 100_000 * D("0.00045")


def test_a_reduction_of_nothing_is_refused():
    assert at_venue(lambda venue: place(venue, SELL)) == [OrderStatus.REJECTED]


def test_a_stop_waits_and_fires_when_the_mark_is_there():
    async def story(venue):
        first = await place(venue, BUY, STOP)
        venue.move("BTC", D(99_500))
        waiting = len((await venue.report()).orders)
        venue.move("BTC", D(98_900))
        return first, waiting, venue.sizes["BTC"], venue.resting()

    first, waiting, left, resting = at_venue(story)
    assert first == [OrderStatus.FILLED, OrderStatus.RESTING]
    assert (waiting, left, resting) == (1, 0, [])


def test_a_price_beyond_the_limit_fills_nothing():
    low = request(4, Side.BUY, "0.02", 99_000)
    assert at_venue(lambda venue: place(venue, low)) == [OrderStatus.CANCELED]


def test_what_was_placed_before_is_not_carried_out_again():
    async def story(venue):
        return await place(venue, BUY), await place(venue, BUY), len(venue.executed)

    assert at_venue(story) == ([OrderStatus.FILLED], [OrderStatus.FILLED], 1)


def test_an_expired_order_is_refused():
    async def story(venue):
        await nap(1)
        return await place(venue, BUY, expires_at=START)

    assert at_venue(story) == [OrderStatus.REJECTED]


def test_moods_refuse_stops_and_leverage():
    async def story(venue):
        venue.refuse_stops = venue.refuse_leverage = True
        with pytest.raises(RejectedError):
            await venue.set_leverage("BTC", 5, None)
        return await place(venue, BUY, STOP)

    assert at_venue(story) == [OrderStatus.FILLED, OrderStatus.REJECTED]


def test_funding_is_paid_on_the_hour_or_is_cash_that_moved():
    async def story(venue):
        await place(venue, BUY)
        await nap(3600)
        venue.pass_time()
        (payment,) = await venue.funding(START)
        return payment

    payment = at_venue(story)
    assert payment.amount == -D("0.02") * 100_000 * D("0.0000125")

    async def without():
        words = ALL - {Capability.FUNDING}
        venue = WorldVenue(random.Random(1), WorldClock(START), words)
        await place(venue, BUY)
        await nap(3600)
        venue.pass_time()
        return venue.moved

    assert live_in(1, without) == [payment.amount]


def test_a_report_implies_the_mark():
    async def story(venue):
        await place(venue, BUY)
        venue.move("BTC", D(101_000))
        (position,) = (await venue.report()).positions
        return position

    position = at_venue(story)
    assert position.entry_price + position.unrealized_pnl / position.quantity == 101_000


@pytest.mark.parametrize("lacking", [set(), *({word} for word in ALL)])
def test_the_words_fit_the_methods(lacking):
    venue = WorldVenue(random.Random(1), WorldClock(START), ALL - lacking)
    assert exchange_faults(venue) == ()
