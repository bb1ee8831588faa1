"""What large orders pay and how much of them fills, with the arithmetic written out."""

from __future__ import annotations

import itertools
import json
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from nof0_core.domain.order import OrderStatus
from nof0_core.errors import DataError
from nof0_provider_sim.config import ImpactRules
from nof0_provider_sim.exchange.depth import load_depth

pytestmark = pytest.mark.anyio

D = Decimal
BOOK = Path(__file__).parents[3] / "data" / "depth" / "btc_book25_20200901.jsonl"
IMPACT = ImpactRules(major_bps=D(5), other_bps=D(8))
FLAT = (100, 100, 100, 100)
THOUSAND = {"volumes": [1000, 1000, 1000], "impact": IMPACT}


async def test_impact_grows_with_the_root_of_the_share_of_the_volume(open_desk):
    async with open_desk(FLAT, FLAT, **THOUSAND) as desk:
        # 10 of 1000 coins is 1 %: 2 bps of slippage + 5 x sqrt(1) = 7 bps
        assert (await desk.buy("10")).average_price == D("100.07")
        await desk.bars()
        # 40 of 1000 is 4 %: 2 + 5 x sqrt(4) = 12 bps
        assert (await desk.sell("40")).average_price == D("99.88")


async def test_coins_without_much_depth_pay_more_and_single_coins_what_is_set(open_desk):
    bars = {"ETH": [FLAT], "SOL": [FLAT], "XRP": [FLAT]}
    rules = ImpactRules(major_bps=D(5), other_bps=D(8), coins={"XRP": D(20)})
    async with open_desk(bars=bars, volumes=[1000, 1000], impact=rules) as desk:
        assert (await desk.buy("10", symbol="SOL")).average_price == D("100.1")
        assert (await desk.buy("10", symbol="XRP")).average_price == D("100.22")


async def test_a_coin_is_deep_if_the_section_says_so(open_desk):
    bars = {"ETH": [FLAT], "SOL": [FLAT]}
    rules = ImpactRules(major_coins=("SOL",), major_bps=D(5), other_bps=D(8))
    async with open_desk(bars=bars, volumes=[1000, 1000], impact=rules) as desk:
        assert (await desk.buy("10", symbol="SOL")).average_price == D("100.07")
        assert (await desk.buy("10", symbol="ETH")).average_price == D("100.1")


async def test_what_was_taken_stays_taken_until_the_next_bar(open_desk):
    async with open_desk(FLAT, FLAT, **THOUSAND) as desk:
        await desk.buy("10")
        # 10 + 30 coins: 2 + 5 x sqrt(4); the other side is untouched: 2 + 5 x sqrt(1)
        assert (await desk.buy("30")).average_price == D("100.12")
        assert (await desk.sell("10")).average_price == D("99.93")
        await desk.bars()
        assert (await desk.buy("10")).average_price == D("100.07")


async def test_ioc_fills_as_much_as_its_limit_allows(open_desk):
    async with open_desk(FLAT, **THOUSAND) as desk:
        # 100.12 leaves 12 - 2 = 10 bps of impact: (10 / 5)^2 % of 1000 = 40 coins
        outcome = await desk.buy("100", "100.12")
        assert (outcome.status, outcome.filled_size) == (OrderStatus.PARTLY_FILLED, D(40))
        assert outcome.average_price == D("100.12")
        assert outcome.reason == "Order could not immediately match against any resting orders."
        # the same limit again: that liquidity is gone
        again = await desk.buy("1", "100.12")
        assert (again.status, again.filled_size) == (OrderStatus.CANCELED, 0)


