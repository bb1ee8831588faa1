from __future__ import annotations

import pytest
from hyperliquid_desk import D, Desk, limit, oids, trigger

from nof0_provider_hyperliquid.rehearsal.accounts.depth import Depth
from nof0_provider_hyperliquid.rehearsal.accounts.state import Rules

CLOID = "0x" + "0" * 31 + "a"


def long(desk, size="0.02"):
    desk.order(limit(True, "100100", size, "Ioc"))


@pytest.mark.parametrize(
    ("is_buy", "tpsl", "at", "quiet", "fires"),
    [
        (False, "sl", "98000", 98_001, 98_000),
        (False, "tp", "102000", 101_999, 102_000),
        (True, "sl", "102000", 101_999, 102_000),
        (True, "tp", "98000", 98_001, 98_000),
    ],
)
def test_triggers_fire_at_the_mark_on_their_side(is_buy, tpsl, at, quiet, fires):
    desk = Desk()
    desk.order(limit(not is_buy, "99000" if is_buy else "101000", "0.02", "Ioc"))
    bound = "150000" if is_buy else "50000"
    oid = oids(desk.order(trigger(is_buy, at, "0.02", tpsl, price=bound)))[0]

    desk.tick(1, BTC=quiet)
    assert desk.status(oid) == "open"
    desk.tick(1, BTC=fires)

    assert desk.status(oid) == "filled"
    assert desk.position() is None
    shown = desk.info("orderStatus", oid=oid)["order"]["order"]
    assert (shown["triggerCondition"], shown["isTrigger"], shown["sz"]) == (
        "Triggered",
        False,
        "0.0",
    )
    assert shown["limitPx"] == f"{bound}.0", "the slippage limit, not the price of the fill"
    assert shown["orderType"] == ("Stop Market" if tpsl == "sl" else "Take Profit Market")
    statuses = [each["status"] for each in desk.info("historicalOrders")]
    assert statuses[:3] == ["filled", "triggered", "open"]


def test_a_stop_is_shown_with_its_condition():
    desk = Desk()
    long(desk)
    desk.order(trigger(False, "95000", "0.02", price="85000", cloid=CLOID))

    shown = desk.info("frontendOpenOrders")[0]

    assert {key: shown[key] for key in ("triggerCondition", "triggerPx", "isTrigger", "tif")} == {
        "triggerCondition": "Price below 95000",
        "triggerPx": "95000.0",
        "isTrigger": True,
        "tif": None,
    }
    assert (shown["orderType"], shown["reduceOnly"]) == ("Stop Market", True)


@pytest.mark.parametrize(
    ("order", "why"),
    [
        (trigger(False, "95000", "0.02", price="96000"), "less aggressive than its trigger"),
        (trigger(False, "101000", "0.02", price="90000"), "a stop on the wrong side"),
        (trigger(False, "99000", "0.02", "tp", price="90000"), "a target on the wrong side"),
    ],
)
def test_a_trigger_that_makes_no_sense_is_refused(order, why):
    desk = Desk()
    long(desk)

    assert desk.order(order) == [{"error": "Invalid TP/SL price. asset=0"}], why


def test_a_stop_limit_rests_when_it_cannot_match():
    desk = Desk()
    long(desk)
    oid = oids(desk.order(trigger(False, "98000", "0.02", price="97900", market=False)))[0]

    desk.tick(1, BTC=97_000)
    assert desk.status(oid) == "open"
    assert desk.position()["szi"] == "0.02"
    desk.tick(1, BTC=97_950)

    assert desk.status(oid) == "filled"
    assert desk.info("userFills")[0]["px"] == "97900.0"


def test_a_fired_stop_whose_limit_the_market_left_behind_leaves_the_position_open():
    desk = Desk()
    long(desk)
    oid = oids(desk.order(trigger(False, "98000", "0.02", price="97900")))[0]

    desk.tick(1, BTC=90_000)

    assert desk.status(oid) == "iocCancelRejected"
    assert desk.position()["szi"] == "0.02"
    assert desk.open_oids() == []


def test_a_fired_stop_takes_what_there_is_and_the_rest_is_cancelled():
    desk = Desk()
    long(desk)
    oid = oids(desk.order(trigger(False, "98000", "0.02", price="90000")))[0]
    thin = Depth(bids=((D(97_000), D("0.005")),), asks=((D(98_000), D(1)),))

    desk.tick(1, BTC=97_500, books={"BTC": thin})

    assert desk.status(oid) == "canceled"
    assert desk.position()["szi"] == "0.015"


