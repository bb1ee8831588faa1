from __future__ import annotations

import pytest
from attrs import evolve
from hyperliquid_desk import START, D, Desk, limit, oids

from nof0_provider_hyperliquid.rehearsal.accounts.exchange import NULL
from nof0_provider_hyperliquid.rehearsal.accounts.refusals import MalformedError
from nof0_provider_hyperliquid.rehearsal.accounts.state import Rules

HOUR = 3_600_000


def traded(rules=None, count=10):
    desk = Desk(rules=rules)
    for number in range(count):
        desk.tick(1)
        desk.order(limit(number % 2 == 0, "100100" if number % 2 == 0 else "99000", "0.01", "Ioc"))
    return desk


def paged(desk, **more):
    """Page inclusively until nothing new comes."""
    seen, start = {}, 0
    while True:
        rows = desk.info("userFillsByTime", startTime=start, **more)
        fresh = [each for each in rows if (each["time"], each["coin"], each["tid"]) not in seen]
        if not fresh:
            return list(seen.values())
        seen.update({(each["time"], each["coin"], each["tid"]): each for each in fresh})
        start = rows[-1]["time"]


@pytest.mark.parametrize("page", [2, 3, 7, 100])
def test_fills_by_time_come_oldest_first_whatever_the_page(page):
    desk = traded(Rules(fills_page=page))

    rows = paged(desk)

    assert len(rows) == 10
    assert rows == sorted(rows, key=lambda each: each["time"])
    assert len(desk.info("userFillsByTime", startTime=0)) == min(page, 10)
    assert [each["time"] for each in desk.info("userFills")] == sorted(
        (each["time"] for each in rows), reverse=True
    )[:page]


def test_fills_by_time_are_bounded_on_both_sides_inclusively():
    desk = traded()
    all_of_them = desk.info("userFillsByTime", startTime=0)
    start, end = all_of_them[2]["time"], all_of_them[5]["time"]

    rows = desk.info("userFillsByTime", startTime=start, endTime=end)

    assert rows == all_of_them[2:6]
    back = desk.info("userFillsByTime", startTime=start, endTime=end, reversed=True)
    assert back == rows[::-1]


def test_only_the_newest_fills_can_be_reached():
    desk = traded(Rules(fills_reach=4))

    assert len(desk.info("userFillsByTime", startTime=0)) == 4


def test_what_info_says_lies_behind_what_was_done():
    desk = Desk(rules=Rules(info_lag_ms=2_000))
    cloid = "0x" + "0" * 31 + "7"
    oid = oids(desk.order(limit(True, "100100", "0.01", "Ioc", cloid=cloid)))[0]
    resting = oids(desk.order(limit(True, "90000", "0.01")))[0]

    assert desk.status(oid) == desk.status(cloid) == "unknownOid"
    assert desk.info("userFills") == desk.info("openOrders") == []
    assert desk.info("clearinghouseState")["time"] == desk.now - 2_000
    desk.tick(1.999)
    assert desk.status(oid) == "unknownOid"
    desk.tick(0.001)

    assert desk.status(oid) == desk.status(cloid) == "filled"
    assert len(desk.info("userFills")) == 1
    assert desk.open_oids() == [resting]
    desk.cancel(resting)
    assert desk.open_oids() == [resting], "a cancel is seen as late"


def test_orders_have_a_row_for_each_status_newest_first():
    desk = Desk(rules=Rules(orders_page=3))
    first = oids(desk.order(limit(True, "90000", "0.01")))[0]
    desk.tick(1)
    desk.cancel(first)
    desk.tick(1)
    desk.order(limit(True, "90000", "0.01"))

    rows = [(each["order"]["oid"], each["status"]) for each in desk.info("historicalOrders")]

    assert rows == [(first + 1, "open"), (first, "canceled"), (first, "open")]


def test_unknown_orders_are_unknown():
    desk = Desk()

    assert desk.info("orderStatus", oid=5) == {"status": "unknownOid"}
    assert desk.info("orderStatus", oid="0x" + "9" * 32) == {"status": "unknownOid"}


# --- funding --------------------------------------------------------------------------------------


def test_funding_is_paid_on_the_hour_at_the_oracle_price():
    desk = Desk()
    desk.order(limit(True, "100100", "0.1", "Ioc"))
    desk.order(limit(False, "3900", "1", "Ioc", asset=1))
    before = D(desk.info("clearinghouseState")["marginSummary"]["accountValue"])
    desk.tick(3_539.999)
    assert desk.info("userFunding", startTime=0) == []

    events = desk.tick(0.001, oracles={"BTC": D(110_000)})

    btc, eth = desk.info("userFunding", startTime=0)
    assert btc["time"] == START - 60_000 + HOUR
    assert btc["delta"] == {
        "type": "funding",
        "coin": "BTC",
        "usdc": "-0.1375",
        "szi": "0.1",
        "fundingRate": "0.0000125",
        "nSamples": None,
    }
    assert eth["delta"]["usdc"] == "0.05", "a short receives"
    after = D(desk.info("clearinghouseState")["marginSummary"]["accountValue"])
    assert after - before == D("0.05") - D("0.1375")
    assert desk.position()["cumFunding"]["sinceOpen"] == "0.1375"
    heard = [each.data for each in events if each.type == "userFundings"]
    assert [each["fundings"][0]["coin"] for each in heard] == ["BTC", "ETH"]


def test_funding_takes_the_rate_that_is_given():
    desk = Desk()
    desk.order(limit(True, "100100", "0.1", "Ioc"))
    desk.now += HOUR

    desk.venue.tick(
        desk.now, desk.prices, desk.prices, desk.prices, {}, rates={"BTC": D("-0.0003")}
    )

    assert desk.info("userFunding", startTime=0)[0]["delta"]["usdc"] == "3.0"


