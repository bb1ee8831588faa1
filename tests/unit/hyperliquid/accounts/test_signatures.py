from __future__ import annotations

import json
from pathlib import Path

import pytest
from eth_account import Account as Wallet
from hyperliquid.utils import signing
from hyperliquid_desk import AGENT_KEY, KEY, OTHER_KEY, START, D, Desk, limit

from nof0_provider_hyperliquid.rehearsal.accounts.envelope import opened
from nof0_provider_hyperliquid.rehearsal.accounts.signers import signer

SAMPLES = Path(__file__).parents[3] / "data" / "hyperliquid" / "samples"
VECTORS = json.loads((SAMPLES / "signing_vectors.json").read_text())["vectors"]
DAY = 86_400_000


@pytest.mark.parametrize("vector", VECTORS, ids=range(len(VECTORS)))
def test_the_signer_of_a_vector_is_found(vector):
    wallet = Wallet.from_key(vector["key"])
    parts = (vector["action"], vector["vaultAddress"], vector["nonce"], vector["expiresAfter"])
    signed = signing.sign_l1_action(wallet, *parts, False)
    body = {
        "action": vector["action"],
        "nonce": vector["nonce"],
        "signature": vector.get("testnet", signed),
        "vaultAddress": vector["vaultAddress"],
        "expiresAfter": vector["expiresAfter"],
    }

    assert signer(opened(json.loads(json.dumps(body)))) == wallet.address.lower()
    mainnet = {**body, "signature": vector["mainnet"]}
    assert signer(opened(mainnet)) != wallet.address.lower()


def test_a_stranger_is_told_the_address_that_signed():
    desk = Desk()
    stranger = Wallet.from_key(OTHER_KEY)

    body = desk.act({"type": "noop"}, wallet=stranger)

    address = stranger.address.lower()
    text = f"User or API Wallet {address} does not exist."
    assert body == {"status": "err", "response": text}


def test_keys_in_another_order_are_another_signature():
    desk = Desk()
    envelope = desk.envelope({"type": "order", "orders": [], "grouping": "na"})
    envelope["action"] = dict(reversed(envelope["action"].items()))

    answer = desk.venue.act(envelope, desk.now)

    assert "does not exist" in answer.body["response"]


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"action": {}},
        {"action": {"type": "noop"}, "nonce": 1},
        {"action": {"type": "noop"}, "nonce": 1, "signature": {"r": "0x1", "s": "0x1"}},
        {"action": {"type": "fly"}, "nonce": 1, "signature": {"r": "0x1", "s": "0x1", "v": 27}},
        {"action": {"type": 5}, "nonce": 1, "signature": {"r": "0x1", "s": "0x1", "v": 27}},
    ],
)
def test_what_is_no_envelope_gets_422(body):
    answer = Desk().venue.act(body, START)

    assert answer.status == 422
    assert answer.body.startswith("Failed to deserialize the JSON body into the target type")


@pytest.mark.parametrize("r", ["0x0", "zz", "0x" + "ff" * 32])
def test_an_impossible_signature_has_no_signer(r):
    desk = Desk()
    envelope = desk.envelope({"type": "noop"})
    envelope["signature"]["r"] = r

    answer = desk.venue.act(envelope, desk.now)

    assert answer.body == {"status": "err", "response": "Unable to recover signer."}


@pytest.mark.parametrize(
    "wrong",
    [
        {"a": "0"},
        {"b": 1},
        {"p": 100.5},
        {"p": "-1"},
        {"p": "1e5"},
        {"s": "NaN"},
        {"r": None},
        {"t": {"limit": {"tif": "Fok"}}},
        {"t": {"limit": {"tif": "LiquidationMarket"}}},
        {"t": {"trigger": {"isMarket": True, "triggerPx": "1", "tpsl": "up"}}},
        {"c": "0x12"},
        {"c": "0x" + "g" * 32},
    ],
)
def test_an_order_of_the_wrong_shape_gets_422(wrong):
    desk = Desk()
    action = {"type": "order", "orders": [{**limit(True, "90000", "0.01"), **wrong}]}

    answer = desk.venue.act(desk.envelope({**action, "grouping": "na"}), desk.now)

    assert answer.status == 422
    assert desk.act({"type": "noop"}, nonce=desk.nonce)["status"] == "ok", "no nonce is used"


# --- nonces ---------------------------------------------------------------------------------------


