from __future__ import annotations

import pytest
from attrs import evolve
from hyperliquid_desk import BTC, TSLA, D, Desk, book, limit, oids, trigger

from nof0_provider_hyperliquid.rehearsal.accounts import refusals
from nof0_provider_hyperliquid.rehearsal.accounts.depth import Depth
from nof0_provider_hyperliquid.rehearsal.accounts.order_rules import is_price
from nof0_provider_hyperliquid.rehearsal.accounts.state import Rules

CLOID = "0x" + "0" * 31 + "1"
THIN = Depth(bids=((D(99_999), D(1)),), asks=((D(100_001), D("0.01")), (D(100_010), D("0.02"))))


def test_an_ioc_walks_the_book_and_what_it_took_stays_taken():
    desk = Desk()
    desk.tick(books={"BTC": THIN})

    first = desk.order(limit(True, "100100", "0.02", "Ioc", cloid=CLOID))[0]["filled"]

    assert first["totalSz"] == "0.02"
    assert first["avgPx"] == "100005.5"
    assert first["cloid"] == CLOID
    second = desk.order(limit(True, "100100", "0.05", "Ioc"))[0]["filled"]
    assert second["totalSz"] == "0.01", "the rest of an IOC is gone"
    assert desk.status(second["oid"]) == "canceled"
    third = desk.order(limit(True, "100100", "0.01", "Ioc"))
    text = "Order could not immediately match against any resting orders. asset=0"
    assert third == [{"error": text}]
    desk.tick(books={"BTC": THIN})
    assert "filled" in desk.order(limit(True, "100100", "0.01", "Ioc"))[0]


def test_fills_of_two_levels_are_two_fills_of_one_transaction():
    desk = Desk()
    desk.tick(books={"BTC": THIN})
    oid = oids(desk.order(limit(True, "100100", "0.02", "Ioc", cloid=CLOID)))[0]

    newest, oldest = desk.info("userFills")

    assert (oldest["px"], newest["px"]) == ("100001.0", "100010.0")
    assert oldest["hash"] == newest["hash"]
    assert oldest["tid"] != newest["tid"]
    assert {key: newest[key] for key in ("oid", "cloid", "crossed", "dir", "side")} == {
        "oid": oid,
        "cloid": CLOID,
        "crossed": True,
        "dir": "Open Long",
        "side": "B",
    }
    assert (oldest["startPosition"], newest["startPosition"]) == ("0.0", "0.01")
    joined = desk.info("userFills", aggregateByTime=True)
    assert [(each["px"], each["sz"], each["fee"]) for each in joined] == [
        ("100005.5", "0.02", "0.900049")
    ]


def test_a_gtc_rests_and_fills_at_its_limit_as_maker():
    desk = Desk()
    status = desk.order(limit(True, "99000", "0.01", cloid=CLOID))[0]
    oid = status["resting"]["oid"]
    assert desk.info("openOrders")[0] == {
        "coin": "BTC",
        "side": "B",
        "limitPx": "99000.0",
        "sz": "0.01",
        "oid": oid,
        "timestamp": desk.now,
        "origSz": "0.01",
        "cloid": CLOID,
    }

    desk.tick(10, BTC=99_001)
    assert desk.status(oid) == "open"
    desk.tick(10, BTC=98_990)

    fill = desk.info("userFills")[0]
    assert (fill["px"], fill["crossed"], fill["fee"]) == ("99000.0", False, "0.1485")
    assert desk.status(CLOID) == "filled"
    assert desk.info("orderStatus", oid=oid)["order"]["order"]["sz"] == "0.0"
    assert desk.open_oids() == []


def test_a_resting_order_fills_no_further_than_the_book_comes():
    desk = Desk()
    oid = oids(desk.order(limit(True, "99000", "0.05")))[0]
    thin = Depth(bids=((D(98_980), D(1)),), asks=((D(98_990), D("0.02")), (D(99_010), D(1))))

    desk.tick(10, BTC=98_985, books={"BTC": thin})

    assert desk.position()["szi"] == "0.02"
    assert desk.info("openOrders")[0]["sz"] == "0.03"
    assert desk.status(oid) == "open"


