"""Orders by the official SDK over the wire: what is done, heard by users, and audited."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal
from itertools import count

import anyio
import pytest
import requests
from attrs import evolve
from eth_account import Account as Wallet
from hyperliquid.exchange import Exchange
from hyperliquid.utils import signing
from hyperliquid.utils.error import ServerError
from hyperliquid.utils.types import Cloid

from nof0_provider_hyperliquid.rehearsal.assets import Asset
from nof0_provider_hyperliquid.rehearsal.faults import Harm

pytestmark = pytest.mark.anyio
SECOND = timedelta(seconds=1)
WALLET = Wallet.from_key("0x" + "11" * 32)
USER = WALLET.address.lower()


@pytest.fixture
async def trade(venue, monkeypatch):
    """Call a method of the SDK's client of an account with 10,000 USD, in a thread."""
    numbers = count()
    monkeypatch.setattr(
        "hyperliquid.exchange.get_timestamp_ms", lambda: venue.now_ms() + next(numbers)
    )
    venue.exchange.open_account(WALLET.address, Decimal(10_000), mode="default")
    sdk = await anyio.to_thread.run_sync(lambda: Exchange(WALLET, venue.base_url, timeout=20))

    async def done(method, *args, **options):
        call = getattr(sdk, method)
        return await anyio.to_thread.run_sync(lambda: call(*args, **options))

    return done


def held(venue, coin="BTC"):
    return venue.exchange.state.accounts[USER].held(coin)


def status(answer):
    assert answer["status"] == "ok", answer
    [found] = answer["response"]["data"]["statuses"]
    return found


async def stop(venue, trade, size, tpsl="sl", factor=0.9):
    trigger = float(round(venue.market.mid("BTC", venue.now_ms()) * factor))
    kind = {"trigger": {"isMarket": True, "triggerPx": trigger, "tpsl": tpsl}}
    answer = await trade("order", "BTC", False, size, trigger, kind, reduce_only=True)
    assert "resting" in status(answer)
    return status(answer)["resting"]["oid"]


async def test_the_sdk_trades_and_the_users_channels_tell_of_it(venue, trade, dial):
    line = await dial()
    for kind in ("orderUpdates", "userEvents", "userFills"):
        await line.subscribe(type=kind, user=USER)
    await line.hear_all()
    opened = status(await trade("market_open", "BTC", True, 0.01, cloid=Cloid.from_int(1)))
    assert opened["filled"]["totalSz"] == "0.01"
    await venue.advance(SECOND)
    heard = await line.hear_all()
    assert {"orderUpdates", "user", "userFills"} <= {channel for channel, _ in heard}
    [fills] = [data for channel, data in heard if channel == "userFills"]
    assert not fills.get("isSnapshot")
    assert sum(Decimal(fill["sz"]) for fill in fills["fills"]) == held(venue) == Decimal("0.01")


async def test_a_new_connection_is_told_all_fills_again(venue, trade, dial):
    await trade("market_open", "BTC", True, 0.01)
    told = []
    for _ in range(2):
        line = await dial()
        await line.subscribe(type="userFills", user=USER)
        told += [data for channel, data in await line.hear_all() if channel == "userFills"]
    assert told[0]["isSnapshot"]
    assert told[0]["fills"]
    assert told[0] == told[1]


@pytest.mark.parametrize(
    ("harm", "is_done", "error"),
    [
        (Harm.RATE_LIMITED, False, Exception),
        (Harm.BAD_GATEWAY_BEFORE, False, ServerError),
        (Harm.BAD_GATEWAY_AFTER, True, ServerError),
        (Harm.LOST_BEFORE, False, requests.ConnectionError),
        (Harm.LOST_AFTER, True, requests.ConnectionError),
        (Harm.TRUNCATED, True, requests.RequestException),
    ],
)
async def test_a_fault_says_whether_the_order_was_carried_out(venue, trade, harm, is_done, error):
    venue.faults.add(harm, "order", times=1)
    with pytest.raises(error):
        await trade("market_open", "BTC", True, 0.01, cloid=Cloid.from_int(1))
    assert held(venue) == (Decimal("0.01") if is_done else 0)
    assert venue.audit.duplicates == []


async def test_a_delayed_order_lands_later_and_only_once(venue, trade):
    venue.faults.add(Harm.DELAYED, "order", times=1, delay_ms=5_000)
    with pytest.raises(requests.ConnectionError):
        await trade("market_open", "BTC", True, 0.01, cloid=Cloid.from_int(1))
    await venue.advance(4 * SECOND)
    assert held(venue) == 0
    await venue.advance(2 * SECOND)
    assert held(venue) == Decimal("0.01")
    await venue.advance(20 * SECOND)
    assert held(venue) == Decimal("0.01")