def test_hours_that_nobody_looked_are_paid_one_by_one_oldest_first():
    desk = Desk(rules=Rules(funding_page=3))
    desk.order(limit(True, "100100", "0.1", "Ioc"))

    desk.tick(5 * 3_600)

    times = [each["time"] for each in desk.info("userFunding", startTime=0)]
    first = START - 60_000 + HOUR
    assert times == [first, first + HOUR, first + 2 * HOUR]
    rest = desk.info("userFunding", startTime=times[-1])
    assert [each["time"] for each in rest] == [times[-1], times[-1] + HOUR, times[-1] + 2 * HOUR]


# --- events ---------------------------------------------------------------------------------------


def test_an_order_that_fills_is_heard_on_each_channel():
    desk = Desk()
    desk.venue.take_events()
    oid = oids(desk.order(limit(True, "100100", "0.01", "Ioc")))[0]

    events = desk.venue.take_events()

    assert [each.type for each in events] == ["userEvents", "userFills", "orderUpdates"]
    assert {each.user for each in events} == {desk.user}
    fill = desk.info("userFills")[0]
    assert events[0].data == {"fills": [fill]}
    assert events[1].data == {"user": desk.user, "fills": [fill]}
    assert events[2].data == [
        {
            "order": {
                "coin": "BTC",
                "side": "B",
                "limitPx": "100100.0",
                "sz": "0.0",
                "oid": oid,
                "timestamp": desk.now,
                "origSz": "0.01",
            },
            "status": "filled",
            "statusTimestamp": desk.now,
        }
    ]
    assert desk.venue.take_events() == []


def test_somebody_else_changes_the_account():
    desk, outsiders = Desk(), None
    outsiders = desk.venue.outsiders

    assert "filled" in outsiders.trade(desk.user.upper().replace("0X", "0x"), "BTC", D("-0.5"))
    outsiders.deleverage(desk.user, "BTC", D("0.2"))
    outsiders.fill(desk.user, "BTC", D("0.1"), D(90_000), "Settlement")
    outsiders.fill(desk.user, "BTC", D("0.1"), D(90_000), "Sideways")
    outsiders.deposit(desk.user, D(500))
    outsiders.withdraw(desk.user, D(200))

    directions = [each["dir"] for each in desk.info("userFills")]
    assert directions == ["Sideways", "Settlement", "Auto-Deleveraging", "Open Short"]
    assert desk.position()["szi"] == "-0.1"
    kinds = [
        each["delta"]["type"] for each in desk.info("userNonFundingLedgerUpdates", startTime=0)
    ]
    assert kinds == ["deposit", "deposit", "withdraw"]
    oid = oids(desk.order(limit(True, "90000", "0.01")))[0]
    assert outsiders.cancel(desk.user, oid)
    assert not outsiders.cancel(desk.user, oid)


# --- other questions ------------------------------------------------------------------------------


def test_questions_about_the_market_are_not_for_accounts():
    assert Desk().venue.info({"type": "meta"}, START) is None


def test_an_account_without_sub_accounts_has_null():
    assert Desk().info("subAccounts") is NULL


def test_an_unknown_address_has_an_empty_account():
    desk, user = Desk(), "0x" + "ef" * 20

    assert desk.info("openOrders", user=user) == desk.info("userFills", user=user) == []
    assert desk.info("userRole", user=user) == {"role": "missing"}
    state = desk.info("clearinghouseState", user=user)
    assert (state["withdrawable"], state["assetPositions"]) == ("0.0", [])
    assert user not in desk.venue.state.accounts


@pytest.mark.parametrize(
    "request_",
    [
        {"type": "openOrders"},
        {"type": "openOrders", "user": "0x12"},
        {"type": "openOrders", "user": "0x" + "g" * 40},
        {"type": "userFillsByTime", "user": "0x" + "1" * 40},
        {"type": "userFunding", "user": "0x" + "1" * 40, "startTime": "1"},
        {"type": "orderStatus", "user": "0x" + "1" * 40},
        {"type": "activeAssetData", "user": "0x" + "1" * 40, "coin": "NOPE"},
        {"type": "clearinghouseState", "user": "0x" + "1" * 40, "dex": 5},
    ],
)
def test_a_question_of_the_wrong_shape_is_not_understood(request_):
    with pytest.raises(MalformedError):
        Desk().venue.info(request_, START)


def test_fees_are_told_and_charged():
    desk = Desk(rules=evolve(Rules(), taker=D("0.001")))
    desk.order(limit(True, "100100", "0.01", "Ioc"))

    fees = desk.info("userFees")

    assert (fees["userCrossRate"], fees["userAddRate"]) == ("0.001", "0.00015")
    assert desk.info("userFills")[0]["fee"] == "1.00001"


def test_fees_are_cut_at_six_decimals():
    desk = Desk()
    desk.order(limit(True, "66653", "0.001", "Alo"))
    desk.tick(1, BTC=66_652)

    assert desk.info("userFills")[0]["fee"] == "0.009997"


def test_a_portfolio_has_eight_windows():
    desk = traded()
    desk.tick(2 * 3_600)

    portfolio = desk.info("portfolio")

    assert [name for name, _ in portfolio] == [
        "day",
        "week",
        "month",
        "allTime",
        "perpDay",
        "perpWeek",
        "perpMonth",
        "perpAllTime",
    ]
    window = portfolio[0][1]
    assert len(window["accountValueHistory"]) == 3
    assert D(window["accountValueHistory"][-1][1]) == desk.venue.state.worth(desk.account)