def test_a_nonce_is_used_once():
    desk = Desk()
    order = {"type": "order", "orders": [limit(True, "90000", "0.01")], "grouping": "na"}
    envelope = desk.envelope(order, nonce=START + 5)

    assert desk.venue.act(envelope, START).body["status"] == "ok"
    again = desk.venue.act(envelope, START).body

    text = f"Invalid nonce: duplicate nonce {START + 5}"
    assert again == {"status": "err", "response": text}
    assert len(desk.open_oids()) == 1


def test_a_noop_closes_a_nonce_before_its_order_arrives():
    desk = Desk()
    order = {"type": "order", "orders": [limit(True, "90000", "0.01")], "grouping": "na"}
    late = desk.envelope(order, nonce=START + 5)

    assert desk.act({"type": "noop"}, nonce=START + 5)["response"] == {"type": "default"}

    assert "duplicate nonce" in desk.venue.act(late, START).body["response"]
    assert desk.open_oids() == []


def test_a_noop_after_its_order_hears_of_the_duplicate():
    desk = Desk()
    desk.order(limit(True, "90000", "0.01"), nonce=START + 5)

    body = desk.act({"type": "noop"}, nonce=START + 5)

    assert body["response"] == f"Invalid nonce: duplicate nonce {START + 5}"


def test_only_the_hundred_highest_nonces_are_kept():
    desk = Desk()
    for number in range(101):
        desk.act({"type": "noop"}, nonce=START + 10 * number)

    low = desk.act({"type": "noop"}, nonce=START + 9)["response"]
    least = START + 10 + 1
    assert low == f"Invalid nonce: nonce too low {START + 9} < {least}"
    assert desk.act({"type": "noop"}, nonce=START + 15)["status"] == "ok"


def test_nonces_lie_between_two_days_ago_and_tomorrow():
    desk = Desk()

    def refused(nonce):
        return desk.act({"type": "noop"}, nonce=nonce)["status"] == "err"

    assert refused(START - 2 * DAY)
    assert refused(START + DAY)
    assert not refused(START - 2 * DAY + 1)
    assert not refused(START + DAY - 1)


def test_signers_have_nonces_of_their_own():
    desk = Desk()
    agent = Wallet.from_key(AGENT_KEY)
    desk.venue.outsiders.approve_agent(desk.user, agent.address)

    assert desk.act({"type": "noop"}, nonce=START + 1)["status"] == "ok"
    assert desk.act({"type": "noop"}, nonce=START + 1, wallet=agent)["status"] == "ok"


def test_what_expired_is_refused_and_costs_five():
    desk = Desk()
    desk.act({"type": "noop"}, expires=START)
    assert desk.info("userRateLimit")["nRequestsUsed"] == 1
    desk.now += 1

    body = desk.act({"type": "noop"}, expires=START)

    assert body == {"status": "err", "response": "Action already expired"}
    assert desk.info("userRateLimit")["nRequestsUsed"] == 6


# --- agents, vaults, sub-accounts -----------------------------------------------------------------


def test_an_agent_trades_for_its_master_until_it_is_replaced():
    desk = Desk()
    agent, next_one = Wallet.from_key(AGENT_KEY), Wallet.from_key("0x" + "44" * 32)
    desk.venue.outsiders.approve_agent(desk.user, agent.address, "bot")

    assert "resting" in desk.order(limit(True, "90000", "0.01"), wallet=agent)[0]
    assert len(desk.open_oids()) == 1
    role = {"role": "agent", "data": {"user": desk.user}}
    assert desk.info("userRole", user=agent.address) == role
    assert [each["name"] for each in desk.info("extraAgents")] == ["bot"]

    desk.venue.outsiders.approve_agent(desk.user, next_one.address, "bot")

    assert "does not exist" in desk.act({"type": "noop"}, wallet=agent)["response"]
    assert desk.act({"type": "noop"}, wallet=next_one)["status"] == "ok"


def test_an_agent_expires():
    desk = Desk()
    agent = Wallet.from_key(AGENT_KEY)
    until = START + 60_000
    desk.venue.outsiders.approve_agent(desk.user, agent.address, f"bot valid_until {until}")
    assert desk.info("extraAgents")[0] == {
        "name": "bot",
        "address": agent.address.lower(),
        "validUntil": until,
    }
    desk.tick(59.999)
    assert desk.act({"type": "noop"}, wallet=agent)["status"] == "ok"

    desk.tick(0.001)

    assert "does not exist" in desk.act({"type": "noop"}, wallet=agent)["response"]
    assert desk.info("userRole", user=agent.address) == {"role": "missing"}


