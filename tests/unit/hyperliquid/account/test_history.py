"""What somebody else, or the venue itself, did to the account is in its history."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hyperliquid_desk import limit, trigger

from nof0_core.border.answers import sorted_out, wrong
from nof0_core.domain.order import Side
from nof0_core.errors import DataError

pytestmark = pytest.mark.anyio
D = Decimal
CLOID = "0x" + "5a" * 16


async def test_adl_and_words_of_dir_that_nobody_has_heard_of_are_fills(seat):
    """HYPERLIQUID §11.7: ADL and new `dir` strings."""
    at = seat()
    desk, began = at.desk, at.clock.now()
    desk.order(limit(True, "100100", "0.02", "Ioc"))
    desk.tick(1)
    at.others.deleverage(desk.user, "BTC", D("0.005"))
    desk.tick(1)
    at.others.fill(desk.user, "BTC", D("-0.005"), D(99_000), "Quantum Settlement 2027")
    desk.tick(1)
    at.others.close(desk.user, "BTC")
    fills = await at.reader.fills(began)
    assert [(f.quantity, f.is_liquidation) for f in fills] == [
        (D("0.02"), False),
        (D("-0.005"), True),
        (D("-0.005"), False),
        (D("-0.01"), False),
    ]
    assert [f.client_id for f in fills] == [None] * 4
    assert wrong("fills", fills) == ""
    assert sorted_out("fills", fills).bad == ()
    assert at.alerts == []


async def test_a_liquidation_is_marked_and_leaves_a_report_that_can_be_read(seat):
    at = seat(usd=D(1_000))
    desk, began = at.desk, at.clock.now()
    desk.act({"type": "updateLeverage", "asset": 0, "isCross": True, "leverage": 40})
    desk.order(limit(True, "100100", "0.3", "Ioc"))
    desk.order(trigger(False, "99000", "0.3"))
    desk.tick(1, BTC=97_500)
    desk.tick(60)
    fills = await at.reader.fills(began)
    assert any(f.is_liquidation for f in fills)
    assert not fills[0].is_liquidation
    report = await at.reader.report()
    assert report.orders == ()
    assert sum(f.quantity for f in fills) == sum(p.quantity for p in report.positions)
    assert wrong("report", report) == ""


async def test_cash_is_what_fills_and_funding_and_the_owner_made_of_it(seat):
    """The venue's equity, reckoned anew from its own statements, with what the owner moved."""
    for mode in ("default", "unifiedAccount"):
        at = seat(mode=mode)
        desk, began = at.desk, at.clock.now()
        desk.order(limit(True, "100100", "0.02", "Ioc"), limit(False, "3990", "1", "Ioc", asset=1))
        for _ in range(5):
            desk.tick(3_600, BTC=desk.prices["BTC"] + 50)
        at.others.trade(desk.user, "BTC", D("-0.01"))
        desk.tick(1)
        at.others.withdraw(desk.user, D(500))
        at.others.deposit(desk.user, D(20))
        fills, paid = await at.reader.fills(began), await at.reader.funding(began)
        cash = D(10_000) - 480
        cash += sum(p.amount for p in paid) - sum(f.quantity * f.price + f.fee for f in fills)
        assert len(paid) == 10
        report = await at.reader.report()
        assert abs(report.account.raw_usd - cash) < D("0.01"), mode


async def test_fills_of_spot_and_other_dexes_are_nobodys_here(seat):
    at = seat(mode="unifiedAccount")
    desk, began = at.desk, at.clock.now()
    desk.order(limit(True, "301", "4", "Ioc", asset=110_000))
    desk.order(limit(True, "100100", "0.02", "Ioc"))

    def with_spot(rows):
        elsewhere = [("@107", "HYPE"), ("PURR/USDC", "PURR"), ("#30", "USDC")]
        told = [
            row | {"coin": coin, "feeToken": token} for row in rows for coin, token in elsewhere
        ]
        return sorted([*told, *rows], key=lambda row: row["time"])

    at.client.instead["userFillsByTime"] = with_spot
    assert [f.symbol for f in await at.reader.fills(began)] == ["BTC"]
    other = seat(mode="unifiedAccount", dex="xyz")
    other.desk.order(limit(True, "301", "4", "Ioc", asset=110_000))
    other.desk.order(limit(True, "100100", "0.02", "Ioc"))
    for _ in range(2):
        other.desk.tick(3_600)
    assert [f.symbol for f in await other.reader.fills(began)] == ["TSLA"]
    assert {p.symbol for p in await other.reader.funding(began)} == {"TSLA"}


