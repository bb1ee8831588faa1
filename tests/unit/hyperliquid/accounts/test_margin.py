from __future__ import annotations

import csv
from pathlib import Path

import pytest
from hyperliquid_desk import BTC, ETH, D, Desk, limit, oids, trigger

from nof0_core.money import EXACT, exactly
from nof0_provider_hyperliquid.rehearsal.accounts.account import Account, Mode
from nof0_provider_hyperliquid.rehearsal.accounts.margin import liquidation_price, maintenance
from nof0_provider_hyperliquid.rehearsal.accounts.position import Margining, Position
from nof0_provider_hyperliquid.rehearsal.assets import Asset

DATA = Path(__file__).parents[3] / "data" / "hyperliquid"
with (DATA / "liquidation_vectors.csv").open() as file:
    VECTORS = list(csv.DictReader(file))


@exactly
@pytest.mark.parametrize("row", VECTORS, ids=range(len(VECTORS)))
def test_the_venues_own_liquidation_prices_are_reproduced(row):
    asset = Asset(index=0, name=row["coin"], sz_decimals=5, max_leverage=int(row["max_leverage"]))
    side = 1 if row["side"] == "long" else -1
    size, entry, held = (D(row[key]) for key in ("size", "entry_px", "isolated_margin_usd"))
    cost = side * size * entry
    position = Position(
        asset=asset,
        margining=Margining(False, int(row["leverage"])),
        szi=side * size,
        cost=cost,
        raw=held - cost,
    )
    account = Account(address="0x", mode=Mode.DEFAULT, rates=(D(0), D(0)))

    found = liquidation_price(account, position, {row["coin"]: entry})

    venue = D(row["venue_liquidation_px"])
    # The recorded margins are those of the moment of reading, not of entry: hence not exact.
    assert abs(found - venue) < entry * D("3.5E-5")


@exactly
def test_the_documented_example_of_an_isolated_position():
    position = Position(
        asset=Asset(index=1, name="ETH", sz_decimals=4, max_leverage=50),
        margining=Margining(False, 20),
        szi=D("0.0335"),
        cost=D("0.0335") * D("2986.3"),
        raw=D("-95.059824"),
    )
    account = Account(address="0x", mode=Mode.DEFAULT, rates=(D(0), D(0)))
    mark = D("100.02765") / D("0.0335")

    found = liquidation_price(account, position, {"ETH": mark})

    assert abs(found - D("2866.26936529")) < D("2E-5")
    assert position.initial(mark).quantize(D("1E-6")) == D("4.967826")


@exactly
def test_maintenance_is_continuous_across_tiers():
    edge, step = D(150_000_000), D("0.01")
    assert maintenance(BTC, D(1_000_000)) == D(12_500)
    below, at = maintenance(BTC, edge - step), maintenance(BTC, edge)
    assert EXACT.subtract(at, below) == step * D("0.0125")
    assert maintenance(BTC, edge * 2) == edge * D("0.0125") + edge * D("0.025")


def test_a_cross_position_as_the_venue_tells_it():
    desk = Desk()
    desk.order(limit(True, "100100", "0.1", "Ioc"))
    desk.tick(1, BTC=101_000)

    state = desk.info("clearinghouseState")
    held = state["assetPositions"][0]["position"]

    assert held == {
        "coin": "BTC",
        "szi": "0.1",
        "leverage": {"type": "cross", "value": 20},
        "entryPx": "100001.0",
        "positionValue": "10100.0",
        "unrealizedPnl": "99.9",
        "returnOnEquity": "0.199798",
        "liquidationPx": held["liquidationPx"],
        "marginUsed": "505.0",
        "maxLeverage": 40,
        "cumFunding": {"allTime": "0.0", "sinceOpen": "0.0", "sinceChange": "0.0"},
    }
    value = D(state["marginSummary"]["accountValue"])
    assert value == D(10_000) + D("99.9") - D("4.500045")
    assert D(state["withdrawable"]) == value - 505
    assert state["crossMaintenanceMarginUsed"] == "126.25"
    expected = 101_000 - (value - D("126.25")) / D("0.1") / (1 - D("0.0125"))
    assert abs(D(held["liquidationPx"]) - expected) < D("1E-7")


def test_leverage_is_checked_against_the_tier_and_the_coin():
    desk = Desk()

    def update(asset, leverage, is_cross=True):
        action = {"type": "updateLeverage", "asset": asset, "isCross": is_cross}
        return desk.act({**action, "leverage": leverage})["response"]

    assert update(0, 41) == "Invalid leverage value"
    assert update(0, 0) == "Invalid leverage value"
    assert update(4, 3) == "Cross margin is not allowed for this asset."
    assert update(0, 40) == {"type": "default"}
    desk.order(limit(True, "100100", "1", "Ioc"))
    assert update(0, 40, is_cross=False) == "Cannot switch leverage type with open position."
    assert update(0, 5).startswith("Cross position does not have sufficient margin available")
    assert update(0, 20) == {"type": "default"}
    assert desk.position()["leverage"] == {"type": "cross", "value": 20}
    assert desk.info("activeAssetData", coin="BTC")["leverage"]["value"] == 20


