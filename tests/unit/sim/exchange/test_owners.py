"""Traders of one paper account do not get in each other's way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof0_core.domain.fill import Fill
from nof0_core.domain.order import OrderStatus, Side
from nof0_provider_sim.config import FeeTier, ImpactRules
from nof0_provider_sim.exchange.owners import Owners

pytestmark = pytest.mark.anyio

D = Decimal
NOON = datetime(2025, 7, 16, 12, tzinfo=UTC)
FLAT = (100, 100, 100, 100)
DOWN_AND_BACK = (100, 100, 80, 100)
ANN, BOB = 1, 2


async def test_a_stop_fires_though_another_trader_holds_the_opposite(open_desk):
    async with open_desk(FLAT, DOWN_AND_BACK) as desk:
        await desk.buy("5", trader=ANN)
        await desk.exits("sell", "5", stop=("90", "85"), target=("120", "110"), trader=ANN)
        await desk.sell("5", trader=BOB)
        assert (await desk.exchange.report()).positions == ()
        await desk.bars(2)
        fill = await desk.last_fill()
        assert (fill.side, fill.size, fill.price) == ("sell", D(5), D("89.98"))
        # What is left is bob's short, and neither of ann's exits.
        report = await desk.exchange.report()
        assert [p.quantity for p in report.positions] == [D(-5)]
        assert report.orders == ()


async def test_a_stop_costs_the_same_whether_others_trade_or_not(open_desk, tmp_path):
    prices = []
    for has_company in (False, True):
        async with open_desk(FLAT, DOWN_AND_BACK, folder=tmp_path / str(has_company)) as desk:
            await desk.buy("5", trader=ANN)
            await desk.exits("sell", "5", stop=("90", "85"), target=("120", "110"), trader=ANN)
            if has_company:
                await desk.sell("8", trader=BOB)
            await desk.bars(2)
            fills = await desk.exchange.fills(NOON)
            prices.append(
                [
                    (f.price, f.size, f.fee, f.time)
                    for f in fills
                    if f.client_id[2:10] == f"{ANN:08x}"
                ]
            )
    assert prices[0] == prices[1]


async def test_a_reduce_only_order_never_takes_more_than_its_trader_holds(open_desk):
    async with open_desk(FLAT) as desk:
        await desk.buy("5", trader=ANN)
        await desk.buy("3", trader=BOB)
        outcome = await desk.sell("8", trader=BOB, is_reduce_only=True)
        assert (outcome.status, outcome.filled_size) == (OrderStatus.PARTLY_FILLED, D(3))
        refused = await desk.sell("1", trader=BOB, is_reduce_only=True)
        assert refused.status is OrderStatus.REJECTED
        assert "would increase" in refused.reason
        # The whole position is that of the trader, too.
        outcome = await desk.sell("0", trader=ANN, is_reduce_only=True)
        assert outcome.filled_size == D(5)
        assert (await desk.exchange.report()).positions == ()


async def test_exits_of_one_trader_stay_when_the_position_of_another_ends(open_desk):
    async with open_desk(FLAT, FLAT) as desk:
        await desk.buy("5", trader=ANN)
        await desk.exit("stop", "sell", "5", "90", "85", trader=ANN)
        await desk.sell("9", trader=BOB)
        await desk.exit("stop", "buy", "9", "110", "115", trader=BOB)
        assert len((await desk.exchange.report()).orders) == 2
        await desk.buy("9", trader=BOB, is_reduce_only=True)
        [left] = (await desk.exchange.report()).orders
        assert left.side is Side.SELL


async def test_what_another_trader_took_is_not_gone(open_desk):
    rules = {"volumes": [1000, 1000], "impact": ImpactRules(major_bps=D(5), other_bps=D(8))}
    async with open_desk(FLAT, **rules) as desk:
        alone = await desk.buy("10", trader=ANN)
        assert (await desk.buy("10", trader=BOB)).average_price == alone.average_price
        assert (await desk.buy("10", trader=ANN)).average_price > alone.average_price


async def test_what_a_liquidation_finds_gone_is_not_gone_for_ids_of_another_form(open_desk):
    rules = {"volumes": [1000, 1000], "impact": ImpactRules(major_bps=D(5), other_bps=D(8))}
    async with open_desk(FLAT, **rules) as desk:
        alone = await desk.buy("10", trader=ANN)
        # A liquidation is no trader's: it looks at what all took.
        liquidity = desk.exchange._room.execution.liquidity
        taken = liquidity.take("ETH", Side.BUY, D(10), D(100), None, None)
        assert taken[0].price > alone.average_price
        foreign = attrs.evolve(desk.request("buy", "10", "150"), client_id="0x1")
        [outcome] = await desk.exchange.place([foreign], expires_at=None)
        assert outcome.average_price == alone.average_price


async def test_a_fee_is_that_of_the_traders_own_volume(open_desk):
    tiers = (
        FeeTier(volume_usd=D(0), taker_fee_bps=D(5), maker_fee_bps=D(2)),
        FeeTier(volume_usd=D(1000), taker_fee_bps=D(3), maker_fee_bps=D(1)),
    )
    async with open_desk(*[FLAT] * 800, fee_tiers=tiers) as desk:
        await desk.buy("20", trader=ANN)
        # The venue looks at the volume at the end of a day.
        await desk.clock.sleep_until(NOON + timedelta(hours=13))
        ann, bob = [await desk.buy("10", trader=trader) for trader in (ANN, BOB)]
        assert [sum(f.fee for f in each.fills) for each in (ann, bob)] == [
            D("0.30006"), D("0.5001"),
        ]  # fmt: skip


trades = st.lists(
    st.tuples(st.sampled_from([None, 1, 2, 3]), st.integers(-5, 5).filter(bool)), max_size=25
)


@given(trades=trades)
def test_all_that_is_reducible_on_a_side_together_is_never_more_than_is_there(trades):
    owners, net, own = Owners(), D(0), {}
    for owner, quantity in trades:
        fill = Fill(
            trade_id="1", venue_order_id="1", symbol="ETH", price=D(1), fee=D(0), time=NOON,
            client_id=None if owner is None else f"0x{owner:08x}{0:024x}",
            side=Side.BUY if quantity > 0 else Side.SELL, size=D(abs(quantity)),
        )  # fmt: skip
        owners.book(fill)
        net += quantity
        own[owner] = own.get(owner, 0) + quantity
        for trader in (1, 2, 3):
            held = own.get(trader, 0)
            found = owners.reducible("ETH", f"0x{trader:08x}{7:024x}", net)
            assert found * held >= 0
            assert abs(found) <= abs(held)
            if None not in own or own[None] * held >= 0:
                assert found == held
            else:
                side = sum(q for t, q in own.items() if t is not None and q * held > 0)
                left = max(0, abs(side) - abs(own[None]))
                assert abs(found) == min(abs(held), left)