async def test_gtc_takes_what_crosses_and_rests_with_the_rest(open_desk):
    async with open_desk((100, 100, 100, 100), (99, 99, 99, 99), **THOUSAND) as desk:
        outcome = await desk.rest("buy", "100", "100.12")
        assert (outcome.status, outcome.filled_size) == (OrderStatus.RESTING, D(40))
        await desk.bars()
        # the bar of 100 went through 100.12: 10 % of its 1000 coins cover the other 60
        found = await desk.order(outcome)
        assert (found.status, found.filled_size) == (OrderStatus.FILLED, D(100))
        assert [fill.is_taker for fill in await desk.exchange.fills(found.time)] == [True, False]


async def test_without_any_volume_an_order_counts_as_a_whole_bar(open_desk):
    async with open_desk(FLAT, volumes=[0, 0], impact=IMPACT) as desk:
        # 2 + 5 x sqrt(100)
        assert (await desk.buy("1")).average_price == D("100.52")


async def test_slippage_of_single_coins(open_desk):
    async with open_desk(FLAT, slippage_by_coin={"ETH": D(5)}) as desk:
        assert (await desk.buy("1")).average_price == D("100.05")


# --- resting orders and the volume of a bar ---


async def test_resting_order_fills_over_several_bars_as_their_volume_allows(open_desk):
    low = (99, 99, 97, 99)
    async with open_desk(low, low, low, volumes=[40, 40, 50, 40]) as desk:
        outcome = await desk.rest("buy", "10", "98")
        sizes = []
        for _ in range(3):
            await desk.bars()
            sizes.append((await desk.order(outcome)).filled_size)
        # 10 % of 40, 10 % of 50, and what is left
        assert sizes == [4, 9, 10]
        fills = await desk.exchange.fills(desk.clock.now() - timedelta(hours=1))
        assert [(fill.price, fill.size, fill.is_taker) for fill in fills] == [
            (98, 4, False),
            (98, 5, False),
            (98, 1, False),
        ]


async def test_orders_of_one_bar_share_its_volume_oldest_first(open_desk):
    async with open_desk((99, 99, 97, 99), volumes=[50, 50]) as desk:
        first = await desk.rest("buy", "4", "98")
        second = await desk.rest("buy", "4", "98")
        await desk.bars()
        assert (await desk.order(first)).filled_size == 4
        found = await desk.order(second)
        assert (found.status, found.filled_size) == (OrderStatus.RESTING, 1)


async def test_volume_limit_can_be_switched_off(open_desk):
    async with open_desk((99, 99, 97, 99), volumes=[0, 0], max_volume_pct=D(0)) as desk:
        outcome = await desk.rest("buy", "10", "98")
        await desk.bars()
        assert (await desk.order(outcome)).status is OrderStatus.FILLED


async def test_queue_decides_where_the_price_only_touches(open_desk, tmp_path):
    async def filled(folder, **config):
        rows = [(99, 99, 98, 99)] * 40
        async with open_desk(*rows, folder=tmp_path / folder, **config) as desk:
            orders = [await desk.rest("buy", "1", "98") for _ in range(20)]
            await desk.bars()
            return [(await desk.order(o)).status is OrderStatus.FILLED for o in orders]

    assert not any(await filled("never"))
    assert all(await filled("always", queue_probability=1.0))
    some = await filled("some", queue_probability=0.5, seed=1)
    assert some == await filled("again", queue_probability=0.5, seed=1)
    assert some != await filled("other", queue_probability=0.5, seed=2)
    assert 3 < sum(some) < 17


# --- recorded depth ---


def _btc(mark):
    return {"bars": {"BTC": [(mark,) * 4], "ETH": [FLAT]}, "depth": BOOK}


def _expected(side, size, mark):
    """Walk the last recorded book around another mark, in plain arithmetic."""
    answer = json.loads(BOOK.read_text().splitlines()[-1])
    bids, asks = ([(D(x["px"]), D(x["sz"])) for x in rows] for rows in answer["levels"])
    middle = (bids[0][0] + asks[0][0]) / 2
    parts, left = [], D(size)
    for px, sz in asks if side == "buy" else bids:
        part = min(left, sz)
        parts.append((px / middle * mark, part))
        left -= part
        if not left:
            break
    return sum(px * sz for px, sz in parts) / sum(sz for _, sz in parts)


