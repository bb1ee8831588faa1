"""What must hold after whatever happened, and rules that no order slips through."""

from __future__ import annotations

import os
import random
from decimal import Decimal

import pytest
from hyperliquid_desk import ASSETS, PRICES, D, Desk, book, limit, trigger

from nof0_provider_hyperliquid.rehearsal.accounts.depth import Depth
from nof0_provider_hyperliquid.rehearsal.accounts.order_rules import is_size

ORDERS = int(os.environ.get("NOF0_ORDERS", "3000"))
"""Random orders against the rules of price and size; 100,000 is a soak."""
COINS = ("BTC", "ETH", "DOGE", "GRASS")
MODES = ("default", "disabled", "unifiedAccount", "portfolioMargin", "dexAbstraction")


def ledger(desk):
    """Return equity as the account's own records add up to it."""
    fills = desk.account.fills
    funding = sum((D(each["delta"]["usdc"]) for each in desk.account.funding), D(0))
    gains = sum((D(each["closedPnl"]) - D(each["fee"]) for each in fills), D(0))
    held = desk.account.positions
    open_gain = sum((each.gain(desk.venue.state.marks[coin]) for coin, each in held.items()), D(0))
    return desk.account.flows + gains + funding + open_gain


def told(desk):
    """Return equity as the info endpoint tells it."""
    usdc = D(desk.info("spotClearinghouseState")["balances"][0]["total"])
    if desk.account.mode.is_unified:
        return usdc
    states = (desk.info("clearinghouseState", dex=dex) for dex in ("", "xyz"))
    return usdc + sum(D(each["marginSummary"]["accountValue"]) for each in states)


def check(desk):
    assert ledger(desk) == desk.venue.state.worth(desk.account) == told(desk)
    marks = desk.venue.state.marks
    state = desk.info("clearinghouseState")
    rows = [each["position"] for each in state["assetPositions"]]
    signed = sum((D(each["szi"]) * marks[each["coin"]] for each in rows), D(0))
    notional = sum((abs(D(each["szi"])) * marks[each["coin"]] for each in rows), D(0))
    whole, cross = state["marginSummary"], state["crossMarginSummary"]
    assert D(whole["accountValue"]) == D(whole["totalRawUsd"]) + signed
    assert D(whole["totalNtlPos"]) == notional
    apart = D(0)
    for each in rows:
        value = abs(D(each["szi"])) * marks[each["coin"]]
        assert D(each["positionValue"]) == value
        assert each["liquidationPx"] is None or D(each["liquidationPx"]) > 0
        used = D(each["marginUsed"])
        if each["leverage"]["type"] == "isolated":
            raw = D(each["leverage"]["rawUsd"])
            assert abs(used - raw - D(each["szi"]) * marks[each["coin"]]) < D("1E-6")
            apart += raw + D(each["szi"]) * marks[each["coin"]]
        else:
            assert abs(used - value / each["leverage"]["value"]) < D("1E-6")
    assert D(cross["accountValue"]) == D(whole["accountValue"]) - apart
    spare = D(cross["accountValue"]) - D(cross["totalMarginUsed"])
    assert D(state["withdrawable"]) == max(spare, D(0))
    opened = {each["oid"] for each in desk.info("openOrders")}
    assert opened == {
        oid for oid, order in desk.account.live.items() if not order.asset.dex and order.is_live
    }
    for order in desk.account.orders.values():
        assert D(0) <= order.left <= order.size or order.takes_all


def wire(value, digits=5):
    """Write a number with so many significant digits."""
    return f"{Decimal(f'{value:.{digits}g}'):f}"


def some_order(rng, desk):
    asset = rng.choice([each for each in ASSETS if each.name in COINS])
    mark = desk.prices[asset.name]
    is_buy = rng.random() < 0.5
    price = Decimal(wire(mark * D(str(round(rng.uniform(0.9, 1.1), 3)))))
    if price < 10**5:
        price = price.quantize(D(1).scaleb(asset.sz_decimals - 6))
    size = (D(rng.choice([15, 200, 3_000, 40_000])) / mark).quantize(
        D(1).scaleb(-asset.sz_decimals)
    )
    parts = (f"{price:f}", f"{size:f}")
    reduce = rng.random() < 0.3
    if rng.random() < 0.3:
        bound = wire(price * (D("1.7") if is_buy else D("0.5")), 2)
        kind = rng.choice(["sl", "tp"])
        return trigger(is_buy, *parts, kind, price=bound, asset=asset.index, reduce=reduce)
    tif = rng.choice(["Gtc", "Ioc", "Alo", "FrontendMarket"])
    return limit(is_buy, *parts, tif, asset=asset.index, reduce=reduce)


def orders(rng, desk):
    desk.order(*[some_order(rng, desk) for _ in range(rng.randint(1, 3))])


def prices(rng, desk):
    coin = rng.choice(COINS)
    moved = Decimal(wire(desk.prices[coin] * D(str(round(rng.uniform(0.95, 1.05), 4)))))
    books = {} if rng.random() < 0.7 else {coin: book(coin, moved, usd=D(500), levels=2)}
    books = {coin: Depth()} if rng.random() < 0.1 else books
    desk.tick(rng.uniform(1, 40), books=books, **{coin: moved})