def test_a_stale_stop_fires_against_the_next_position():
    desk = Desk()
    long(desk)
    oid = oids(desk.order(trigger(False, "98000", "0.02", price="88000")))[0]
    desk.venue.outsiders.close(desk.user, "BTC")
    assert desk.open_oids() == [oid], "it belongs to no position"
    long(desk, "0.05")

    desk.tick(1, BTC=97_000)

    assert desk.position()["szi"] == "0.03"


def test_a_stale_stop_without_any_position_ends():
    desk = Desk()
    long(desk)
    oid = oids(desk.order(trigger(False, "98000", "0.02", price="88000")))[0]
    desk.venue.outsiders.close(desk.user, "BTC")

    desk.tick(1, BTC=97_000)

    assert desk.status(oid) == "reduceOnlyCanceled"


# --- brackets -------------------------------------------------------------------------------------

BRACKET = [
    trigger(False, "105000", "0.02", "tp", price="95000"),
    trigger(False, "95000", "0.02", "sl", price="85000"),
]


def test_children_of_a_filled_parent_are_armed_and_one_ends_the_other():
    desk = Desk()

    statuses = desk.order(limit(True, "100100", "0.02", "Ioc"), *BRACKET, grouping="normalTpsl")

    assert "filled" in statuses[0]
    assert statuses[1:] == ["waitingForTrigger", "waitingForTrigger"]
    target, stop = sorted(desk.open_oids())
    desk.tick(1, BTC=105_000)
    assert desk.status(target) == "filled"
    assert desk.status(stop) == "siblingFilledCanceled"


def test_children_of_a_resting_parent_wait_and_are_listed_twice():
    desk = Desk()

    statuses = desk.order(limit(True, "99000", "0.02"), *BRACKET, grouping="normalTpsl")

    assert "resting" in statuses[0]
    assert statuses[1:] == ["waitingForFill", "waitingForFill"]
    rows = desk.info("frontendOpenOrders")
    assert len(rows) == 3
    parent = next(each for each in rows if not each["isTrigger"])
    assert {each["oid"] for each in parent["children"]} == {
        each["oid"] for each in rows if each["isTrigger"]
    }
    desk.tick(1, BTC=94_000)
    assert desk.position() is None, "in one tick: filled, and stopped out"
    assert sorted(each["dir"] for each in desk.info("userFills")) == ["Close Long", "Open Long"]


def test_children_wait_for_the_whole_parent():
    desk = Desk()
    desk.order(limit(True, "99000", "0.02"), *BRACKET, grouping="normalTpsl")
    thin = Depth(bids=((D(98_000), D(1)),), asks=((D(98_990), D("0.01")),))
    desk.tick(1, BTC=98_985, books={"BTC": thin})

    parent = next(each for each in desk.info("frontendOpenOrders") if not each["isTrigger"])

    assert (parent["sz"], len(parent["children"])) == ("0.01", 2)
    assert desk.cancel(parent["oid"]) == ["success"]
    assert desk.open_oids() == [], "children go with a parent that filled in part"
    assert desk.position()["szi"] == "0.01"


def test_a_waiting_child_that_was_cancelled_stays_so():
    desk = Desk()
    desk.order(limit(True, "99000", "0.02"), *BRACKET, grouping="normalTpsl")
    stop = next(
        each for each in desk.info("frontendOpenOrders") if each["orderType"] == "Stop Market"
    )
    assert desk.cancel(stop["oid"]) == ["success"]

    desk.tick(1, BTC=98_000)
    desk.tick(1, BTC=94_000)

    assert desk.status(stop["oid"]) == "canceled"
    assert desk.position()["szi"] == "0.02"


def test_an_ioc_parent_that_fills_in_part_leaves_no_stop():
    desk = Desk()
    thin = Depth(bids=((D(99_999), D(1)),), asks=((D(100_001), D("0.01")),))
    desk.tick(books={"BTC": thin})

    statuses = desk.order(limit(True, "100100", "0.02", "Ioc"), *BRACKET, grouping="normalTpsl")

    assert statuses[0]["filled"]["totalSz"] == "0.01"
    assert desk.position()["szi"] == "0.01"
    assert desk.open_oids() == []


def test_grouped_orders_may_be_answered_by_one_status():
    desk = Desk(rules=Rules(has_short_groups=True))

    statuses = desk.order(limit(True, "100100", "0.02", "Ioc"), *BRACKET, grouping="normalTpsl")

    assert len(statuses) == 1
    assert len(desk.open_oids()) == 2