@pytest.mark.parametrize("side", ["buy", "sell"])
async def test_book_is_walked_level_by_level_around_the_mark(open_desk, side):
    async with open_desk(**_btc(100_000), initial_balance_usd=D(10**9)) as desk:
        await desk.bars()
        limit = "110000" if side == "buy" else "90000"
        outcome = await desk.send(side, "12", limit, symbol="BTC")
        assert outcome.filled_size == 12
        fills = await desk.exchange.fills(desk.clock.now())
        assert len(fills) > 1
        expected = _expected(side, 12, D(100_000))
        # every level is rounded to the tick of 1 USD against the taker
        worse = (outcome.average_price - expected) * (1 if side == "buy" else -1)
        assert 0 <= worse <= 1


async def test_levels_stay_consumed_and_beyond_the_last_nothing_fills(open_desk):
    async with open_desk(**_btc(100_000), initial_balance_usd=D(10**9)) as desk:
        await desk.bars()
        first = await desk.buy("5", "110000", symbol="BTC")
        second = await desk.buy("5", "110000", symbol="BTC")
        assert second.average_price > first.average_price
        everything = await desk.buy("1000", "110000", symbol="BTC")
        assert everything.status is OrderStatus.PARTLY_FILLED
        empty = await desk.buy("1", "110000", symbol="BTC")
        assert (empty.status, empty.filled_size) == (OrderStatus.CANCELED, 0)
        # a coin without a recorded book uses the formula: 2 bps
        assert (await desk.buy("1")).average_price == D("100.02")


async def test_consumed_levels_are_remembered_over_a_restart(open_desk):
    async with open_desk(**_btc(100_000), initial_balance_usd=D(10**9)) as desk:
        await desk.bars()
        await desk.buy("1000", "110000", symbol="BTC")
        clock = desk.clock
    async with open_desk(**_btc(100_000), clock=clock, initial_balance_usd=D(10**9)) as desk:
        # client ids count up from 0 again
        desk.counter = itertools.count(100)
        outcome = await desk.buy("1", "110000", symbol="BTC")
        assert outcome.status is OrderStatus.CANCELED


BAD_BOOKS = [
    pytest.param("", "holds no order book", id="empty"),
    pytest.param("{}", "book.jsonl:1: not an order book", id="no-keys"),
    pytest.param("nonsense", "book.jsonl:1: not an order book", id="no-json"),
    pytest.param(
        '{"coin":"BTC","time":1,"levels":[[{"px":"1","sz":"1"}],[]]}', "one side", id="one-side"
    ),
    pytest.param(
        '{"coin":"BTC","time":1,"levels":[[{"px":"2","sz":"1"}],[{"px":"1","sz":"1"}]]}',
        "crossed",
        id="crossed",
    ),
    pytest.param(
        '{"coin":"BTC","time":1,"levels":'
        '[[{"px":"1","sz":"1"},{"px":"2","sz":"1"}],[{"px":"3","sz":"1"}]]}',
        "from the best price outward",
        id="unsorted",
    ),
    pytest.param(
        '{"coin":"BTC","time":1,"levels":[[{"px":"1","sz":"0"}],[{"px":"2","sz":"1"}]]}',
        "must be positive",
        id="no-size",
    ),
]


@pytest.mark.parametrize(("text", "message"), BAD_BOOKS)
def test_files_that_hold_no_books_are_refused_with_their_line(tmp_path, text, message):
    path = tmp_path / "book.jsonl"
    path.write_text(text)
    with pytest.raises(DataError, match=message):
        load_depth(path)


def test_missing_file_of_books_is_named(tmp_path):
    with pytest.raises(DataError, match="none.jsonl: cannot be read"):
        load_depth(tmp_path / "none.jsonl")
