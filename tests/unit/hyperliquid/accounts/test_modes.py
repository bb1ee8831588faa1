from __future__ import annotations

import pytest
from hyperliquid.utils import signing
from hyperliquid_desk import START, D, Desk, limit

MODES = ("default", "disabled", "unifiedAccount", "portfolioMargin", "dexAbstraction")


def equity(desk):
    """Return what an adapter must find in each mode."""
    spot = {each["coin"]: each for each in desk.info("spotClearinghouseState")["balances"]}
    usdc = D(spot["USDC"]["total"])
    if desk.info("userAbstraction") in {"unifiedAccount", "portfolioMargin"}:
        return usdc
    dexes = (desk.info("clearinghouseState", dex=dex) for dex in ("", "xyz"))
    return usdc + sum(D(each["marginSummary"]["accountValue"]) for each in dexes)


def traded(mode):
    desk = Desk(mode=mode)
    if mode in {"default", "disabled"}:
        send(desk, "", "xyz", "1000")
    desk.order(limit(True, "100100", "0.1", "Ioc"))
    leverage = {"type": "updateLeverage", "asset": 110_000, "isCross": False, "leverage": 5}
    assert desk.act(leverage)["status"] == "ok"
    assert "filled" in desk.order(limit(True, "301", "10", "Ioc", asset=110_000))[0]
    desk.order(limit(True, "90000", "0.1"))
    desk.tick(1, BTC=101_000, **{"xyz:TSLA": 305})
    return desk


def send(desk, source, target, amount):
    desk.nonce += 1
    action = {
        "type": "sendAsset",
        "destination": desk.wallet.address,
        "sourceDex": source,
        "destinationDex": target,
        "token": "USDC",
        "amount": amount,
        "fromSubAccount": "",
        "nonce": desk.nonce,
    }
    signature = signing.sign_send_asset_action(desk.wallet, action, False)
    body = {"action": action, "nonce": desk.nonce, "signature": signature}
    return desk.venue.act(body, desk.now).body


@pytest.mark.parametrize("mode", MODES)
def test_equity_is_where_the_mode_reports_it(mode):
    desk = traded(mode)

    fees = sum(D(each["fee"]) for each in desk.info("userFills"))
    gain = D("0.1") * (101_000 - 100_001) + 10 * (305 - D("300.01"))

    assert desk.info("userAbstraction") == mode
    assert equity(desk) == 10_000 + gain - fees
    assert desk.venue.state.worth(desk.account) == equity(desk)


@pytest.mark.parametrize("mode", ["unifiedAccount", "portfolioMargin"])
def test_the_perp_summary_of_unified_modes_is_not_the_equity(mode):
    desk = traded(mode)
    spot = desk.info("spotClearinghouseState")
    usdc = spot["balances"][0]
    states = [desk.info("clearinghouseState", dex=dex) for dex in ("", "xyz")]
    used = sum(D(each["marginSummary"]["totalMarginUsed"]) for each in states)

    assert sum(D(each["marginSummary"]["accountValue"]) for each in states) == used
    reserved = D(90_000) * D("0.1") / 20
    assert D(usdc["hold"]) == used + reserved
    assert 0 < used < D(usdc["total"])
    assert states[0]["withdrawable"] == "0.0"
    free = D(usdc["total"]) - D(usdc["hold"])
    data = desk.info("activeAssetData", coin="BTC")
    assert D(data["availableToTrade"][0]) == free
    assert ("portfolioMarginEnabled" in spot) == (mode == "portfolioMargin")


@pytest.mark.parametrize("before", MODES)
@pytest.mark.parametrize("after", MODES)
def test_a_change_of_mode_moves_money_and_loses_none(before, after):
    desk = traded(before)
    desk.venue.outsiders.set_spot(desk.user, "+100", D(0))
    worth = equity(desk)

    desk.venue.outsiders.switch_mode(desk.user, after)

    assert desk.info("userAbstraction") == after
    assert equity(desk) == worth


def test_in_default_mode_dexes_have_purses_of_their_own():
    desk = Desk()
    order = limit(True, "301", "10", "Ioc", asset=110_000)
    assert "Insufficient margin" in desk.order(order)[0]["error"]

    assert send(desk, "", "xyz", "2000")["status"] == "ok"

    assert desk.info("clearinghouseState", dex="xyz")["marginSummary"]["accountValue"] == "2000.0"
    assert "filled" in desk.order(order)[0]
    assert [
        each["position"]["coin"] for each in desk.info("clearinghouseState")["assetPositions"]
    ] == []
    refused = send(desk, "xyz", "", "1900")
    assert refused == {"status": "err", "response": "Insufficient balance for token transfer"}


@pytest.mark.parametrize("mode", ["unifiedAccount", "portfolioMargin", "dexAbstraction"])
def test_where_dexes_share_collateral_one_deposit_is_enough(mode):
    desk = Desk(mode=mode)

    assert "filled" in desk.order(limit(True, "301", "10", "Ioc", asset=110_000))[0]


def class_transfer(desk, amount, to_perp):
    desk.nonce += 1
    action = {
        "type": "usdClassTransfer",
        "amount": amount,
        "toPerp": to_perp,
        "nonce": desk.nonce,
    }
    signature = signing.sign_usd_class_transfer_action(desk.wallet, action, False)
    body = {"action": action, "nonce": desk.nonce, "signature": signature}
    return desk.venue.act(body, desk.now).body