def test_unnamed_agents_are_not_listed_but_have_their_role():
    desk = Desk()
    agent = Wallet.from_key(AGENT_KEY)
    desk.venue.outsiders.approve_agent(desk.user, agent.address)

    assert desk.info("extraAgents") == []
    assert desk.info("userRole", user=agent.address)["role"] == "agent"


def test_an_agent_has_an_account_of_its_own_that_is_empty():
    desk = Desk()
    agent = Wallet.from_key(AGENT_KEY)
    desk.venue.outsiders.approve_agent(desk.user, agent.address)

    state = desk.info("clearinghouseState", user=agent.address)

    assert state["marginSummary"]["accountValue"] == "0.0"


def test_the_owner_approves_an_agent_by_signature():
    desk = Desk()
    agent = Wallet.from_key(AGENT_KEY)
    action = {
        "type": "approveAgent",
        "agentAddress": agent.address,
        "agentName": "",
        "nonce": START + 1,
    }
    signature = signing.sign_agent(desk.wallet, action, False)
    del action["agentName"]
    body = {"action": action, "nonce": START + 1, "signature": signature}

    assert desk.venue.act(body, START).body["status"] == "ok"

    assert desk.act({"type": "noop"}, wallet=agent)["status"] == "ok"


def test_an_agent_cannot_move_money_out():
    desk = Desk()
    agent = Wallet.from_key(AGENT_KEY)
    desk.venue.outsiders.approve_agent(desk.user, agent.address)
    action = {"destination": "0x" + "ab" * 20, "amount": "5", "time": START, "type": "usdSend"}
    signature = signing.sign_usd_transfer_action(agent, action, False)

    body = {"action": action, "nonce": START, "signature": signature}

    assert "does not exist" in desk.venue.act(body, START).body["response"]


def test_the_inner_nonce_must_be_the_outer_one():
    desk = Desk()
    action = {"destination": "0x" + "ab" * 20, "amount": "5", "time": START, "type": "usdSend"}
    signature = signing.sign_usd_transfer_action(desk.wallet, action, False)

    body = {"action": action, "nonce": START + 1, "signature": signature}

    assert desk.venue.act(body, START).status == 422


def test_a_sub_account_is_acted_for_by_its_master_and_the_masters_agent():
    desk = Desk()
    agent = Wallet.from_key(AGENT_KEY)
    desk.venue.outsiders.approve_agent(desk.user, agent.address)
    sub = desk.act({"type": "createSubAccount", "name": "second"})["response"]["data"]
    transfer = {"type": "subAccountTransfer", "subAccountUser": sub, "isDeposit": True}
    assert desk.act({**transfer, "usd": 1_000_000_000})["status"] == "ok"

    placed = desk.order(limit(True, "90000", "0.01"), wallet=agent, vault=sub)

    assert "resting" in placed[0]
    assert desk.open_oids() == []
    assert len(desk.info("openOrders", user=sub)) == 1
    listed = desk.info("subAccounts")[0]
    assert (listed["name"], listed["subAccountUser"]) == ("second", sub)
    assert listed["clearinghouseState"]["marginSummary"]["accountValue"] == "1000.0"
    assert desk.info("userRole", user=sub)["data"] == {"master": desk.user}


def test_nobody_acts_for_a_vault_that_is_not_theirs():
    desk = Desk()
    other = Wallet.from_key(OTHER_KEY)
    desk.venue.open_account(other.address, D(100))

    body = desk.act({"type": "noop"}, vault=other.address.lower())

    text = f"Vault not registered: {other.address.lower()}"
    assert body == {"status": "err", "response": text}


def test_an_account_without_money_is_told_to_deposit():
    desk = Desk()
    other = Wallet.from_key(OTHER_KEY)
    desk.venue.state.account(other.address.lower())

    body = desk.act({"type": "noop"}, wallet=other)

    text = f"Must deposit before performing actions. User: {other.address.lower()}"
    assert body["response"] == text


def test_the_keys_of_these_tests_differ():
    assert len({KEY, OTHER_KEY, AGENT_KEY}) == 3