def test_a_post_only_order_that_would_take_is_refused_with_the_touch():
    desk = Desk()

    refused = desk.order(limit(True, "100001", "0.01", "Alo"))[0]

    text = "Post only order would have immediately matched, bbo was 99999@100001. asset=0"
    assert refused == {"error": text}
    assert desk.info("historicalOrders")[0]["status"] == "badAloPxRejected"
    assert "resting" in desk.order(limit(True, "100000", "0.01", "Alo"))[0]


def test_a_market_order_without_any_liquidity_has_an_error_of_its_own():
    desk = Desk()
    desk.tick(books={"BTC": Depth()})

    refused = desk.order(limit(True, "105000", "0.01", "FrontendMarket"))[0]

    assert refused == {"error": "No liquidity available for market order. asset=0"}


@pytest.mark.parametrize(
    ("order", "text"),
    [
        (limit(True, "100000.5", "0.01"), "Price must be divisible by tick size."),
        (limit(True, "0.20001", "100", asset=2), "Order must have minimum value of $10."),
        (limit(True, "0.2000001", "100", asset=2), "Price must be divisible by tick size."),
        (limit(True, "0", "0.01"), "Order has invalid price."),
        (limit(True, "90000", "0.010001"), "Order has invalid size."),
        (limit(True, "90000", "0"), "Order has zero size."),
        (limit(True, "90000", "0.0001"), "Order must have minimum value of $10."),
        (limit(True, "90000", "5"), "Insufficient margin to place order."),
        (limit(True, "100100", "5", "Ioc"), "Insufficient margin to place order."),
        (limit(False, "90000", "0.01", reduce=True), "Reduce only order would increase position."),
        (trigger(False, "90000", "0.01"), "Reduce only order would increase position."),
        (
            limit(True, "190000", "0.01"),
            "Order price cannot be more than 80% away from the reference price",
        ),
        (limit(True, "5", "10", asset=3), "No liquidity available for market order."),
    ],
)
def test_an_order_with_one_fault_is_refused_in_the_venues_words(order, text):
    desk = Desk()
    if order["p"] == "0.20001":
        order = {**order, "s": "49"}
    if text.startswith("Order price"):
        order = {**order, "p": "180001"}

    statuses = desk.order(order, limit(True, "90000", "0.01"))

    assert statuses[0] == {"error": f"{text} asset={order['a']}"}
    assert "resting" in statuses[1], "the others of the batch are taken"


def test_a_refused_order_is_found_by_its_cloid_with_the_status_of_its_refusal():
    desk = Desk()
    desk.order(limit(True, "90000", "0.0001", cloid=CLOID))

    assert desk.status(CLOID) == "minTradeNtlRejected"
    assert desk.open_oids() == []


@pytest.mark.parametrize(
    ("decimals", "price", "is_fine"),
    [
        (1, "1234.5", True),
        (1, "1234.56", False),
        (0, "0.001234", True),
        (0, "0.0012345", False),
        (1, "0.01234", True),
        (1, "0.012345", False),
        (5, "123456", True),
        (5, "12345.6", False),
    ],
)
def test_the_documented_examples_of_the_tick_rule(decimals, price, is_fine):
    from attrs import evolve

    assert is_price(evolve(BTC, sz_decimals=decimals), D(price)) is is_fine


def test_an_empty_batch_and_an_unknown_asset_give_one_error_for_all():
    desk = Desk()

    assert len(desk.order()) == 1
    statuses = desk.order(limit(True, "90000", "0.01"), limit(True, "1", "100", asset=77))

    assert [list(each) for each in statuses] == [["error"]]
    assert desk.open_oids() == []


