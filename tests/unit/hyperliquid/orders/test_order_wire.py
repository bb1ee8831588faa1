"""What is sent keeps the venue's rules of price and size, and nothing is rounded on the way."""

from __future__ import annotations

import os
import random
from decimal import Decimal

import pytest
from hyperliquid.utils.signing import order_request_to_order_wire
from hyperliquid.utils.types import Cloid
from hyperliquid_desk import ASSETS, PRICES
from hyperliquid_orders import D, cloid, entry, stop

from nof0_core.domain.instrument import Instrument
from nof0_core.domain.order import Side, TimeInForce, Trigger, TriggerKind
from nof0_core.errors import RejectedError
from nof0_core.ids import Symbol
from nof0_provider_hyperliquid.orders.order_wire import amount, cancel_action, fault, order_action
from nof0_provider_hyperliquid.rehearsal.accounts.order_rules import is_price, is_size
from nof0_provider_hyperliquid.rehearsal.accounts.order_wire import order_request
from nof0_provider_hyperliquid.wire.cloid import cloid_of

ORDERS = int(os.environ.get("NOF0_ORDERS", "3000"))
"""Random orders against the venue's rules of price and size; 100,000 in the soak."""
BTC = Instrument(symbol=Symbol("BTC"), size_decimals=5, price_decimals=1, max_leverage=40)


def instrument(asset):
    return Instrument(
        symbol=Symbol(asset.name),
        size_decimals=asset.sz_decimals,
        price_decimals=6 - asset.sz_decimals,
        max_leverage=asset.max_leverage,
    )


def test_random_orders_keep_the_rules_and_what_is_off_them_never_leaves():
    rng = random.Random(16)
    assets = [asset for asset in ASSETS if not asset.is_delisted]
    refused = 0
    for number in range(ORDERS):
        asset = rng.choice(assets)
        rules = instrument(asset)
        around = PRICES[asset.name] * Decimal(repr(rng.lognormvariate(0, 2)))
        side = rng.choice(list(Side))
        rough = entry(
            number,
            symbol=rules.symbol,
            side=side,
            size=Decimal(repr(rng.lognormvariate(0, 4))).quantize(D("1e-9")),
            limit_price=around.quantize(D("1e-9")),
        )
        if is_rounded := rng.random() < 0.8:
            size = max(rules.round_size(rough.size), rules.lot)
            price = rules.round_price(max(rough.limit_price, D("0.01")))
            rough = entry(number, symbol=rules.symbol, side=side, size=size, limit_price=price)
        reason = fault(rough, rules)
        assert not (is_rounded and reason), (rough, reason)
        sent = order_request(order_action([(rough, asset.index)])["orders"][0])
        keeps = is_price(asset, sent.limit) and is_size(asset, sent.size)
        is_something = sent.size > 0 and sent.limit > 0
        assert (reason == "") == (keeps and is_something), (rough, reason)
        assert (sent.limit, sent.size) == (rough.limit_price, rough.size)
        refused += bool(reason)
    assert 0 < refused < ORDERS / 2


@pytest.mark.parametrize(
    ("order", "says"),
    [
        (entry(size=D(0)), "the size is 0"),
        (stop(size=D(0)), "the size is 0"),
        (entry(size=D("0.000001")), "no whole number of lots"),
        (entry(size=D(-1)), "no whole number of lots"),
        (entry(limit_price=D("120000.5")), "no multiple of the tick"),
        (entry(limit_price=D(0)), "is none"),
        (stop(trigger=Trigger(kind=TriggerKind.STOP, price=D("100000.5"))), "the trigger"),
        (stop(limit_price=D(110_000)), "short of the trigger"),
        (
            stop(trigger=Trigger(kind=TriggerKind.STOP, price=D(100_000), is_market=False)),
            "its tif must be gtc",
        ),
        (stop(), ""),
        (stop(size=D("0.00001")), ""),
        (entry(limit_price=D(123_457)), ""),
    ],
)
def test_what_the_venue_would_not_take_is_told_before_it_is_sent(order, says):
    """A size rounded to 0 would be the whole position to the venue (§11.3.9)."""
    assert says in fault(order, BTC)
    assert bool(says) == bool(fault(order, BTC))


def test_orders_are_as_the_sdk_would_send_them():
    for order, kind in (
        (entry(), {"limit": {"tif": "Ioc"}}),
        (entry(tif=TimeInForce.GTC), {"limit": {"tif": "Gtc"}}),
        (entry(tif=TimeInForce.ALO), {"limit": {"tif": "Alo"}}),
        (stop(), {"trigger": {"triggerPx": 100_000.0, "isMarket": True, "tpsl": "sl"}}),
        (
            stop(trigger=Trigger(kind=TriggerKind.TARGET, price=D("130000"))),
            {"trigger": {"triggerPx": 130_000.0, "isMarket": True, "tpsl": "tp"}},
        ),
    ):
        theirs = order_request_to_order_wire(
            {
                "coin": "BTC",
                "is_buy": order.side is Side.BUY,
                "sz": float(order.size),
                "limit_px": float(order.limit_price),
                "order_type": kind,
                "reduce_only": order.is_reduce_only,
                "cloid": Cloid.from_str(order.client_id),
            },
            0,
        )
        ours = order_action([(order, 0)])["orders"][0]
        assert ours == theirs
        assert list(ours) == list(theirs)
        if order.trigger is not None:
            assert list(ours["t"]["trigger"]) == list(theirs["t"]["trigger"])


def test_orders_are_never_grouped():
    """An IOC with `normalTpsl` that fills in part is left without its stop (§11.3.8)."""
    action = order_action([(entry(), 0), (stop(), 0)])
    assert action["grouping"] == "na"
    assert list(action) == ["type", "orders", "grouping"]


def test_a_cancel_names_asset_and_cloid():
    assert cancel_action([(cloid(1), 7)]) == {
        "type": "cancelByCloid",
        "cancels": [{"asset": 7, "cloid": cloid(1)}],
    }


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1900.50", "1900.5"),
        ("60000", "60000"),
        ("6E+4", "60000"),
        ("-0.0", "0"),
        ("1E-5", "0.00001"),
    ],
)
def test_decimals_have_one_form(value, text):
    assert amount(D(value)) == text


@pytest.mark.parametrize("wrong", ["", "0x12", "0x" + "g" * 32, "0x" + "A" * 32, "x" * 34])
def test_an_id_the_sdk_would_let_pass_is_refused(wrong):
    with pytest.raises(RejectedError, match="client order id"):
        cloid_of(wrong)