async def test_a_fill_that_could_not_be_used_is_told_again(seat):
    """nautilus_trader#4068: a fill marked as seen before it was booked was lost for good."""
    at = seat()
    began = at.clock.now()
    at.desk.order(limit(True, "100100", "0.02", "Ioc", cloid=CLOID))
    at.client.instead["userFillsByTime"] = [{"nonsense": True}]
    with pytest.raises(DataError):
        await at.reader.fills(began)
    at.client.instead.clear()
    first = await at.reader.fills(began)
    assert [f.client_id for f in first] == [CLOID]
    assert await at.reader.fills(began) == first


async def test_a_repeated_snapshot_is_no_second_fill(seat):
    at = seat()
    began = at.clock.now()
    for n in range(4):
        at.desk.order(limit(n % 2 == 0, "101000" if n % 2 == 0 else "99000", "0.01", "Ioc"))
        at.desk.tick(1)
    at.client.instead["userFillsByTime"] = lambda rows: rows + rows
    at.client.instead["userFunding"] = lambda rows: rows + rows
    fills = await at.reader.fills(began)
    assert len(fills) == len({f.trade_id for f in fills}) == 4


async def test_both_sides_of_a_trade_with_oneself_are_fills(seat):
    """They share time, coin and trade id (recorded in 2023); only the order differs."""
    at = seat()
    began = at.clock.now()
    at.desk.order(limit(True, "101000", "0.01", "Ioc"))
    at.client.instead["userFillsByTime"] = lambda rows: [
        side for row in rows for side in (row, row | {"side": "A", "oid": row["oid"] + 1})
    ]
    fills = await at.reader.fills(began)
    assert [f.side for f in fills] == [Side.BUY, Side.SELL]
    assert len({f.trade_id for f in fills}) == 2


async def test_a_fill_that_is_missing_at_two_looks_is_told(seat):
    at = seat()
    began = at.clock.now()
    for _ in range(3):
        at.desk.order(limit(True, "101000", "0.01", "Ioc"))
        at.desk.tick(1)
    at.client.instead["userFillsByTime"] = lambda rows: [
        r for r in rows if r["startPosition"] != "0.01"
    ]
    await at.reader.fills(began)
    assert at.alerts == []
    await at.reader.fills(began)
    [(code, text)] = at.alerts
    assert code == "history_gap"
    assert "a fill of BTC is missing" in text
    assert "the venue has 0.02 there, its earlier fills come to 0.01" in text


async def test_a_fee_in_something_that_is_no_dollar_is_not_booked_as_dollars(seat):
    at = seat()
    began = at.clock.now()
    at.desk.order(limit(True, "101000", "0.01", "Ioc"))
    at.client.instead["userFillsByTime"] = lambda rows: [r | {"feeToken": "HYPE"} for r in rows]
    [fill] = await at.reader.fills(began)
    assert fill.fee == 0
    assert at.codes() == ["foreign_fee"]
    at.client.instead["userFillsByTime"] = lambda rows: [r | {"feeToken": "USDH"} for r in rows]
    at.desk.tick(300)  # a row that is put right is seen with the next whole reading
    [fill] = await at.reader.fills(began)
    assert fill.fee > 0


IMPOSSIBLE = [
    ("px", "0.0"),
    ("px", "1e400"),
    ("sz", "-1"),
    ("side", "X"),
    ("time", "soon"),
    ("oid", None),
    ("fee", []),
    ("cloid", "0x1"),
    ("coin", 3),
    ("startPosition", "many"),
]


@pytest.mark.parametrize(("key", "value"), IMPOSSIBLE)
async def test_a_row_that_cannot_be_true_is_told_and_never_guessed(seat, key, value):
    at = seat()
    began = at.clock.now()
    at.desk.order(limit(True, "101000", "0.01", "Ioc"))
    good = at.desk.account.fills[0]
    at.client.instead["userFillsByTime"] = [good | {key: value}]
    with pytest.raises(DataError, match=r"fill|userFillsByTime"):
        await at.reader.fills(began)


async def test_keys_nobody_knows_are_left_alone(seat):
    at = seat()
    began = at.clock.now()
    at.desk.order(limit(True, "101000", "0.01", "Ioc"))
    at.client.instead["userFillsByTime"] = lambda rows: [r | {"new": {"of": 1}} for r in rows]
    at.client.instead["clearinghouseState"] = lambda state: state | {"new": [None]}
    [fill] = await at.reader.fills(began)
    assert fill.side is Side.BUY
    await at.reader.report()
