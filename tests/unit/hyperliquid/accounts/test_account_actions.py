from __future__ import annotations

import pytest
from eth_account import Account as Wallet
from hyperliquid.utils import signing
from hyperliquid_desk import AGENT_KEY, OTHER_KEY, START, D, Desk, limit, trigger

from nof0_provider_hyperliquid.rehearsal.accounts.refusals import RefusedError

DAY = 86_400_000


def agents(desk, *names):
    for number, name in enumerate(names, start=50):
        desk.venue.outsiders.approve_agent(desk.user, "0x" + f"{number:02d}" * 20, name)


def test_an_account_has_three_named_agents_and_two_more_for_each_sub_account():
    desk = Desk()
    agents(desk, "", "one", "two", "three")

    with pytest.raises(RefusedError, match="Too many"):
        desk.venue.outsiders.approve_agent(desk.user, "0x" + "99" * 20, "four")
    desk.act({"type": "createSubAccount", "name": "second"})
    body_agents = (("0x" + "99" * 20, "four"), ("0x" + "98" * 20, "five"))
    for address, name in body_agents:
        action = {"type": "approveAgent", "agentAddress": address, "agentName": name}
        desk.nonce += 1
        action["nonce"] = desk.nonce
        signature = signing.sign_agent(desk.wallet, action, False)
        body = {"action": action, "nonce": desk.nonce, "signature": signature}
        assert desk.venue.act(body, desk.now).body["status"] == "ok"
    assert len(desk.info("extraAgents")) == 5


@pytest.mark.parametrize(
    "name",
    [
        "a name that is too long",
        f"bot valid_until {START}",
        f"bot valid_until {START + 181 * DAY}",
        "bot valid_until soon",
    ],
)
def test_a_name_or_life_that_is_not_allowed_is_refused(name):
    desk = Desk()

    with pytest.raises(RefusedError):
        desk.venue.outsiders.approve_agent(desk.user, "0x" + "99" * 20, name)

    assert desk.info("extraAgents") == []


def test_a_key_is_one_accounts_agent_only():
    desk = Desk()
    other = Wallet.from_key(OTHER_KEY).address
    desk.venue.open_account(other, D(10))
    agent = Wallet.from_key(AGENT_KEY).address
    desk.venue.outsiders.approve_agent(desk.user, agent, "bot")
    desk.venue.outsiders.approve_agent(desk.user, agent, f"bot valid_until {START + DAY}")

    with pytest.raises(RefusedError, match="already used"):
        desk.venue.outsiders.approve_agent(other, agent, "bot")


def test_an_agent_that_replaces_itself_under_another_name_is_refused():
    desk = Desk()
    agents(desk, "one")

    with pytest.raises(RefusedError):
        agents(desk, "two")


def test_sub_accounts_have_names_of_their_own_and_one_owner():
    desk = Desk()
    assert desk.act({"type": "createSubAccount", "name": "second"})["status"] == "ok"
    again = desk.act({"type": "createSubAccount", "name": "second"})
    assert again["response"] == "Sub-account name already used: second"
    stranger = {"type": "subAccountTransfer", "subAccountUser": "0x" + "ef" * 20}
    body = desk.act({**stranger, "isDeposit": True, "usd": 1})
    assert body["response"].startswith("Invalid sub-account")
    long_name = desk.envelope({"type": "createSubAccount", "name": "n" * 17})
    assert desk.venue.act(long_name, desk.now).status == 422


def test_requests_can_be_bought():
    desk = Desk()

    assert desk.act({"type": "reserveRequestWeight", "weight": 1_000})["status"] == "ok"

    assert desk.info("userRateLimit")["nRequestsCap"] == 11_000
    assert desk.info("clearinghouseState")["withdrawable"] == "9999.5"
    dear = desk.act({"type": "reserveRequestWeight", "weight": 100_000_000})
    assert dear["response"].startswith("Insufficient balance")


def test_dex_abstraction_is_switched_on_by_an_agents_action_and_off_by_the_owner():
    desk = Desk()
    assert desk.act({"type": "agentEnableDexAbstraction"})["status"] == "ok"
    assert desk.info("userAbstraction") == "dexAbstraction"
    action = {"type": "userDexAbstraction", "user": desk.user, "enabled": False}
    action["nonce"] = START + 9
    signature = signing.sign_user_dex_abstraction_action(desk.wallet, action, False)

    desk.venue.act({"action": action, "nonce": START + 9, "signature": signature}, desk.now)

    assert desk.info("userAbstraction") == "disabled"


def send(desk, target, source="", place="", amount="5"):
    desk.nonce += 1
    action = {
        "type": "sendAsset",
        "destination": target,
        "sourceDex": source,
        "destinationDex": place,
        "token": "USDC",
        "amount": amount,
        "fromSubAccount": "",
        "nonce": desk.nonce,
    }
    signature = signing.sign_send_asset_action(desk.wallet, action, False)
    body = {"action": action, "nonce": desk.nonce, "signature": signature}
    return desk.venue.act(body, desk.now).body


