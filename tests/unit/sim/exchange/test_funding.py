"""Funding at every full hour, with the arithmetic written out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from nof0_core.clock import SimulatedClock
from nof0_core.domain.order import OrderRequest, Side
from nof0_core.testing.environment import Lines
from nof0_core.testing.environment import env as make_env
from nof0_core.testing.market import HandMarket
from nof0_provider_sim import plugin
from nof0_provider_sim.config import SimExchangeConfig

pytestmark = pytest.mark.anyio

D = Decimal
EVE = datetime(2025, 7, 16, 12, 58, tzinfo=UTC)
ONE = EVE.replace(hour=13, minute=0)
AT_101 = (101, 101, 101, 101)


async def test_long_pays_at_the_full_hour_on_oracle_and_recorded_rate(open_desk):
    async with open_desk(AT_101, AT_101, start=EVE, rates={"ETH": [(ONE, 0.0000123)]}) as desk:
        await desk.buy("10")
        before = (await desk.exchange.report()).account.raw_usd
        await desk.bars(2)
        (paid,) = await desk.exchange.funding(EVE)
        # 10 x 101 x 0.0000123 = 0.012423
        assert (paid.time, paid.quantity, paid.rate) == (ONE, D(10), D("0.0000123"))
        assert paid.amount == D("-0.012423")
        assert (await desk.exchange.report()).account.raw_usd == before - D("0.012423")


async def test_short_receives_and_the_amount_is_cut_to_six_decimals(open_desk):
    async with open_desk(AT_101, AT_101, start=EVE, rates={"ETH": [(ONE, 0.00001234)]}) as desk:
        await desk.sell("0.777")
        await desk.bars(2)
        (paid,) = await desk.exchange.funding(EVE)
        # 0.777 x 101 x 0.00001234 = 0.00096840618
        assert paid.amount == D("0.000968")


async def test_without_a_recorded_rate_the_configured_one_is_used(open_desk):
    async with open_desk(AT_101, AT_101, start=EVE, default_funding_rate=D("0.0001")) as desk:
        await desk.buy("10")
        await desk.bars(2)
        assert (await desk.exchange.funding(EVE))[0].amount == D("-0.101")


async def test_every_hour_of_a_long_step_is_paid_at_its_own_price(open_desk):
    rows = [(100, 100, 100, 100)] * 30 + [AT_101] * 120
    async with open_desk(*rows, start=EVE, default_funding_rate=D("0.0001")) as desk:
        await desk.buy("10")
        await desk.clock.sleep_until(EVE + timedelta(minutes=150))
        amounts = [paid.amount for paid in await desk.exchange.funding(EVE)]
        assert amounts == [D("-0.1"), D("-0.101"), D("-0.101")]


async def test_position_stopped_out_before_the_hour_pays_nothing(open_desk):
    async with open_desk(AT_101, (101, 101, 90, 94), start=EVE) as desk:
        await desk.buy("10")
        await desk.exit("stop", "sell", "10", "95", "80")
        await desk.bars(2)
        assert len(await desk.exchange.fills(EVE)) == 2
        assert await desk.exchange.funding(EVE) == []


async def test_order_sent_before_the_hour_that_arrives_after_it_pays_nothing(open_desk):
    async with open_desk(AT_101, AT_101, start=EVE) as desk:
        await desk.clock.sleep_until(ONE - timedelta(milliseconds=100))
        await desk.buy("10")
        assert await desk.exchange.funding(EVE) == []


async def test_hours_a_live_market_was_not_watched_are_settled_and_reported(tmp_path):
    clock, log = SimulatedClock(EVE), Lines()
    market = HandMarket(clock)
    kind = plugin.nof0_exchange_providers()[0]
    env = make_env(clock=clock, data_dir=tmp_path, markets={"m": market}, log=log)
    async with env as made, kind.open(SimExchangeConfig(), made) as exchange:
        await exchange.place(
            [
                OrderRequest(
                    client_id="0x1",
                    symbol="ETH",
                    side=Side.BUY,
                    size=D(1),
                    limit_price=D(2600),
                )
            ],
            expires_at=None,
        )
        await clock.sleep_until(ONE + timedelta(minutes=61))
        paid = await exchange.funding(EVE)
        # 2500 x 0.0000125 = 0.03125, the market's current price and rate
        assert [p.amount for p in paid] == [D("-0.03125"), D("-0.03125")]
        assert [event for level, event, _ in log.lines if level == "warning"] == [
            "funding of a missed hour settled at current rates"
        ]


async def test_hour_without_a_recorded_rate_is_settled_at_the_last_one_and_said(open_desk):
    two = ONE + timedelta(hours=1)
    rates = {"ETH": [(ONE, 0.00001), (two + timedelta(hours=1), 0.00002)]}
    async with open_desk(*[AT_101] * 190, start=EVE, rates=rates) as desk:
        await desk.buy("10")
        await desk.clock.sleep_until(EVE + timedelta(minutes=125))
        assert [p.rate for p in await desk.exchange.funding(EVE)] == [
            D("0.00001"),
            D("0.00001"),
            D("0.00002"),
        ]
        told = [values for _, event, values in desk.log.lines if "missing" in event]
        assert told == [{"symbols": "ETH", "hour": two.isoformat()}]


async def test_a_stretch_of_hours_without_a_rate_is_said_once_and_the_next_one_again(open_desk):
    hours = [ONE + timedelta(hours=number) for number in range(6)]
    rates = {"ETH": [(hours[0], 0.00001), (hours[3], 0.00002)]}
    async with open_desk(*[AT_101] * 310, start=EVE, rates=rates) as desk:
        await desk.buy("10")
        await desk.clock.sleep_until(hours[5] - timedelta(minutes=5))
        assert len(await desk.exchange.funding(EVE)) == 5
        told = [values["hour"] for _, event, values in desk.log.lines if "missing" in event]
        assert told == [hours[1].isoformat(), hours[4].isoformat()]


async def test_coin_without_any_rate_is_said_once(open_desk):
    async with open_desk(*[AT_101] * 130, start=EVE) as desk:
        await desk.buy("10")
        await desk.clock.sleep_until(EVE + timedelta(minutes=125))
        assert len(await desk.exchange.funding(EVE)) == 3
        assert [e for _, e, _ in desk.log.lines].count(
            "the market tells no funding rate, settled at the configured one"
        ) == 1
