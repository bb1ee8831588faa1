"""The official SDK's own client against the accounts, without a socket between them."""

from __future__ import annotations

import json

import pytest
from eth_account import Account as Wallet
from hyperliquid.exchange import Exchange
from hyperliquid.info import Info
from hyperliquid.utils.types import Cloid
from hyperliquid_desk import AGENT_KEY, ASSETS, D, Desk

META = {"universe": [{"name": each.name, "szDecimals": each.sz_decimals} for each in ASSETS[:5]]}
SPOT = {"universe": [], "tokens": []}


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def connect(desk, monkeypatch):
    """Return a maker of SDK clients whose posts reach the desk, by way of JSON."""

    def post(self, path, payload=None):
        body = json.loads(json.dumps(payload))
        if path == "/info":
            if body["type"] == "allMids":
                return {coin: str(price) for coin, price in desk.prices.items()}
            return json.loads(json.dumps(desk.venue.info(body, desk.now)))
        answer = desk.venue.act(body, desk.now)
        assert answer.status == 200, answer
        return json.loads(json.dumps(answer.body))

    def stamp():
        desk.nonce = max(desk.nonce + 1, desk.now)
        return desk.nonce

    monkeypatch.setattr("hyperliquid.api.API.post", post)
    monkeypatch.setattr("hyperliquid.exchange.get_timestamp_ms", stamp)

    def made(wallet=None, **options):
        return Exchange(
            wallet or desk.wallet, "http://127.0.0.1:1", META, spot_meta=SPOT, **options
        )

    return made


def statuses(body):
    assert body["status"] == "ok", body
    return body["response"]["data"]["statuses"]


def test_the_sdk_trades_from_opening_to_closing(desk, connect):
    exchange = connect()

    opened = exchange.market_open("BTC", True, 0.01, cloid=Cloid.from_int(1))
    assert statuses(opened)[0]["filled"]["totalSz"] == "0.01"
    stop = exchange.order(
        "BTC",
        False,
        0.01,
        80_000,
        {"trigger": {"triggerPx": 90_000, "isMarket": True, "tpsl": "sl"}},
        reduce_only=True,
        cloid=Cloid.from_int(2),
    )
    assert "resting" in statuses(stop)[0]
    state = exchange.info.user_state(desk.user)
    assert state["assetPositions"][0]["position"]["szi"] == "0.01"
    assert exchange.info.query_order_by_cloid(desk.user, Cloid.from_int(2))["status"] == "order"
    closed = exchange.market_close("BTC")
    assert statuses(closed)[0]["filled"]["totalSz"] == "0.01"
    assert exchange.market_close("BTC") is None
    assert statuses(exchange.cancel_by_cloid("BTC", Cloid.from_int(2))) == ["success"]
    fills = exchange.info.user_fills(desk.user)
    assert [each["dir"] for each in fills] == ["Close Long", "Open Long"]


def test_every_other_action_of_the_sdk_is_understood(desk, connect):
    exchange = connect()

    done = {"status": "ok", "response": {"type": "default"}}
    assert exchange.update_leverage(10, "ETH", is_cross=False) == done
    assert statuses(exchange.order("ETH", True, 1, 4_010, {"limit": {"tif": "Ioc"}}))
    assert exchange.update_isolated_margin(100, "ETH") == done
    order = exchange.order("BTC", True, 0.01, 90_000, {"limit": {"tif": "Gtc"}})
    oid = statuses(order)[0]["resting"]["oid"]
    changed = exchange.modify_order(oid, "BTC", True, 0.02, 91_000, {"limit": {"tif": "Alo"}})
    new = statuses(changed)[0]["resting"]["oid"]
    assert statuses(exchange.cancel("BTC", new)) == ["success"]
    assert exchange.noop(desk.nonce + 1) == done
    assert exchange.schedule_cancel(desk.now + 10_000)["status"] == "err"
    assert exchange.usd_class_transfer(100, False) == done
    assert exchange.usd_transfer(5, "0x" + "cd" * 20) == done
    assert exchange.withdraw_from_bridge(5, desk.user) == done
    assert exchange.create_sub_account("second")["response"]["type"] == "createSubAccount"
    assert exchange.user_set_abstraction(desk.user, "unifiedAccount") == done
    assert exchange.info.query_user_abstraction_state(desk.user) == "unifiedAccount"
    for kind in ("open_orders", "frontend_open_orders", "user_fees", "historical_orders"):
        assert getattr(exchange.info, kind)(desk.user) is not None
    assert exchange.info.spot_user_state(desk.user)["balances"][0]["coin"] == "USDC"
    assert isinstance(exchange.info, Info)


def test_an_agent_of_the_sdk_trades_and_its_bracket_is_armed(desk, connect):
    body, key = connect().approve_agent("rehearsal")
    assert body["status"] == "ok"
    agent = connect(Wallet.from_key(key), account_address=desk.user)

    bracket = [
        {
            "coin": "BTC",
            "is_buy": is_buy,
            "sz": 0.01,
            "limit_px": price,
            "order_type": kind,
            "reduce_only": not is_buy,
        }
        for is_buy, price, kind in (
            (True, 100_100, {"limit": {"tif": "Ioc"}}),
            (False, 80_000, {"trigger": {"triggerPx": 90_000, "isMarket": True, "tpsl": "sl"}}),
        )
    ]
    placed = statuses(agent.bulk_orders(bracket, grouping="normalTpsl"))

    assert "filled" in placed[0]
    assert placed[1] == "waitingForTrigger"
    assert desk.info("extraAgents")[0]["name"] == "rehearsal"


def test_a_vault_and_an_expiry_are_part_of_what_is_signed(desk, connect):
    sub = connect().create_sub_account("second")["response"]["data"]
    desk.venue.outsiders.deposit(sub, D(1_000))
    exchange = connect(vault_address=sub)
    exchange.set_expires_after(desk.now + 5_000)

    placed = exchange.order("BTC", True, 0.01, 90_000, {"limit": {"tif": "Gtc"}})

    assert "resting" in statuses(placed)[0]
    assert len(exchange.info.open_orders(sub)) == 1
    # The SDK signs this one without the vault that it posts: another address comes out.
    assert "does not exist" in exchange.sub_account_transfer(sub, True, 1)["response"]


def test_an_order_with_a_builder_is_refused(connect):
    builder = {"b": "0x" + "cd" * 20, "f": 10}

    body = connect().order("BTC", True, 0.01, 90_000, {"limit": {"tif": "Gtc"}}, builder=builder)

    assert body == {"status": "err", "response": "Builder fee has not been approved."}


def test_a_stranger_of_the_sdk_is_refused(connect):
    exchange = connect(Wallet.from_key(AGENT_KEY))

    body = exchange.order("BTC", True, 0.01, 90_000, {"limit": {"tif": "Gtc"}})

    assert "does not exist" in body["response"]
