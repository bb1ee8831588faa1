"""Statuses are read one by one; what is not plainly told is unknown."""

from __future__ import annotations

import pytest
from hyperliquid_orders import D, cloid, entry, stop

from nof0_core.domain.order import OrderStatus, TimeInForce
from nof0_provider_hyperliquid.orders import statuses

REFUSED = "Order must have minimum value of $10. asset=0"


def response(*found):
    return {"type": "order", "data": {"statuses": list(found)}}


def filled(size="0.001", **more):
    return {"filled": {"totalSz": size, "avgPx": "118000.5", "oid": 7, **more}}


def test_each_order_has_its_own_status():
    orders = [entry(1), entry(2), stop(3), entry(4)]
    found = statuses.outcomes(
        orders,
        response(filled(), {"error": REFUSED}, {"resting": {"oid": 9}}, filled("0.0004")),
    )
    assert [o.client_id for o in found] == [o.client_id for o in orders]
    assert [o.status for o in found] == [
        OrderStatus.FILLED,
        OrderStatus.REJECTED,
        OrderStatus.RESTING,
        OrderStatus.PARTLY_FILLED,
    ]
    assert found[0].average_price == D("118000.5")
    assert found[0].venue_order_id == "7"
    assert found[1].reason == REFUSED
    assert found[2].venue_order_id == "9"
    assert found[3].filled_size == D("0.0004")


def test_the_rest_of_an_order_that_may_wait_waits():
    [found] = statuses.outcomes([entry(tif=TimeInForce.GTC)], response(filled("0.0004")))
    assert found.status is OrderStatus.RESTING
    assert found.filled_size == D("0.0004")


@pytest.mark.parametrize("word", ["waitingForFill", "waitingForTrigger"])
def test_bare_words_that_are_known_rest_without_an_id(word):
    [found] = statuses.outcomes([stop()], response(word))
    assert found.status is OrderStatus.RESTING
    assert found.venue_order_id is None


@pytest.mark.parametrize(
    "strange",
    [
        "success",
        "somethingNew",
        None,
        7,
        [],
        {},
        {"new": {}},
        {"filled": {}},
        {"filled": None},
        filled("0"),
        filled("-0.001"),
        filled("0.002"),
        filled("NaN"),
        {"filled": {"totalSz": "0.001", "avgPx": "0", "oid": 7}},
        {"filled": {"totalSz": "0.001", "avgPx": "1.0", "oid": "x"}},
        {"resting": {"oid": None}},
        {"resting": "yes"},
        filled(cloid=cloid(99)),
    ],
)
def test_a_strange_status_is_unknown_and_no_other_orders_business(strange):
    found = statuses.outcomes([entry(1), entry(2)], response(strange, filled()))
    assert [o.status for o in found] == [OrderStatus.UNKNOWN, OrderStatus.FILLED]
    assert found[0].reason


@pytest.mark.parametrize(
    "told",
    [
        response(filled()),
        response({"error": REFUSED}),
        response(filled(), filled(), filled()),
        response(),
        {"type": "order"},
        {"type": "order", "data": {"statuses": "none"}},
    ],
)
def test_another_number_of_statuses_leaves_all_unknown(told):
    """nautilus_trader: brackets were answered with fewer statuses than orders."""
    found = statuses.outcomes([entry(1), entry(2)], told)
    assert {o.status for o in found} == {OrderStatus.UNKNOWN}


def test_a_cloid_tells_whose_status_it_is_among_too_few():
    found = statuses.outcomes([entry(1), entry(2)], response(filled(cloid=cloid(2))))
    assert [o.status for o in found] == [OrderStatus.UNKNOWN, OrderStatus.FILLED]


def test_cancels_are_read_one_by_one():
    text = "Order was never placed, already canceled, or filled. asset=0"
    told = response("success", {"error": text}, "maybe", None)
    assert statuses.refusals(4, told) == ["", text, None, None]
    assert statuses.refusals(2, response("success")) == [None, None]