def test_reduce_only_orders_close_no_more_than_there_is():
    desk = Desk()
    desk.order(limit(True, "100100", "0.02", "Ioc"))

    closed = desk.order(limit(False, "99000", "0.05", "Ioc", reduce=True))[0]["filled"]

    assert closed["totalSz"] == "0.02"
    assert desk.position() is None


def test_a_reduce_only_order_of_size_zero_closes_everything():
    desk = Desk()
    desk.order(limit(False, "99000", "0.02", "Ioc"))

    closed = desk.order(limit(True, "101000", "0", "Ioc", reduce=True))[0]["filled"]

    assert closed["totalSz"] == "0.02"
    assert desk.position() is None


def test_a_small_close_is_exempt_from_the_minimum_unless_the_rules_say_otherwise():
    small = limit(False, "99000", "0.00005", "Ioc", reduce=True)
    desk, strict = Desk(), Desk(rules=Rules(has_reduce_only_minimum=True))
    for each in (desk, strict):
        each.order(limit(True, "100100", "0.02", "Ioc"))

    assert "filled" in desk.order(small)[0]
    assert "minimum value" in strict.order(small)[0]["error"]


def test_a_resting_reduce_only_order_ends_with_the_position():
    desk = Desk()
    desk.order(limit(True, "100100", "0.02", "Ioc"))
    oid = oids(desk.order(limit(False, "110000", "0.02", reduce=True)))[0]

    desk.order(limit(False, "99000", "0.02", "Ioc"))

    assert desk.status(oid) == "reduceOnlyCanceled"
    heard = [each.data for each in desk.venue.take_events() if each.type == "userEvents"]
    assert {"nonUserCancel": [{"coin": "BTC", "oid": oid}]} in heard


def test_an_own_order_in_the_way_is_cancelled():
    desk = Desk()
    oid = oids(desk.order(limit(False, "100001", "0.01", "Alo")))[0]
    desk.tick(books={"BTC": book("BTC", D(100_000))})

    taken = desk.order(limit(True, "100005", "0.01", "Ioc"))[0]

    assert "filled" in taken
    assert desk.status(oid) == "selfTradeCanceled"


def test_a_flip_closes_and_opens():
    desk = Desk()
    desk.order(limit(True, "100100", "0.02", "Ioc"))

    desk.order(limit(False, "99000", "0.05", "Ioc"))

    fill = desk.info("userFills")[0]
    assert (fill["dir"], fill["closedPnl"]) == ("Long > Short", "-0.04")
    assert (desk.position()["szi"], desk.position()["entryPx"]) == ("-0.03", "99999.0")


def test_cancels_answer_one_by_one():
    desk = Desk()
    first, second = oids(
        desk.order(limit(True, "90000", "0.01", cloid=CLOID), limit(True, "91000", "0.01"))
    )

    never = {"error": "Order was never placed, already canceled, or filled."}
    assert desk.cancel(first, 5, first) == ["success", never, never]
    assert desk.cancel(second, asset=1) == [never], "another coin's order is not there"
    by_cloid = {"type": "cancelByCloid", "cancels": [{"asset": 0, "cloid": CLOID}]}
    assert desk.act(by_cloid)["response"] == {"type": "cancel", "data": {"statuses": [never]}}
    assert desk.status(first) == "canceled"
    assert desk.open_oids() == [second]


def test_a_modified_order_has_a_new_oid_and_the_same_cloid():
    desk = Desk()
    old = oids(desk.order(limit(True, "90000", "0.01", cloid=CLOID)))[0]
    desk.venue.take_events()
    change = {"oid": old, "order": limit(True, "91000", "0.02", cloid=CLOID)}

    body = desk.act({"type": "batchModify", "modifies": [change]})

    new = oids(body["response"]["data"]["statuses"])[0]
    assert new != old
    assert desk.open_oids() == [new]
    assert desk.status(old) == "canceled"
    assert desk.info("orderStatus", oid=CLOID)["order"]["order"]["oid"] == new
    heard = [
        (row["order"]["oid"], row["status"])
        for each in desk.venue.take_events()
        if each.type == "orderUpdates"
        for row in each.data
    ]
    assert heard == [(new, "open"), (old, "canceled")]