def test_an_open_order_binds_the_margin_mode_too():
    desk = Desk()
    desk.order(limit(True, "90000", "0.01"))

    action = {"type": "updateLeverage", "asset": 0, "isCross": False, "leverage": 10}

    assert "Cannot switch" in desk.act(action)["response"]


def test_too_much_leverage_for_the_tier_is_refused():
    desk = Desk(usd=D(20_000_000))
    desk.act({"type": "updateLeverage", "asset": 0, "isCross": True, "leverage": 40})
    desk.tick(1, usd=D(1_000_000_000))

    text = "Order would cause position to exceed margin tier limit at current leverage asset=0"
    assert desk.order(limit(True, "100100", "1600", "Ioc")) == [{"error": text}]
    assert "filled" in desk.order(limit(True, "100100", "1400", "Ioc"))[0]


def isolated(desk, asset=0, leverage=10):
    action = {"type": "updateLeverage", "asset": asset, "isCross": False, "leverage": leverage}
    assert desk.act(action)["status"] == "ok"


def test_an_isolated_position_pays_its_fee_from_its_margin():
    desk = Desk()
    isolated(desk)
    desk.order(limit(True, "100100", "0.1", "Ioc"))

    held = desk.position()

    margin = D("1000.01") - D("4.500045")
    assert D(held["leverage"]["rawUsd"]) == margin - D("10000.1")
    assert D(held["marginUsed"]) == margin - D("10000.1") + D(10_000)
    state = desk.info("clearinghouseState")
    cross = D(state["crossMarginSummary"]["accountValue"])
    assert cross == D("10000") - D("1000.01")
    assert D(state["marginSummary"]["accountValue"]) == cross + D(held["marginUsed"])


def test_isolated_margin_is_added_and_removed_within_bounds():
    desk = Desk()

    def update(micros, asset=0):
        action = {"type": "updateIsolatedMargin", "asset": asset, "isBuy": True, "ntli": micros}
        return desk.act(action)["response"]

    assert update(1) == "Cannot update margin for empty position."
    desk.order(limit(True, "4010", "1", "Ioc", asset=1))
    assert update(1, asset=1) == "Position does not use isolated margin."
    isolated(desk)
    desk.order(limit(True, "100100", "0.1", "Ioc"))
    assert update(0) == "Update to isolated margin cannot be zero."
    before = D(desk.position()["marginUsed"])
    assert update(500_000_000) == {"type": "default"}
    assert D(desk.position()["marginUsed"]) == before + 500
    assert update(10_000_000_000).startswith("Account does not have sufficient margin")
    assert update(-600_000_000).startswith("Position does not have sufficient margin")
    assert update(-400_000_000) == {"type": "default"}


def test_reducing_an_isolated_position_frees_its_share_of_the_margin():
    desk = Desk()
    isolated(desk)
    desk.order(limit(True, "100100", "0.1", "Ioc"))
    margin = D(desk.position()["leverage"]["rawUsd"]) + D("10000.1")

    desk.order(limit(False, "99000", "0.05", "Ioc"))

    rest = D(desk.position()["leverage"]["rawUsd"]) + D("5000.05")
    assert abs(rest - margin / 2) <= D("1E-6")


def test_resting_orders_hold_margin_back():
    desk = Desk()
    desk.order(limit(True, "90000", "2"))

    assert desk.info("activeAssetData", coin="BTC")["availableToTrade"] == ["1000.0", "1000.0"]
    assert "Insufficient margin" in desk.order(limit(True, "90000", "0.5"))[0]["error"]


def test_a_resting_order_that_has_no_margin_any_more_is_cancelled():
    desk = Desk()
    oid = oids(desk.order(limit(True, "3900", "20", asset=1)))[0]
    desk.order(limit(True, "100100", "1.2", "Ioc"))
    desk.tick(1, BTC=96_000)

    desk.tick(1, ETH=3_890)

    assert desk.status(oid) == "marginCanceled"
    assert desk.position("ETH") is None


# --- liquidation ----------------------------------------------------------------------------------


def test_a_cross_account_is_liquidated_by_the_book_and_its_orders_end():
    desk = Desk(usd=D(1_000))
    desk.order(limit(True, "100100", "0.19", "Ioc"))
    stop = oids(desk.order(trigger(False, "90000", "0.19", price="80000")))[0]
    price = D(desk.position()["liquidationPx"])
    desk.tick(1, BTC=price.to_integral_value() + 10)
    assert desk.position() is not None

    desk.tick(1, BTC=price.to_integral_value() - 2)

    assert desk.position() is None
    fill = desk.info("userFills")[0]
    assert fill["dir"] == "Liquidated Cross Long"
    assert fill["liquidation"]["method"] == "market"
    assert fill["liquidation"]["liquidatedUser"] == desk.user
    assert desk.status(stop) == "liquidatedCanceled"
    delta = desk.info("userNonFundingLedgerUpdates", startTime=0)[-1]["delta"]
    assert (delta["type"], delta["leverageType"]) == ("liquidation", "Cross")
    assert delta["liquidatedPositions"] == [{"coin": "BTC", "szi": "0.19"}]
    assert D(desk.info("clearinghouseState")["marginSummary"]["accountValue"]) > 0


