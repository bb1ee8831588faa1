"""Takers behind a live market that shows its order book. ETH at 2,500, tick 0.1, lot 0.0001."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from decimal import Decimal as D
from functools import partial
from operator import itemgetter
from pathlib import Path

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nof0_core.clock import SimulatedClock
from nof0_core.domain.order import (
    OrderRequest,
    OrderStatus,
    Side,
    TimeInForce,
    Trigger,
    TriggerKind,
)
from nof0_core.errors import TransientError
from nof0_core.testing.environment import START, Lines
from nof0_core.testing.environment import env as make_env
from nof0_core.testing.market import HandMarket
from nof0_provider_sim import plugin
from nof0_provider_sim.config import FaultRules, ImpactRules, ScriptedFault, SimExchangeConfig

pytestmark = pytest.mark.anyio

BIDS = [("2499", "2"), ("2498", "3"), ("2490", "10")]
ASKS = [("2501", "1"), ("2502", "2"), ("2510", "10")]
SETTINGS = {
    "impact": ImpactRules(major_bps=D(0), other_bps=D(0)),
    "latency": timedelta(0),
    "initial_balance_usd": D(100_000),
}
RECORDED = Path(__file__).parents[3] / "data/depth/btc_book25_20200901.jsonl"


class Watched(HandMarket):
    """Counts calls for books, and fails them when told so."""

    asked = 0
    error: Exception | None = None

    async def books(self, symbols):
        self.asked += 1
        if self.error is not None:
            raise self.error
        return await super().books(symbols)


@attrs.define(kw_only=True)
class Stall:
    """An open paper exchange and the market behind it; order ids count up."""

    exchange: object
    market: Watched
    clock: SimulatedClock
    log: Lines
    placed: int = 0

    async def send(self, side, size, limit, symbol="ETH", **changes):
        self.placed += 1
        request = OrderRequest(
            client_id=f"0x{self.placed}",
            symbol=symbol,
            side=Side(side),
            size=D(size),
            limit_price=D(limit),
            **changes,
        )
        return (await self.exchange.place([request], expires_at=None))[0]

    def show(self, bids=BIDS, asks=ASKS):
        self.market.set_book("ETH", bids=bids, asks=asks)

    async def wait(self, **length):
        await self.clock.sleep_until(self.clock.now() + timedelta(**length))

    def told(self):
        return [event for level, event, _ in self.log.lines if level == "warning"]


@asynccontextmanager
async def _stall(folder, **config):
    clock, log = SimulatedClock(START), Lines()
    market = Watched(clock)
    (kind,) = plugin.nof0_exchange_providers()
    env = make_env(clock=clock, data_dir=folder, markets={"m": market}, log=log)
    made_config = SimExchangeConfig(**SETTINGS | config)
    async with env as made, kind.open(made_config, made) as exchange:
        yield Stall(exchange=exchange, market=market, clock=clock, log=log)


@pytest.fixture
def open_stall(tmp_path):
    return partial(_stall, tmp_path)


async def test_a_taker_climbs_the_present_book_at_its_own_prices(open_stall):
    async with open_stall() as stall:
        stall.show()
        # the mark is 2500, but what stands there is dearer: 1 at 2501, 2 at 2502, 1 at 2510
        bought = await stall.send("buy", "4", "2600")
        assert (bought.status, bought.average_price) == (OrderStatus.FILLED, D("2503.75"))
        # 2 at 2499, 3 at 2498
        sold = await stall.send("sell", "5", "2400")
        assert sold.average_price == D("2498.4")
        assert stall.told() == []


async def test_what_is_left_in_the_book_within_the_limit_is_all_that_fills(open_stall):
    async with open_stall() as stall:
        stall.show()
        first = await stall.send("buy", "4", "2502")
        assert (first.status, first.filled_size) == (OrderStatus.PARTLY_FILLED, 3)
        again = await stall.send("buy", "4", "2502")
        assert (again.status, again.filled_size) == (OrderStatus.CANCELED, 0)
        beyond = await stall.send("buy", "14", "2600")
        assert (beyond.status, beyond.filled_size) == (OrderStatus.PARTLY_FILLED, 10)
        await stall.wait(seconds=1)
        stall.show()
        # a newer book holds everything again: the venue never saw our orders
        fresh = await stall.send("buy", "1", "2501")
        assert (fresh.status, fresh.average_price) == (OrderStatus.FILLED, 2501)


async def test_post_only_is_judged_by_the_best_prices_of_the_book(open_stall):
    async with open_stall() as stall:
        stall.show()
        refused = await stall.send("buy", "1", "2501", tif=TimeInForce.ALO)
        assert refused.reason == (
            "Post only order would have immediately matched, bbo was 2499@2501."
        )
        assert (await stall.send("buy", "1", "2500.9", tif=TimeInForce.ALO)).status is (
            OrderStatus.RESTING
        )


async def test_a_side_on_which_nobody_stands_fills_nothing(open_stall):
    async with open_stall() as stall:
        stall.show(asks=[])
        nobody = await stall.send("buy", "1", "2600")
        assert (nobody.status, nobody.filled_size) == (OrderStatus.CANCELED, 0)
        assert (await stall.send("buy", "1", "2600", tif=TimeInForce.ALO)).status is (
            OrderStatus.RESTING
        )


async def test_an_old_book_gives_way_to_the_formula(open_stall):
    async with open_stall(book_max_age=timedelta(seconds=2)) as stall:
        stall.show()
        await stall.wait(seconds=2)
        assert (await stall.send("buy", "1", "2600")).average_price == 2501
        await stall.wait(milliseconds=1)
        # 2500 x 1.0002 = 2500.5
        assert (await stall.send("buy", "1", "2600")).average_price == D("2500.5")
        assert stall.told() == ["order book is old, filled by formula"]


async def test_a_coin_without_a_book_uses_the_formula_and_nothing_is_said(open_stall):
    async with open_stall() as stall:
        stall.show()
        # 100000 x 1.0002
        outcome = await stall.send("buy", "0.1", "110000", symbol="BTC")
        assert outcome.average_price == D(100_020)
        assert stall.told() == []


async def test_a_market_that_cannot_tell_its_book_holds_no_order_up(open_stall):
    async with open_stall() as stall:
        stall.show()
        await stall.send("buy", "1", "2600")
        stall.market.error = TransientError("HTTP 502")
        # not the book of before either
        assert (await stall.send("buy", "1", "2600")).average_price == D("2500.5")
        assert stall.told() == ["no order books, filled by formula"]


async def test_zero_age_never_asks_for_a_book(open_stall):
    async with open_stall(book_max_age=timedelta(0)) as stall:
        stall.show()
        assert (await stall.send("buy", "1", "2600")).average_price == D("2500.5")
        assert stall.market.asked == 0


async def test_a_stop_that_fires_sells_into_the_book_of_that_moment(open_stall):
    async with open_stall() as stall:
        stall.show()
        await stall.send("buy", "3", "2600")
        trigger = Trigger(kind=TriggerKind.STOP, price=D(2400))
        await stall.send("sell", "3", "2200", is_reduce_only=True, trigger=trigger)
        asked = stall.market.asked
        await stall.wait(minutes=1)
        await stall.exchange.accept_marks(await stall.market.quotes(["ETH"]))
        # nothing is about to trade: no book is needed
        assert stall.market.asked == asked
        stall.market.set("ETH", "2399")
        stall.show(bids=[("2398", "1"), ("2390", "9")], asks=[("2400", "9")])
        await stall.exchange.accept_marks(await stall.market.quotes(["ETH"]))
        sold = [(f.price, f.size) for f in await stall.exchange.fills(START)][-2:]
        assert sold == [(2398, 1), (2390, 2)]
        assert list((await stall.exchange.report()).positions) == []


async def test_a_liquidation_sells_into_the_book_of_that_moment(open_stall):
    async with open_stall(initial_balance_usd=D(1000), taker_fee_bps=D(0)) as stall:
        stall.show(asks=[("2500", "9")])
        await stall.send("buy", "5", "2600")
        await stall.wait(minutes=1)
        # 1000 - 5 x 168 = 160 USD against 2 % of 11,660 = 233.2; two thirds of that are 155.47
        stall.market.set("ETH", "2332")
        stall.show(bids=[("2331", "2"), ("2330", "9")], asks=[("2333", "9")])
        await stall.exchange.accept_marks(await stall.market.quotes(["ETH"]))
        closed = [(f.price, f.size) for f in await stall.exchange.fills(START) if f.is_liquidation]
        assert closed == [(2331, 2), (2330, 3)]
        # 1000 - 2 x 169 - 3 x 170
        assert (await stall.exchange.report()).account.equity == 152


async def test_a_mark_that_stands_still_has_no_book(open_stall):
    # the first five minutes of the day
    script = (ScriptedFault(fault="stale_mark", nth=1),)
    async with open_stall(faults=FaultRules(script=script)) as stall:
        stall.show()
        assert (await stall.send("buy", "1", "2600")).average_price == D("2500.5")
        assert stall.market.asked == 0


async def test_a_live_book_comes_before_a_recorded_one_and_that_before_the_formula(open_stall):
    async with open_stall(depth=RECORDED) as stall:
        stall.market.set_book("BTC", bids=[("99990", "1")], asks=[("100123", "1")])
        live = await stall.send("buy", "0.1", "110000", symbol="BTC")
        assert live.average_price == 100_123
        await stall.wait(seconds=6)
        recorded = await stall.send("buy", "0.1", "110000", symbol="BTC")
        # one tick above the mark, in a book of a market that was liquid
        assert recorded.average_price == 100_001


levels = st.lists(
    st.tuples(st.integers(1, 400), st.integers(1, 90_000)),
    min_size=1,
    max_size=20,
    unique_by=itemgetter(0),
)
takers = st.lists(
    st.tuples(st.sampled_from(["buy", "sell"]), st.integers(40, 200_000), st.integers(-50, 450)),
    min_size=1,
    max_size=8,
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(bids=levels, asks=levels, orders=takers)
async def test_no_level_gives_more_than_stands_there_and_none_beyond_the_limit(
    tmp_path_factory, bids, asks, orders
):
    """Prices are tenths of a dollar away from 2,500, sizes in lots of 0.0001 coins."""
    below = [(str(2500 - D(n) / 10), str(D(lots) / 10_000)) for n, lots in sorted(bids)]
    above = [(str(2500 + D(n) / 10), str(D(lots) / 10_000)) for n, lots in sorted(asks)]
    async with _stall(tmp_path_factory.mktemp("stall"), initial_balance_usd=D(10**7)) as stall:
        stall.show(bids=below, asks=above)
        left = {("buy", D(p)): D(s) for p, s in above} | {("sell", D(p)): D(s) for p, s in below}
        for side, lots, away in orders:
            size, sign = D(lots) / 10_000, 1 if side == "buy" else -1
            limit = 2500 + sign * D(away) / 10
            outcome = await stall.send(side, size, limit)
            fills = [f for f in await stall.exchange.fills(START) if f.side is Side(side)]
            mine = [f for f in fills if f.client_id == outcome.client_id]
            for fill in mine:
                left[side, fill.price] -= fill.size
                assert left[side, fill.price] >= 0
                assert (limit - fill.price) * sign >= 0
            within = sum(s for (on, p), s in left.items() if on == side and (limit - p) * sign >= 0)
            # all of it, or all there was
            assert outcome.filled_size == sum(f.size for f in mine)
            assert outcome.filled_size == size or within == 0
            prices = [fill.price for fill in mine]
            assert prices == sorted(prices, reverse=sign < 0)
