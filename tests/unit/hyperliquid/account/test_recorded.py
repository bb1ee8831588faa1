"""What the venue really answered, read: golden values from recordings (tests/data/hyperliquid)."""

from __future__ import annotations

import gzip
import json
from decimal import Decimal
from pathlib import Path

import pytest

from nof0_core.domain.candles import to_ms
from nof0_core.domain.order import OrderStatus, Side, TriggerKind
from nof0_core.domain.position import MarginMode
from nof0_core.errors import DataError
from nof0_provider_hyperliquid.account.balances import Balance, read_balance
from nof0_provider_hyperliquid.account.coins import DexCoins
from nof0_provider_hyperliquid.account.dex_state import read_dex_state
from nof0_provider_hyperliquid.account.fills import fill_key, read_fill, read_funding
from nof0_provider_hyperliquid.account.history import in_order
from nof0_provider_hyperliquid.account.mode import AccountMode, read_mode
from nof0_provider_hyperliquid.account.orders import read_open_orders, read_order
from nof0_provider_hyperliquid.account.worth import apart, unified

D = Decimal
DATA = Path(__file__).parents[3] / "data" / "hyperliquid"
MAIN = DexCoins("")
USER = "0x" + "ab" * 20


def recorded(name):
    path = DATA / name
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt") as file:
        return json.load(file)


def sample(name):
    return recorded("samples/doc_samples.json")[name]


def test_cross_positions_of_2023():
    # That year an answer had no time and no maintenance margin yet.
    answer = recorded("cassettes/clearinghouseState_20230327.json") | {"time": 1679940217356}
    state = read_dex_state(answer, MAIN)
    worth = apart(state, D(0))
    assert len(state.positions) == len(answer["assetPositions"]) == 12
    held = {p.symbol: p for p in state.positions}
    assert held["BTC"].quantity == D("-0.00785")
    assert held["BTC"].entry_price == D(26951)
    assert held["BTC"].liquidation_price == D("173198.69592357")
    assert held["ETH"].liquidation_price is None
    assert held["ETH"].margin_mode is MarginMode.CROSS
    assert worth.equity == D("1182.312496")
    assert worth.raw_usd == D("86.549602")
    assert worth.available == D(answer["withdrawable"])
    assert worth.equity == worth.raw_usd + state.signed_value


def test_an_isolated_position_of_the_documentation():
    state = read_dex_state(sample("clearinghouseState_isolated")["response"], MAIN)
    worth = apart(state, D(0))
    [held] = state.positions
    assert held.margin_mode is MarginMode.ISOLATED
    assert held.leverage == 20
    assert held.margin_used == state.isolated == D("4.967826")
    assert worth.equity == D("13109.482328")
    assert worth.raw_usd == D("13009.454678")
    assert worth.available == D("13104.514502")
    assert worth.margin_ratio == 0


def test_raw_cash_may_be_negative():
    answer = recorded("samples/nt_http_clearinghouse_state_negative_total_raw_usd.json")
    answer["marginSummary"] = answer["crossMarginSummary"]  # the capture was cut to what it shows
    state = read_dex_state(answer, MAIN)
    assert state.raw_usd == D("-22358.938225")
    assert state.cross_value - state.cross_used == D("772.232111") == D(answer["withdrawable"])


def test_a_spot_balance_is_found_by_the_number_of_its_token():
    answer = recorded("samples/nt_http_spot_clearinghouse_state.json")
    assert read_balance(answer, 0) == Balance(D("14.625485"), D(0))
    assert read_balance(answer, 1) == Balance(D(2000), D(100))
    assert read_balance(answer, 360) == Balance()
    state = read_dex_state(sample("clearinghouseState_isolated")["response"], MAIN)
    worth = unified(state, read_balance(answer, 0))
    # Never added to what the dex shows: HYPERLIQUID §11.1 (4).
    assert worth.equity == D("14.625485")


def test_all_modes_of_the_documentation_are_known_and_no_other():
    assert [read_mode(word) for word in sample("userAbstraction")["responses"]] == list(AccountMode)
    with pytest.raises(DataError):
        read_mode("sixthMode")


