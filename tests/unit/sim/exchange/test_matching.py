"""Orders that trade at once, with the arithmetic written out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from nof0_core.clock import ScaledClock
from nof0_core.domain.order import OrderStatus, TimeInForce

pytestmark = pytest.mark.anyio

D = Decimal


async def test_buy_pays_slippage_and_taker_fee(open_desk):
    async with open_desk() as desk:
        outcome = await desk.buy("10")
        # 100 x 1.0002 = 100.02; fee 10 x 100.02 x 0.00045 = 0.45009
        assert (outcome.status, outcome.filled_size) == (OrderStatus.FILLED, D(10))
        assert outcome.average_price == D("100.02")
        fill = await desk.last_fill()
        assert (fill.price, fill.fee, fill.is_taker) == (D("100.02"), D("0.45009"), True)
        account = (await desk.exchange.report()).account
        # 10000 - 1000.2 - 0.45009
        assert account.raw_usd == D("8999.34991")
        # + 10 x 100
        assert account.equity == D("9999.34991")
        # 1000 / 20, the venue's default leverage
        assert account.margin_used == D(50)
        assert account.available == D("9949.34991")
        (position,) = list((await desk.exchange.report()).positions)
        assert (position.quantity, position.entry_price) == (D(10), D("100.02"))
        assert position.unrealized_pnl == D("-0.2")
        assert position.liquidation_price is None


async def test_sell_gets_less_and_shorts(open_desk):
    async with open_desk() as desk:
        await desk.sell("10")
        # 100 x 0.9998 = 99.98; fee 0.44991; 10000 + 999.8 - 0.44991
        account = (await desk.exchange.report()).account
        assert account.raw_usd == D("10999.35009")
        assert account.equity == D("9999.35009")
        (position,) = list((await desk.exchange.report()).positions)
        assert (position.quantity, position.entry_price) == (D(-10), D("99.98"))


async def test_fee_is_cut_not_rounded(open_desk):
    async with open_desk() as desk:
        await desk.buy("0.1234")
        # 0.1234 x 100.02 x 0.00045 = 0.0055541106
        assert (await desk.last_fill()).fee == D("0.005554")


async def test_slipped_price_lands_on_a_tick_against_the_trader(open_desk):
    # 101.11 x 1.0002 = 101.130222, the next tick of 0.01 above is 101.14
    async with open_desk((101.11, 101.11, 101.11, 101.11)) as desk:
        await desk.bars()
        assert (await desk.buy("1")).average_price == D("101.14")
        # 101.11 x 0.9998 = 101.089778
        assert (await desk.sell("1")).average_price == D("101.08")


async def test_ioc_beyond_its_limit_is_cancelled_and_leaves_nothing(open_desk):
    async with open_desk() as desk:
        outcome = await desk.buy("1", "100.01")
        assert outcome.status is OrderStatus.CANCELED
        assert outcome.reason == "Order could not immediately match against any resting orders."
        assert list((await desk.exchange.report()).positions) == []
        assert (await desk.buy("1", "100.02")).status is OrderStatus.FILLED


async def test_closing_and_flipping_realise_profit_on_the_closed_part(open_desk):
    async with open_desk((110, 110, 110, 110), slippage_bps=D(0), taker_fee_bps=D(0)) as desk:
        await desk.buy("3")
        await desk.bars()
        await desk.sell("5")
        # 3 x (110 - 100) = 30 realised, short 2 from 110
        (position,) = list((await desk.exchange.report()).positions)
        assert (position.quantity, position.entry_price) == (D(-2), D(110))
        assert (await desk.exchange.report()).account.equity == D(10030)


async def test_adding_averages_the_entry(open_desk):
    async with open_desk((103, 103, 103, 103), slippage_bps=D(0)) as desk:
        await desk.buy("1")
        await desk.bars()
        await desk.buy("2")
        # (100 + 2 x 103) / 3 = 102
        (position,) = list((await desk.exchange.report()).positions)
        assert position.entry_price == D(102)


async def test_cross_liquidation_price_follows_the_formula(open_desk):
    async with open_desk() as desk:
        await desk.buy("1000")
        # equity 10000 - 20 slippage - 45.009 fee = 9934.991; maintenance 100000 / 50 = 2000
        # 100 - (9934.991 - 2000) / 1000 / (1 - 1/50) = 91.90307040816...
        (position,) = list((await desk.exchange.report()).positions)
        assert position.liquidation_price == D("91.9030704082")


async def test_order_is_priced_when_it_arrives_not_when_it_is_sent(open_desk):
    async with open_desk((120, 120, 120, 120)) as desk:
        await desk.clock.sleep_until(desk.clock.now() + timedelta(seconds=59, milliseconds=900))
        # sent 100 ms before the bar closes at 120, arrives 100 ms after: 120 x 1.0002 = 120.024
        outcome = await desk.buy("1")
        assert outcome.average_price == D("120.03")
        fill = await desk.last_fill()
        assert fill.time == desk.clock.now() + timedelta(milliseconds=200)


async def test_without_latency_the_old_price_holds(open_desk):
    async with open_desk((120, 120, 120, 120), latency=timedelta(0)) as desk:
        await desk.clock.sleep_until(desk.clock.now() + timedelta(seconds=59, milliseconds=900))
        assert (await desk.buy("1")).average_price == D("100.02")


async def test_random_latency_depends_on_seed_and_order_alone(open_desk, tmp_path):
    async def times(seed, folder):
        config = {"latency_sigma": 0.647, "seed": seed, "folder": tmp_path / folder}
        async with open_desk(*[(100, 100, 100, 100)] * 9, **config) as desk:
            for _ in range(3):
                await desk.buy("1")
                await desk.bars()
            return [
                fill.time - desk.clock.now()
                for fill in await desk.exchange.fills(desk.clock.now() - timedelta(hours=1))
            ]

    first = await times(1, "a")
    assert first == await times(1, "b")
    assert first != await times(2, "c")
    assert len(set(first)) == 3


async def test_on_a_running_clock_the_order_waits_for_its_arrival(open_desk):
    start = datetime(2025, 7, 16, 12, 0, tzinfo=UTC)
    clock = ScaledClock(start=start, speed=20)
    async with open_desk(clock=clock, latency=timedelta(seconds=1)) as desk:
        sent = clock.now()
        await desk.buy("1")
        assert clock.now() - sent >= timedelta(seconds=1)
        assert sent + timedelta(seconds=1) <= (await desk.last_fill()).time <= clock.now()


async def test_gtc_that_crosses_trades_as_taker(open_desk):
    async with open_desk() as desk:
        outcome = await desk.rest("buy", "1", "101")
        assert (outcome.status, outcome.average_price) == (OrderStatus.FILLED, D("100.02"))


async def test_resting_buy_fills_as_maker_only_when_the_price_goes_through_it(open_desk):
    async with open_desk((99, 100, 98, 99), (99, 99, 97.99, 99)) as desk:
        outcome = await desk.rest("buy", "10", "98")
        assert outcome.status is OrderStatus.RESTING
        # while it rests, 10 x 98 / 20 is held back
        assert (await desk.exchange.report()).account.available == D(9951)
        await desk.bars()
        assert (await desk.order(outcome)).status is OrderStatus.RESTING
        await desk.bars()
        fill = await desk.last_fill()
        # 10 x 98 x 0.00015 = 0.147
        assert (fill.price, fill.fee, fill.is_taker) == (D(98), D("0.147"), False)


async def test_resting_sell_fills_when_the_high_goes_through_it(open_desk):
    async with open_desk((101, 102.01, 101, 101)) as desk:
        outcome = await desk.rest("sell", "1", "102", tif=TimeInForce.ALO)
        await desk.bars()
        assert (await desk.order(outcome)).average_price == D(102)


async def test_resting_order_the_account_can_no_longer_bear_is_cancelled(open_desk):
    async with open_desk((100, 100, 97, 97)) as desk:
        # 9000 of 10000 USD margin for the long, 735 for the bid; at 97 the long has lost 5400
        await desk.buy("1800")
        bid = await desk.rest("buy", "150", "98")
        assert bid.status is OrderStatus.RESTING
        await desk.bars()
        found = await desk.order(bid)
        assert (found.status, found.reason) == (OrderStatus.CANCELED, "marginCanceled")


async def test_same_client_id_again_tells_where_the_order_stands(open_desk):
    async with open_desk((99, 99, 97, 99)) as desk:
        request = desk.request("buy", "1", "98", tif=TimeInForce.GTC)
        (first,) = await desk.exchange.place([request], expires_at=None)
        assert first.status is OrderStatus.RESTING
        await desk.bars()
        (again,) = await desk.exchange.place([request], expires_at=None)
        assert (again.venue_order_id, again.status) == (first.venue_order_id, OrderStatus.FILLED)
        assert len(await desk.exchange.fills(desk.clock.now() - timedelta(hours=1))) == 1


async def test_cancelled_order_never_fills(open_desk):
    async with open_desk((99, 99, 97, 99)) as desk:
        outcome = await desk.rest("buy", "1", "98")
        (cancelled,) = await desk.exchange.cancel([outcome.client_id])
        assert (cancelled.status, cancelled.reason) == (OrderStatus.CANCELED, "")
        await desk.bars()
        assert list((await desk.exchange.report()).positions) == []