def test_collateral_goes_between_spot_dexes_and_people():
    desk, other = Desk(), "0x" + "cd" * 20

    assert send(desk, desk.user, "", "spot")["status"] == "ok"
    assert desk.info("spotClearinghouseState")["balances"][0]["total"] == "5.0"
    assert send(desk, desk.user, "spot", "xyz")["status"] == "ok"
    assert desk.info("clearinghouseState", dex="xyz")["withdrawable"] == "5.0"
    assert send(desk, other)["status"] == "ok"
    assert desk.info("clearinghouseState")["withdrawable"] == "9990.0"
    assert send(desk, desk.user, "", "nowhere")["response"] == "Invalid dex: nowhere"
    assert send(desk, desk.user, "spot", "")["status"] == "err"


def test_class_transfers_may_name_a_sub_account():
    desk = Desk(mode="default")
    sub = desk.act({"type": "createSubAccount", "name": "second"})["response"]["data"]
    desk.venue.outsiders.deposit(sub, D(100))
    action = {
        "type": "usdClassTransfer",
        "amount": f"40 subaccount:{sub}",
        "toPerp": False,
        "nonce": START + 9,
    }
    signature = signing.sign_usd_class_transfer_action(desk.wallet, action, False)

    desk.venue.act({"action": action, "nonce": START + 9, "signature": signature}, desk.now)

    assert desk.info("clearinghouseState", user=sub)["withdrawable"] == "60.0"


def test_priority_is_for_batches_of_one_kind():
    desk = Desk()
    ioc, resting = limit(True, "100100", "0.01", "Ioc"), limit(True, "90000", "0.01")

    assert "filled" in desk.order(ioc, ioc, grouping={"p": 10})[0]
    assert desk.order(ioc, resting, grouping={"p": 10})[0]["error"].startswith("Priority")
    wrong = {"type": "order", "orders": [ioc], "grouping": "both"}
    assert desk.venue.act(desk.envelope(wrong), desk.now).status == 422


def test_a_position_tied_order_is_a_reduce_only_trigger():
    desk = Desk()
    desk.order(limit(True, "100100", "0.01", "Ioc"))
    wrong = limit(False, "110000", "0.01", reduce=True)

    assert "error" in desk.order(wrong, grouping="positionTpsl")[0]
    assert "error" in desk.order(limit(True, "1", "1"), grouping="normalTpsl")[0]
    parent = trigger(False, "95000", "0.01", price="85000")
    assert "Main order" in desk.order(parent, grouping="normalTpsl")[0]["error"]


def test_a_fast_cancel_leaves_triggers_alone():
    desk = Desk()
    desk.order(limit(True, "100100", "0.01", "Ioc"))
    stop = desk.order(trigger(False, "95000", "0.01", price="85000"))[0]["resting"]["oid"]
    plain = desk.order(limit(True, "90000", "0.01"))[0]["resting"]["oid"]
    cancels = [{"a": 0, "o": stop}, {"a": 0, "o": plain}]

    body = desk.act({"type": "cancel", "cancels": cancels, "f": True})

    first, second = body["response"]["data"]["statuses"]
    assert (list(first), second) == (["error"], "success")
    assert desk.open_oids() == [stop]


@pytest.mark.parametrize(
    "action",
    [
        {"type": "cancel", "cancels": [{"a": 0}]},
        {"type": "cancel", "cancels": {}},
        {"type": "cancelByCloid", "cancels": [{"asset": 0, "cloid": "1"}]},
        {"type": "batchModify", "modifies": [{"oid": 1}]},
        {"type": "updateLeverage", "asset": 0, "isCross": True, "leverage": 5.0},
        {"type": "updateLeverage", "asset": 0, "isCross": 1, "leverage": 5},
        {"type": "updateIsolatedMargin", "asset": 0, "isBuy": True, "ntli": "1"},
        {"type": "scheduleCancel", "time": "soon"},
        {"type": "reserveRequestWeight", "weight": 0},
        {"type": "twapOrder"},
    ],
)
def test_an_action_of_the_wrong_shape_gets_422(action):
    desk = Desk()

    assert desk.venue.act(desk.envelope(action), desk.now).status == 422


@pytest.mark.parametrize("kind", ["updateLeverage", "order"])
def test_an_asset_that_is_not_listed_is_refused(kind):
    desk = Desk()
    if kind == "order":
        assert desk.order(limit(True, "1", "20", asset=99))[0]["error"].endswith("asset=99")
    else:
        action = {"type": kind, "asset": 99, "isCross": True, "leverage": 5}
        assert desk.act(action)["status"] == "err"


def test_a_margin_mode_cannot_be_lowered_where_the_isolated_margin_is_short():
    desk = Desk()
    action = {"type": "updateLeverage", "asset": 0, "isCross": False}
    desk.act({**action, "leverage": 10})
    desk.order(limit(True, "100100", "0.1", "Ioc"))

    assert desk.act({**action, "leverage": 5})["response"].startswith("Isolated position does not")
    assert desk.act({**action, "leverage": 20})["status"] == "ok"


def test_somebody_trades_any_coin_by_hand():
    desk = Desk()
    for coin in ("BTC", "ETH", "DOGE", "GRASS"):
        for signed in (D(100), D(-200)):
            size = signed if coin in {"DOGE", "GRASS"} else signed / 1000
            assert "filled" in desk.venue.outsiders.trade(desk.user, coin, size), coin
        desk.venue.outsiders.close(desk.user, coin)
    assert desk.account.positions == {}