def test_money_goes_between_spot_and_perpetuals_but_not_in_unified_accounts():
    desk = Desk()
    assert class_transfer(desk, "400", False)["status"] == "ok"
    assert desk.info("spotClearinghouseState")["balances"][0]["total"] == "400.0"
    assert class_transfer(desk, "500", True)["status"] == "err"
    assert equity(desk) == 10_000
    delta = desk.info("userNonFundingLedgerUpdates", startTime=0)[-1]["delta"]
    assert delta == {"type": "accountClassTransfer", "usdc": "400.0", "toPerp": False}

    desk.venue.outsiders.switch_mode(desk.user, "unifiedAccount")

    text = "Action disabled when unified account is active"
    assert class_transfer(desk, "1", False)["response"] == text


def test_a_withdrawal_leaves_what_positions_need():
    desk = Desk()
    desk.order(limit(True, "100100", "0.5", "Ioc"))

    def withdraw(amount):
        desk.nonce += 1
        action = {
            "destination": "0x" + "ab" * 20,
            "amount": amount,
            "time": desk.nonce,
            "type": "withdraw3",
        }
        signature = signing.sign_withdraw_from_bridge_action(desk.wallet, action, False)
        body = {"action": action, "nonce": desk.nonce, "signature": signature}
        return desk.venue.act(body, desk.now).body

    # A tenth of 50,000 USD must stay, which is more than the initial margin.
    refused = withdraw("5000")
    assert refused == {"status": "err", "response": "Insufficient balance for withdrawal"}
    assert withdraw("4900")["status"] == "ok"
    assert equity(desk) == D(5_100) - D("22.500225") - D("0.5")


def test_money_sent_arrives():
    desk, other = Desk(), "0x" + "cd" * 20
    action = {"destination": other, "amount": "25", "time": START + 1, "type": "usdSend"}
    signature = signing.sign_usd_transfer_action(desk.wallet, action, False)

    desk.venue.act({"action": action, "nonce": START + 1, "signature": signature}, desk.now)

    assert equity(desk) == 9_975
    spot = desk.info("spotClearinghouseState", user=other)["balances"]
    assert spot == [{"coin": "USDC", "total": "25.0", "hold": "0.0", "token": 0, "entryNtl": "0.0"}]


def test_the_owner_sets_the_mode_and_an_agent_only_from_default():
    desk = Desk()
    action = {
        "type": "userSetAbstraction",
        "user": desk.user,
        "abstraction": "disabled",
        "nonce": START + 1,
    }
    signature = signing.sign_user_set_abstraction_action(desk.wallet, action, False)
    body = {"action": action, "nonce": START + 1, "signature": signature}
    assert desk.venue.act(body, desk.now).body["status"] == "ok"
    assert desk.info("userAbstraction") == "disabled"

    agents = {"type": "agentSetAbstraction", "abstraction": "u"}
    assert desk.act(agents)["status"] == "err"
    desk.venue.outsiders.switch_mode(desk.user, "default")
    assert desk.act(agents)["status"] == "ok"
    assert desk.info("userAbstraction") == "unifiedAccount"


def test_balances_of_outcome_sides_have_no_token():
    desk = Desk()
    desk.venue.outsiders.set_spot(desk.user, "+100000010", D(25))

    row = desk.info("spotClearinghouseState")["balances"][-1]

    assert (row["coin"], "token" in row) == ("+100000010", False)


def test_a_day_of_a_unified_account_has_so_many_actions():
    from nof0_provider_hyperliquid.rehearsal.accounts.state import Rules

    desk = Desk(mode="unifiedAccount", rules=Rules(daily_actions=3))
    free = Desk(mode="disabled", rules=Rules(daily_actions=3))
    for _ in range(3):
        assert desk.act({"type": "noop"})["status"] == "ok"
        assert free.act({"type": "noop"})["status"] == "ok"

    assert desk.act({"type": "noop"})["status"] == "err"
    assert free.act({"type": "noop"})["status"] == "ok"
    desk.tick(86_400)
    assert desk.act({"type": "noop"})["status"] == "ok"


def test_beyond_its_budget_an_address_has_one_action_in_ten_seconds_and_cancels():
    from nof0_provider_hyperliquid.rehearsal.accounts.state import Rules

    desk = Desk(rules=Rules(initial_requests=4))
    first = desk.order(limit(True, "90000", "0.01"), limit(True, "90000", "0.01"))
    assert desk.info("userRateLimit") == {
        "cumVlm": "0.0",
        "nRequestsUsed": 2,
        "nRequestsCap": 4,
        "nRequestsSurplus": 2,
    }
    three = {"type": "order", "orders": [limit(True, "90000", "0.01")] * 3, "grouping": "na"}
    assert desk.act(three)["status"] == "ok", "one is let through"
    text = (
        "Too many cumulative requests sent (8 > 4) for cumulative volume traded $0.00. "
        "Place taker orders to free up 1 request per USDC traded."
    )
    assert desk.act(three)["response"] == text
    assert desk.cancel(first[0]["resting"]["oid"]) == ["success"], "cancels have a higher cap"
    desk.tick(10)
    assert desk.act(three)["status"] == "ok"