def test_a_bracket_of_2023_is_three_orders_though_its_children_are_listed_twice():
    orders = read_open_orders(recorded("cassettes/frontendOpenOrders_20231116.json"), MAIN)
    assert [o.venue_order_id for o in orders] == ["3184595905", "3184595906", "3184595907"]
    parent, stop, target = orders
    assert parent.trigger is None
    assert (stop.trigger.kind, stop.trigger.price) == (TriggerKind.STOP, D("9.995"))
    assert (target.trigger.kind, target.trigger.price) == (TriggerKind.TARGET, D("10.004"))
    assert stop.is_reduce_only
    assert stop.side is Side.SELL
    assert stop.size == D("12.5")
    assert stop.status is OrderStatus.RESTING


def test_what_became_of_orders_of_2025():
    rows = recorded("cassettes/historicalOrders_20250822.json")
    found = [read_order(row["order"], MAIN, row["status"]) for row in rows]
    assert found[0].status is OrderStatus.REJECTED
    assert found[0].reason == "iocCancelRejected"
    assert found[-1].status is OrderStatus.CANCELED
    assert all(not order.filled_size for order in found)


def test_a_target_that_fired_is_a_filled_order_of_the_size_it_had():
    """hyperliquid-python-sdk#97: it shows no trigger any more, and its limit is no price it got."""
    answer = sample("orderStatus_triggered_tp_filled")["response"]["order"]
    order = read_order(answer["order"], MAIN, answer["status"])
    assert order.status is OrderStatus.FILLED
    assert order.filled_size == order.size == D("7.18")
    assert order.average_price is None
    assert order.trigger is None


def test_fills_of_2023_are_each_another_and_continue_each_other():
    rows = recorded("cassettes/userFillsByTime_20230717.json.gz")
    assert len({fill_key(row) for row in rows}) == 500
    listed = [read_fill(row, MAIN, USER) for row in reversed(rows)]
    fills, gaps = in_order(listed)
    # The page of 500 was cut in the middle of a trade of the account with itself: it is told.
    [gap] = gaps
    assert "a fill of SUI is missing before that of 2023-05-05 00:12:36 UTC" in gap
    assert len({fill.trade_id for fill in fills}) == 500
    assert [fill.time for fill in fills] == sorted(fill.time for fill in fills)


def test_a_fill_that_is_left_out_is_missed():
    rows = recorded("cassettes/userFillsByTime_20230717.json.gz")[::-1]
    listed = [read_fill(row, MAIN, USER) for row in rows]
    symbol = listed[250].fill.symbol
    nth = [n for n, each in enumerate(listed) if each.fill.symbol == symbol][1]
    _, gaps = in_order(listed[:nth] + listed[nth + 1 :])
    assert any(f"a fill of {symbol} is missing" in gap for gap in gaps)


def test_spot_fills_and_dust_of_2026_are_no_fills_of_perpetuals():
    rows = recorded("samples/nt_http_user_fills_dust_conversion.json")
    found = [read_fill(row, MAIN, USER) for row in rows]
    assert [e.fill.symbol for e in found if e] == [
        row["coin"] for row in rows if not row["coin"].startswith("@")
    ]
    assert any(row["dir"] == "Spot Dust Conversion" and row["tid"] == 0 for row in rows)


def test_who_took_the_other_side_of_a_liquidation_was_not_liquidated():
    [row] = recorded("samples/nt_ws_user_fill_liquidation.json")["data"]["fills"]
    liquidated = row["liquidation"]["liquidatedUser"]
    assert not read_fill(row, MAIN, USER).fill.is_liquidation
    assert read_fill(row, MAIN, liquidated.upper().replace("X", "x")).fill.is_liquidation
    found = read_fill(row, MAIN, USER).fill
    assert found.fee == D("0.009997")
    assert found.client_id == "0xe8d5fd7ebbb4c3cff4d1803472a11463"
    assert not found.is_taker


def test_funding_is_signed_from_the_accounts_side():
    rows = recorded("cassettes/userFunding_20240220.json")
    found = [read_funding(row, MAIN) for row in rows]
    assert len(found) == 218
    assert found[0].amount == D("0.145796")
    assert found[0].quantity == D("40.13333333")
    assert found[0].rate == D("-0.00029319")
    assert [to_ms(p.time) for p in found] == sorted(row["time"] for row in rows)
    for payment in found:  # long pays where the rate is positive
        assert payment.amount * payment.quantity * payment.rate <= 0
    [row] = sample("userFunding")["response"]
    assert read_funding(row, MAIN).amount == D("-3.625312")