def test_a_large_position_is_first_sold_by_a_fifth():
    desk = Desk(usd=D(10_000))
    desk.order(limit(True, "100100", "1.9", "Ioc"))
    price = D(desk.position()["liquidationPx"]).to_integral_value() - 30
    desk.tick(1, BTC=price, books={"BTC": _wide(price)})
    assert desk.position()["szi"] == "1.52"

    desk.tick(10, BTC=price - 300, books={"BTC": _wide(price - 300)})
    assert desk.position()["szi"] == "1.52", "30 seconds must pass"
    desk.tick(20, BTC=price - 300, books={"BTC": _wide(price - 300)})

    assert desk.position() is None


def _wide(price):
    from nof0_provider_hyperliquid.rehearsal.accounts.depth import Depth

    return Depth(bids=((price - 100, D(50)),), asks=((price + 100, D(50)),))


def test_the_backstop_takes_everything_where_the_book_is_empty():
    from nof0_provider_hyperliquid.rehearsal.accounts.depth import Depth

    desk = Desk(usd=D(1_000))
    desk.order(limit(True, "100100", "0.19", "Ioc"))

    desk.tick(1, BTC=95_500, books={"BTC": Depth()})

    assert desk.position() is None
    assert desk.info("userFills")[0]["liquidation"]["method"] == "backstop"
    summary = desk.info("clearinghouseState")["marginSummary"]
    assert summary["accountValue"] == "0.0", "the maintenance margin is not given back"


def test_an_isolated_position_takes_nothing_but_its_margin_with_it():
    from nof0_provider_hyperliquid.rehearsal.accounts.depth import Depth

    desk = Desk(usd=D(5_000))
    isolated(desk, leverage=40)
    desk.order(limit(True, "100100", "1", "Ioc"))
    desk.order(limit(True, "4010", "0.5", "Ioc", asset=1))
    cross = D(desk.info("clearinghouseState")["crossMarginSummary"]["accountValue"])

    desk.tick(1, BTC=97_000, books={"BTC": Depth()})

    fill = desk.info("userFills")[0]
    assert (fill["coin"], fill["dir"]) == ("BTC", "Liquidated Isolated Long")
    state = desk.info("clearinghouseState")
    assert [each["position"]["coin"] for each in state["assetPositions"]] == ["ETH"]
    assert D(state["crossMarginSummary"]["accountValue"]) == cross


def test_the_other_side_of_a_bankrupt_account_is_deleveraged():
    from nof0_provider_hyperliquid.rehearsal.accounts.depth import Depth

    desk, other = Desk(usd=D(1_000)), "0x" + "cd" * 20
    desk.venue.open_account(other, D(100_000), mode="default")
    desk.order(limit(True, "100100", "0.19", "Ioc"))
    desk.venue.outsiders.trade(other, "BTC", D("-0.3"))

    desk.tick(1, BTC=90_000, books={"BTC": Depth()})

    fill = desk.info("userFills", user=other)[0]
    assert (fill["dir"], fill["sz"], fill["px"], fill["fee"]) == (
        "Auto-Deleveraging",
        "0.19",
        "90000.0",
        "0.0",
    )
    assert fill["hash"] == "0x" + "0" * 64


def test_sizes_that_may_be_traded_are_told_by_side():
    desk = Desk()
    desk.order(limit(True, "4010", "10", "Ioc", asset=1))

    data = desk.info("activeAssetData", coin="ETH")

    buy, sell = (D(each) for each in data["maxTradeSzs"])
    assert sell > buy + 19
    assert data["markPx"] == "4000.0"
    assert ETH.max_leverage >= data["leverage"]["value"]


def test_a_flip_needs_margin_for_what_it_opens():
    desk = Desk(usd=D(1_000))
    desk.act({"type": "updateLeverage", "asset": 0, "isCross": True, "leverage": 20})
    desk.order(limit(True, "100100", "0.15", "Ioc"))
    desk.venue.outsiders.charge(desk.user, D(400))

    flip = desk.order(limit(False, "99000", "0.29", "Ioc"))

    assert flip == [{"error": "Insufficient margin to place order. asset=0"}]
    assert "filled" in desk.order(limit(False, "99000", "0.15", "Ioc"))[0]


def test_what_an_order_holds_back_is_free_for_the_one_in_its_place():
    desk = Desk()
    oid = oids(desk.order(limit(True, "90000", "2")))[0]
    change = {"type": "modify", "oid": oid, "order": limit(True, "91000", "2")}

    assert desk.act(change)["status"] == "ok"


def test_isolated_funding_is_paid_from_the_positions_margin():
    desk = Desk()
    isolated(desk)
    desk.order(limit(True, "100100", "0.1", "Ioc"))
    before = D(desk.position()["leverage"]["rawUsd"])

    desk.tick(3_600)

    assert D(desk.position()["leverage"]["rawUsd"]) == before - D("0.125")
