"""Every refusal, one fault at a time, in the venue's words."""

from __future__ import annotations

from decimal import Decimal

import pytest

from nof0_core.domain.order import OrderStatus, TimeInForce, Trigger, TriggerKind
from nof0_core.domain.position import MarginMode
from nof0_core.errors import RejectedError

pytestmark = pytest.mark.anyio

CROSS = MarginMode.CROSS


def _trigger(kind, price):
    return {
        "is_reduce_only": True,
        "trigger": Trigger(kind=TriggerKind(kind), price=Decimal(price)),
    }


TICK = "Price must be divisible by tick size."
TPSL = "Invalid TP/SL price."
REDUCE = "Reduce only order would increase position."

REFUSED = [
    pytest.param(("buy", "1", "100.001"), {}, TICK, id="tick"),
    pytest.param(("buy", "1", "0"), {}, "Order has invalid price.", id="no-price"),
    pytest.param(("buy", "0.00001", "101"), {}, "Order has invalid size.", id="lot"),
    pytest.param(("buy", "-1", "101"), {}, "Order has invalid size.", id="negative-size"),
    pytest.param(("buy", "NaN", "101"), {}, "Order has invalid size.", id="nan-size"),
    pytest.param(("buy", "0", "101"), {}, "Order has zero size.", id="zero-size"),
    pytest.param(("buy", "1e400", "101"), {}, "Order has invalid size.", id="absurd-size"),
    pytest.param(("buy", "1e-400", "101"), {}, "Order has invalid size.", id="absurd-fraction"),
    pytest.param(("buy", "1", "1e400"), {}, "Order has invalid price.", id="absurd-price"),
    pytest.param(("buy", "1", "1e-400"), {}, "Order has invalid price.", id="absurd-tick"),
    pytest.param(("buy", "1", "NaN"), {}, "Order has invalid price.", id="nan-price"),
    pytest.param(
        ("sell", "1", "80"), _trigger("stop", "1e400"), "Order has invalid price.", id="absurd-stop"
    ),
    # 0.0999 x 100 = 9.99
    pytest.param(
        ("buy", "0.0999", "101"), {}, "Order must have minimum value of $10.", id="minimum"
    ),
    pytest.param(
        ("buy", "1", "180.01"),
        {},
        "Order price cannot be more than 80% away from the reference price",
        id="far-price",
    ),
    # 2000 x 100 / 20 = 10000 USD margin, and nothing is left for slippage and fee
    pytest.param(("buy", "2000", "101"), {}, "Insufficient margin to place order.", id="margin"),
    pytest.param(
        ("buy", "2100", "99"),
        {"tif": TimeInForce.GTC},
        "Insufficient margin to place order.",
        id="margin-of-resting-order",
    ),
    pytest.param(
        ("buy", "1", "101"),
        {"tif": TimeInForce.ALO},
        "Post only order would have immediately matched, bbo was 99.98@100.02.",
        id="post-only",
    ),
    pytest.param(("sell", "1", "99"), {"is_reduce_only": True}, REDUCE, id="nothing-to-reduce"),
    pytest.param(("sell", "1", "80"), _trigger("stop", "90"), REDUCE, id="stop-without-position"),
    pytest.param(("buy", "1", "101"), {"symbol": "PEPE"}, "Unknown asset: PEPE", id="unknown-coin"),
]


@pytest.mark.parametrize(("args", "changes", "reason"), REFUSED)
async def test_refused_order_says_why_and_changes_nothing(open_desk, args, changes, reason):
    async with open_desk() as desk:
        before = (await desk.exchange.report()).account
        outcome = await desk.send(*args, **changes)
        assert (outcome.status, outcome.reason) == (OrderStatus.REJECTED, reason)
        assert outcome.filled_size == 0
        after = (await desk.exchange.report()).account
        assert (after.raw_usd, after.available) == (before.raw_usd, before.available)
        assert list((await desk.exchange.report()).orders) == []


WITH_LONG = [
    pytest.param(("buy", "1", "101"), {"is_reduce_only": True}, REDUCE, id="reduce-only-adds"),
    pytest.param(("sell", "1", "80"), _trigger("stop", "100"), TPSL, id="stop-already-reached"),
    pytest.param(("sell", "1", "90"), _trigger("target", "99"), TPSL, id="target-already-reached"),
    pytest.param(("sell", "1", "91"), _trigger("stop", "90"), TPSL, id="limit-above-its-stop"),
    pytest.param(("sell", "1", "80"), _trigger("stop", "90.001"), TICK, id="trigger-off-tick"),
    pytest.param(
        ("sell", "1", "80"),
        _trigger("stop", "90") | {"is_reduce_only": False},
        "Trigger orders must be reduce only on the paper exchange.",
        id="trigger-that-may-open",
    ),
]