@pytest.mark.parametrize(
    "child",
    [
        trigger(False, "95000", "0.02", price="85000", reduce=False),
        trigger(False, "95000", "0", price="85000"),
        trigger(True, "95000", "0.02", price="99000"),
        limit(False, "95000", "0.02", reduce=True),
    ],
)
def test_a_wrong_child_fails_the_whole_batch(child):
    desk = Desk()

    statuses = desk.order(limit(True, "100100", "0.02", "Ioc"), child, grouping="normalTpsl")

    assert [list(each) for each in statuses] == [["error"]]
    assert desk.position() is None


def test_a_stop_tied_to_the_position_is_as_large_as_it_is_then():
    desk = Desk()
    long(desk)
    stop = trigger(False, "95000", "0", price="85000")
    oid = oids(desk.order(stop, grouping="positionTpsl"))[0]
    shown = desk.info("frontendOpenOrders")[0]
    assert (shown["sz"], shown["isPositionTpsl"]) == ("0.0", True)
    long(desk, "0.03")

    desk.tick(1, BTC=94_000)

    assert desk.position() is None
    assert desk.info("userFills")[0]["sz"] == "0.05"
    assert desk.status(oid) == "filled"


def test_a_stop_tied_to_the_position_dies_with_it():
    desk = Desk()
    long(desk)
    oid = oids(desk.order(trigger(False, "95000", "0.01", price="85000"), grouping="positionTpsl"))[
        0
    ]

    desk.venue.outsiders.close(desk.user, "BTC")

    assert desk.status(oid) == "reduceOnlyCanceled"


def test_stops_come_before_targets():
    desk = Desk()
    long(desk)
    target = oids(desk.order(trigger(False, "101000", "0.02", "tp", price="85000")))[0]
    stop = oids(desk.order(trigger(False, "99000", "0.02", price="85000")))[0]
    desk.tick(1, BTC=100_000)
    desk.account.live[target].trigger = desk.account.live[stop].trigger.__class__(
        price=D(90_000), is_market=True, tpsl=desk.account.live[target].trigger.tpsl
    )

    desk.tick(1, BTC=98_000)

    assert desk.status(stop) == "filled"
    assert desk.status(target) == "reduceOnlyCanceled"


def test_a_waiting_child_that_is_replaced_still_waits():
    desk = Desk()
    desk.order(limit(True, "99000", "0.02"), *BRACKET, grouping="normalTpsl")
    stop = next(
        each for each in desk.info("frontendOpenOrders") if each["orderType"] == "Stop Market"
    )
    change = trigger(False, "96000", "0.02", price="86000")

    assert desk.act({"type": "modify", "oid": stop["oid"], "order": change})["status"] == "ok"

    parent = next(each for each in desk.info("frontendOpenOrders") if not each["isTrigger"])
    assert sorted(each["triggerPx"] for each in parent["children"]) == ["105000.0", "96000.0"]
    desk.tick(1, BTC=98_000)
    assert desk.position()["szi"] == "0.02"
    desk.tick(1, BTC=95_900)
    assert desk.position() is None
    assert desk.open_oids() == []


# --- scheduled cancels ----------------------------------------------------------------------------


def test_a_scheduled_cancel_takes_stops_too_and_needs_volume():
    desk = Desk(usd=D(1_000_000))
    when = desk.now + 10_000
    body = desk.act({"type": "scheduleCancel", "time": when})
    assert body["response"] == (
        "Cannot set scheduled cancel time until enough volume traded. "
        "Required: $1000000. Traded: $0.00."
    )
    desk.venue.outsiders.trade(desk.user, "BTC", D(11))
    early = desk.act({"type": "scheduleCancel", "time": desk.now + 4_999})
    text = "Scheduled cancel time too early, must be at least 5 seconds from now."
    assert early["response"] == text
    stop = oids(desk.order(trigger(False, "95000", "11", price="85000")))[0]

    assert desk.act({"type": "scheduleCancel", "time": when})["status"] == "ok"
    desk.tick(9.999)
    assert desk.status(stop) == "open"
    desk.tick(0.001)

    assert desk.status(stop) == "scheduledCancel"
    assert desk.position()["szi"] == "11.0", "and the position is left without a stop"


def test_a_scheduled_cancel_can_be_taken_back():
    desk = Desk(usd=D(1_000_000))
    desk.venue.outsiders.trade(desk.user, "BTC", D(11))
    oid = oids(desk.order(limit(True, "90000", "0.01")))[0]
    desk.act({"type": "scheduleCancel", "time": desk.now + 5_000})

    desk.act({"type": "scheduleCancel"})
    desk.tick(60)

    assert desk.status(oid) == "open"