async def test_an_order_sent_twice_shows_in_the_audit(venue, trade):
    venue.faults.add(Harm.LOST_AFTER, "order", times=1)
    with pytest.raises(requests.ConnectionError):
        await trade("market_open", "BTC", True, 0.01, cloid=Cloid.from_int(7))
    await trade("market_open", "BTC", True, 0.01, cloid=Cloid.from_int(7))
    assert held(venue) == Decimal("0.02")
    assert venue.audit.duplicates == [Cloid.from_int(7).to_raw()]


async def test_an_action_that_is_replayed_shows_in_the_audit(venue, ask):
    wallet = Wallet.from_key("0x" + "44" * 32)
    venue.exchange.open_account(wallet.address, Decimal(1_000))
    action = {"type": "noop"}
    signature = signing.sign_l1_action(wallet, action, None, venue.now_ms(), None, False)
    envelope = {"action": action, "nonce": venue.now_ms(), "signature": signature}
    envelope |= {"vaultAddress": None, "expiresAfter": None}
    assert json.loads((await ask("/exchange", **envelope))[1])["status"] == "ok"
    assert json.loads((await ask("/exchange", **envelope))[1])["status"] == "err"
    assert venue.audit.nonces_twice == []
    # Nonces of an agent that is gone are forgotten.
    venue.exchange.state.nonces.clear()
    assert json.loads((await ask("/exchange", **envelope))[1])["status"] == "ok"
    assert venue.audit.nonces_twice == [(wallet.address.lower(), venue.now_ms())]


async def test_the_time_without_a_stop_is_measured(venue, trade):
    await trade("market_open", "BTC", True, 0.01)
    await venue.advance(3 * SECOND)
    oid = await stop(venue, trade, 0.01)
    await venue.advance(60 * SECOND)
    assert venue.coverage.longest_ms(venue.now_ms()) == 3_000
    await trade("cancel", "BTC", oid)
    await venue.advance(8 * SECOND)
    assert venue.coverage.longest_ms(venue.now_ms()) == 8_000
    await trade("market_close", "BTC")
    await venue.advance(60 * SECOND)
    assert held(venue) == 0
    assert venue.coverage.longest_ms(venue.now_ms()) == 8_000
    assert [each.until_ms - each.since_ms for each in venue.coverage.stretches] == [3_000, 8_000]


async def test_a_stop_of_less_or_a_target_does_not_cover(venue, trade):
    await trade("market_open", "BTC", True, 0.01)
    await stop(venue, trade, 0.004)
    await stop(venue, trade, 0.01, tpsl="tp", factor=1.1)
    await venue.advance(5 * SECOND)
    assert venue.coverage.longest_ms(venue.now_ms()) == 5_000
    await stop(venue, trade, 0.006)
    await venue.advance(30 * SECOND)
    assert venue.coverage.longest_ms(venue.now_ms()) == 5_000


async def test_both_sides_know_of_a_coin_that_is_new_or_delisted(venue, trade, ask):
    new = Asset(index=9, name="NEW", sz_decimals=2, max_leverage=5)
    venue.list_asset(new)
    assert (await ask(type="l2Book", coin="NEW"))[1] != "null"
    venue.list_asset(evolve(venue.market.asset("BTC"), is_delisted=True))
    refused = status(await trade("market_open", "BTC", True, 0.01))
    assert "error" in refused
    assert held(venue) == 0


async def test_a_new_coin_can_be_traded(venue, trade):
    venue.list_asset(Asset(index=9, name="NEW", sz_decimals=2, max_leverage=5))
    await venue.advance(SECOND)
    sdk = await anyio.to_thread.run_sync(lambda: Exchange(WALLET, venue.base_url, timeout=20))
    answer = await anyio.to_thread.run_sync(lambda: sdk.market_open("NEW", True, 1.0))
    assert status(answer)["filled"]["totalSz"] == "1.0"
    assert held(venue, "NEW") == 1


async def test_what_was_taken_of_a_book_is_gone_until_the_next_one(venue, trade):
    await venue.advance(timedelta(seconds=10), beat=timedelta(seconds=10))
    _, asks = venue.market.book("BTC", venue.now_ms())
    price, size = asks[0]
    ioc = {"limit": {"tif": "Ioc"}}
    half = round(size / 2, 5)
    for part in (half, round(size - half, 5)):
        answer = await trade("order", "BTC", True, part, price, ioc)
        assert status(answer)["filled"]["totalSz"]
    venue.clock.move(timedelta(milliseconds=300))
    assert "error" in status(await trade("order", "BTC", True, round(size, 5), price, ioc))
    venue.clock.move(timedelta(milliseconds=300))
    _, asks = venue.market.book("BTC", venue.now_ms())
    answer = await trade("order", "BTC", True, 0.001, asks[0][0], ioc)
    assert status(answer)["filled"]["totalSz"] == "0.001"