def live_order(rng, desk):
    """Return an open order with the number of its asset, None without one."""
    if not desk.account.live:
        return None
    order = rng.choice(list(desk.account.live.values()))
    assets = desk.venue.state.assets
    return order.oid, next(key for key, each in assets.items() if each == order.asset)


def cancelling(rng, desk):
    found = live_order(rng, desk)
    if found is not None:
        desk.cancel(found[0], asset=found[1])


def modifying(rng, desk):
    found = live_order(rng, desk)
    if found is not None:
        desk.act({"type": "modify", "oid": found[0], "order": some_order(rng, desk)})


def brackets(rng, desk):
    parent = {**some_order(rng, desk), "r": False, "t": {"limit": {"tif": "Gtc"}}}
    mark, is_buy = desk.prices[ASSETS[parent["a"]].name], not parent["b"]
    bound = wire(mark * (D("1.7") if is_buy else D("0.3")), 2)
    below, above = ("tp", "sl") if is_buy else ("sl", "tp")
    stops = [
        trigger(is_buy, wire(mark * at, 2), parent["s"], kind, price=bound, asset=parent["a"])
        for at, kind in ((D("0.93"), below), (D("1.08"), above))
    ]
    desk.order(parent, *stops, grouping="normalTpsl")


def leverage(rng, desk):
    asset = rng.choice(ASSETS[:3])
    action = {"type": "updateLeverage", "asset": asset.index, "isCross": rng.random() < 0.5}
    desk.act({**action, "leverage": rng.randint(1, 12)})


def isolated_margin(rng, desk):
    action = {"type": "updateIsolatedMargin", "asset": rng.randint(0, 2), "isBuy": True}
    desk.act({**action, "ntli": rng.randint(-50_000_000, 50_000_000)})


def deposits(rng, desk):
    desk.venue.outsiders.deposit(desk.user, D(rng.randint(1, 100)))


def by_hand(rng, desk):
    coin = rng.choice(COINS)
    if desk.account.held(coin):
        desk.venue.outsiders.close(desk.user, coin)


def deleveraged(_, desk):
    for coin, position in list(desk.account.positions.items())[:1]:
        desk.venue.outsiders.deleverage(desk.user, coin, position.size)


def hours(_, desk):
    desk.tick(3_600)


EVENTS = (
    *(orders, orders, orders, prices, prices, cancelling, modifying, brackets, leverage),
    *(isolated_margin, deposits, by_hand, deleveraged, hours),
)


def some_event(rng, desk):
    rng.choice(EVENTS)(rng, desk)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", range(4))
def test_whatever_happens_the_ledger_adds_up(mode, seed):
    rng = random.Random(f"{mode} {seed}")
    desk = Desk(usd=D(5_000), mode=mode)
    for _ in range(150):
        some_event(rng, desk)
        check(desk)
    kinds = {each["dir"] for each in desk.account.fills}
    assert len(desk.account.fills) > 20
    assert len(kinds) > 3


def test_the_same_seed_is_the_same_to_the_byte():
    def lived():
        rng, desk = random.Random(5), Desk(usd=D(5_000))
        for _ in range(60):
            some_event(rng, desk)
        return desk.account.fills, desk.info("historicalOrders")

    assert lived() == lived()


def follows_the_rules(asset, price, size):
    """Return what the documentation says, without a line of the venue's own code."""
    text = f"{price.normalize():f}"
    whole, _, fraction = text.partition(".")
    digits = (whole + fraction).lstrip("0")
    is_tick = not fraction or (
        len(fraction) <= 6 - asset.sz_decimals and len(digits.rstrip("0") or "0") <= 5
    )
    _, _, lots = f"{size.normalize():f}".partition(".")
    return is_tick, len(lots) <= asset.sz_decimals


def test_no_order_off_tick_or_lot_is_ever_accepted():
    rng, desk = random.Random(11), Desk(usd=D(10_000_000))
    listed = [each for each in ASSETS if each.name in PRICES and not each.dex]
    seen = {True: 0, False: 0}
    batch = 50
    for _ in range(ORDERS // batch):
        wires, wanted = [], []
        for _ in range(batch):
            asset = rng.choice(listed)
            price = PRICES[asset.name] * D(str(rng.uniform(0.7, 0.99)))
            price = price.quantize(D(1).scaleb(-rng.randint(0, 7)))
            size = (D(50) / price if price else D(1)).quantize(
                D(1).scaleb(-rng.randint(0, 7)), rounding="ROUND_UP"
            )
            if not price:
                continue
            wires.append(limit(True, f"{price:f}", f"{size:f}", "Ioc", asset=asset.index))
            wanted.append(follows_the_rules(asset, price, size))
            assert is_size(asset, size) == wanted[-1][1]
        for (is_tick, is_lot), status in zip(wanted, desk.order(*wires), strict=True):
            seen[is_tick and is_lot] += 1
            text = status["error"]
            if not is_lot:
                assert text.startswith("Order has invalid size.")
            elif not is_tick:
                assert text.startswith("Price must be divisible by tick size.")
            else:
                assert text.startswith("Order could not immediately match")
        desk.account.used_requests = 0
        desk.account.orders.clear()
    assert min(seen.values()) > ORDERS / 10