ORDER_OF_CHECKS = [
    # each has this fault and the next one; what is checked first is told
    pytest.param(("buy", "0.00001", "100.001"), {}, "Order has invalid size.", id="size-then-tick"),
    pytest.param(("buy", "0.01", "300.001"), {}, TICK, id="tick-then-band"),
    pytest.param(
        ("buy", "0.01", "300"),
        {},
        "Order price cannot be more than 80% away from the reference price",
        id="band-then-minimum",
    ),
    pytest.param(
        ("sell", "0.01", "99"), {}, "Order must have minimum value of $10.", id="minimum-then-rest"
    ),
    pytest.param(
        ("sell", "5000", "99"), {"is_reduce_only": True}, REDUCE, id="reduce-only-then-margin"
    ),
    pytest.param(
        ("sell", "1", "90"), _trigger("stop", "101"), REDUCE, id="reduce-only-then-trigger"
    ),
]


@pytest.mark.parametrize(("args", "changes", "reason"), ORDER_OF_CHECKS)
async def test_of_two_faults_the_first_checked_is_told(open_desk, args, changes, reason):
    async with open_desk() as desk:
        assert (await desk.send(*args, **changes)).reason == reason


async def test_price_far_from_the_oracle_is_refused(open_desk):
    async with open_desk(oracle_band_pct=Decimal(5)) as desk:
        outcome = await desk.buy("1", "105.01")
        assert outcome.reason == "Order price too far from oracle"
        assert (await desk.buy("1", "105")).status is OrderStatus.FILLED


@pytest.mark.parametrize(("args", "changes", "reason"), WITH_LONG)
async def test_refused_order_leaves_the_position_alone(open_desk, args, changes, reason):
    async with open_desk() as desk:
        await desk.buy("1")
        outcome = await desk.send(*args, **changes)
        assert (outcome.status, outcome.reason) == (OrderStatus.REJECTED, reason)
        assert [p.quantity for p in (await desk.exchange.report()).positions] == [1]


async def test_reduce_only_order_may_be_worth_less_than_the_minimum(open_desk):
    async with open_desk() as desk:
        await desk.buy("1")
        outcome = await desk.sell("0.05", is_reduce_only=True)
        assert outcome.status is OrderStatus.FILLED


async def test_closing_is_never_refused_for_margin(open_desk):
    # long 1900: margin 9500. At 98 equity is about 6080, below the 9310 in use, above the 3724 at
    # which it would be liquidated.
    async with open_desk((98, 98, 98, 98)) as desk:
        await desk.buy("1900")
        await desk.bars()
        assert (await desk.exchange.report()).account.available == 0
        assert (await desk.sell("500")).status is OrderStatus.FILLED
        assert (await desk.buy("100")).reason == "Insufficient margin to place order."


async def test_oversized_reduce_only_order_closes_what_there_is(open_desk):
    async with open_desk() as desk:
        await desk.buy("1")
        outcome = await desk.sell("3", is_reduce_only=True)
        assert (outcome.status, outcome.filled_size) == (OrderStatus.PARTLY_FILLED, 1)
        assert list((await desk.exchange.report()).positions) == []


LEVERAGES = [
    pytest.param("ETH", 0, CROSS, "Invalid leverage value", id="zero"),
    pytest.param("ETH", 26, CROSS, "Invalid leverage value", id="above-maximum"),
    pytest.param("PEPE", 5, CROSS, "Unknown asset: PEPE", id="unknown-coin"),
    pytest.param("ETH", 26, MarginMode.ISOLATED, "Invalid leverage value", id="isolated-above"),
]


@pytest.mark.parametrize(("symbol", "leverage", "mode", "text"), LEVERAGES)
async def test_refused_leverage_raises_the_venues_words(open_desk, symbol, leverage, mode, text):
    async with open_desk() as desk:
        with pytest.raises(RejectedError) as raised:
            await desk.exchange.set_leverage(symbol, leverage, mode)
        assert raised.value.text == text


async def test_leverage_decides_how_much_margin_a_position_takes(open_desk):
    async with open_desk() as desk:
        await desk.exchange.set_leverage("ETH", 5, CROSS)
        await desk.buy("10")
        assert (await desk.exchange.report()).account.margin_used == 200
        assert (await desk.buy("500")).reason == "Insufficient margin to place order."


async def test_leverage_cannot_fall_below_what_the_account_can_back(open_desk):
    async with open_desk() as desk:
        await desk.buy("1000")
        with pytest.raises(RejectedError, match="does not have sufficient margin available"):
            await desk.exchange.set_leverage("ETH", 10, CROSS)
        await desk.exchange.set_leverage("ETH", 11, CROSS)
        assert (await desk.exchange.report()).positions[0].leverage == 11


async def test_position_beyond_a_margin_tier_needs_lower_leverage(open_desk):
    # ETH: 25x up to 100 million USD of notional, 15x above
    async with open_desk(initial_balance_usd=Decimal(20_000_000)) as desk:
        outcome = await desk.buy("1000001")
        assert outcome.reason == (
            "Order would cause position to exceed margin tier limit at current leverage"
        )
        await desk.exchange.set_leverage("ETH", 15, CROSS)
        assert (await desk.buy("1000001")).status is OrderStatus.FILLED


async def test_cancel_of_an_order_that_never_was(open_desk):
    async with open_desk() as desk:
        (outcome,) = await desk.exchange.cancel([desk.request("buy", "1", "1").client_id])
        assert outcome.reason == "Order was never placed, already canceled, or filled."