def test_an_order_that_is_gone_cannot_be_modified_and_a_bad_change_leaves_the_old():
    desk = Desk()
    old = oids(desk.order(limit(True, "90000", "0.01", cloid=CLOID)))[0]

    def change(oid, order):
        return desk.act({"type": "modify", "oid": oid, "order": order})

    gone = change(5, limit(True, "91000", "0.01"))
    assert gone == {"status": "err", "response": "Cannot modify canceled or filled order"}
    assert "tick size" in change(CLOID, limit(True, "91000.5", "0.01"))["response"]
    assert desk.open_oids() == [old]
    assert desk.status(CLOID) == "open"
    assert change(CLOID, limit(True, "91000", "0.01"))["response"] == {"type": "default"}


def test_a_refused_order_does_not_hide_the_open_one_of_its_cloid():
    desk = Desk()
    oid = oids(desk.order(limit(True, "90000", "0.01", cloid=CLOID)))[0]

    assert "error" in desk.order(limit(True, "90000", "0.0001", cloid=CLOID))[0]

    assert desk.info("orderStatus", oid=CLOID)["order"]["order"]["oid"] == oid
    by_cloid = {"type": "cancelByCloid", "cancels": [{"asset": 0, "cloid": CLOID}]}
    assert desk.act(by_cloid)["response"]["data"]["statuses"] == ["success"]


def test_planned_refusals_hit_only_their_kind():
    desk = Desk()
    desk.order(limit(True, "100100", "0.02", "Ioc"))
    desk.venue.outsiders.refuse_orders(refusals.TPSL, 2, triggers=True)
    stop = trigger(False, "90000", "0.02", price="80000")

    assert "resting" in desk.order(limit(True, "90000", "0.01"))[0]
    texts = [next(iter(desk.order(stop)[0])) for _ in range(3)]

    assert texts == ["error", "error", "resting"]


def test_open_interest_that_is_capped_refuses_what_opens():
    desk = Desk()
    desk.order(limit(True, "100100", "0.02", "Ioc"))
    desk.venue.outsiders.cap_open_interest("BTC")

    assert "open interest" in desk.order(limit(True, "100100", "0.02", "Ioc"))[0]["error"]
    assert "filled" in desk.order(limit(False, "99000", "0.02", "Ioc"))[0]


def test_a_coin_that_is_delisted_ends_its_orders_and_takes_no_more():
    from attrs import evolve

    desk = Desk()
    oid = oids(desk.order(limit(True, "90000", "0.01")))[0]

    desk.venue.list_assets([evolve(BTC, is_delisted=True)])

    assert desk.status(oid) == "delistedCanceled"
    assert "error" in desk.order(limit(True, "90000", "0.01"))[0]


def test_from_a_thousand_open_orders_on_triggers_are_refused():
    desk = Desk(usd=D(10_000_000))
    for _ in range(10):
        desk.order(*[limit(True, "90000", "0.001") for _ in range(100)])
    desk.venue.outsiders.trade(desk.user, "BTC", D("0.1"))

    assert "Too many" in desk.order(limit(True, "90000", "0.001"))[0]["error"]
    assert "Too many" in desk.order(trigger(False, "90000", "0.001"))[0]["error"]
    assert "filled" in desk.venue.outsiders.close(desk.user, "BTC")


@pytest.mark.parametrize(("is_growing", "fee"), [(False, "0.270009"), (True, "0.027")])
def test_fees_of_a_builders_dex_are_its_own(is_growing, fee):
    # 1 x 300.01 x 4.5 bps x 2, and a tenth of that in growth mode
    desk = Desk(mode="unifiedAccount")
    desk.venue.list_assets([evolve(TSLA, is_growing=is_growing)])
    desk.tick()
    desk.order({**limit(True, "310", "1", "Ioc"), "a": 110_000})
    assert desk.info("userFills")[0]["fee"] == fee
