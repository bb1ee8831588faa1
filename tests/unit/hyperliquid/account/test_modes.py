"""Worth, free margin and margin ratio in each account mode, by what the venue itself knows."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from hyperliquid_desk import limit, trigger

from nof0_core.domain.health import Health
from nof0_core.domain.order import TriggerKind
from nof0_core.domain.position import MarginMode
from nof0_core.errors import DataError
from nof0_core.money import exactly
from nof0_provider_hyperliquid.rehearsal.accounts import margin

pytestmark = pytest.mark.anyio
D = Decimal
MODES = ["default", "disabled", "unifiedAccount", "portfolioMargin", "dexAbstraction"]
CENT = D("0.01")


@exactly
def venues_own(desk, dex=""):
    """Return equity, cash, free margin and margin ratio as the venue reckons inside."""
    account, marks = desk.account, desk.venue.state.marks
    asset = next(each for each in desk.venue.state.coins.values() if each.dex == dex)
    pool = account.pool(asset)
    equity = margin.equity(account, pool, marks)
    if account.mode.is_unified:
        equity += account.spot.get("USDC", D(0))
    signed = sum(
        (p.szi * marks[p.asset.name] for p in account.positions.values() if p.asset.dex == dex),
        D(0),
    )
    cross = margin.cross_equity(account, pool, marks)
    return (
        equity,
        equity - signed,
        margin.available(account, pool, marks),
        margin.cross_maintenance(account, pool, marks) / cross if cross > 0 else None,
    )


@pytest.mark.parametrize("mode", MODES)
async def test_an_account_is_worth_what_the_venue_says(seat, mode):
    at = seat(mode=mode)
    desk = at.desk
    desk.order(limit(True, "100100", "0.05", "Ioc"), limit(False, "3990", "2", "Ioc", asset=1))
    desk.order(limit(True, "90000", "0.01"))
    desk.order(trigger(False, "95000", "0.05"))
    desk.tick(60, BTC=101_000, ETH=3_950)
    report = await at.reader.report()
    equity, cash, free, ratio = venues_own(desk)
    account = report.account
    assert abs(account.equity - equity) < CENT
    assert abs(account.raw_usd - cash) < CENT
    assert abs(account.available - free) < CENT
    assert abs(account.margin_used - (equity - free)) < 60  # resting orders are no margin yet
    assert abs(at.reader._ratio - ratio) < D("0.0001")
    assert {p.symbol: p.quantity for p in report.positions} == {"BTC": D("0.05"), "ETH": D(-2)}


@pytest.mark.parametrize("mode", MODES)
async def test_isolated_margin_counts_and_is_not_free(seat, mode):
    at = seat(mode=mode)
    desk = at.desk
    desk.act({"type": "updateLeverage", "asset": 0, "isCross": False, "leverage": 10})
    desk.order(limit(True, "100100", "0.05", "Ioc"), limit(False, "3990", "2", "Ioc", asset=1))
    desk.tick(5, BTC=99_500)
    report = await at.reader.report()
    equity, cash, free, _ = venues_own(desk)
    assert abs(report.account.equity - equity) < CENT
    assert abs(report.account.raw_usd - cash) < CENT
    assert abs(report.account.available - free) < CENT
    held = {p.symbol: p for p in report.positions}
    assert held["BTC"].margin_mode is MarginMode.ISOLATED
    assert held["BTC"].leverage == 10
    assert held["ETH"].margin_mode is MarginMode.CROSS
    assert held["BTC"].liquidation_price is not None


@pytest.mark.parametrize("mode", ["unifiedAccount", "portfolioMargin", "dexAbstraction"])
async def test_a_builders_dex_is_worth_its_share_of_the_pool(seat, mode):
    at = seat(mode=mode, dex="xyz")
    desk = at.desk
    desk.order(limit(True, "301", "4", "Ioc", asset=110_000))
    desk.order(trigger(False, "280", "4", asset=110_000))
    desk.tick(5, **{"xyz:TSLA": 310})
    report = await at.reader.report()
    equity, cash, free, _ = venues_own(desk, "xyz")
    assert abs(report.account.equity - equity) < CENT
    assert abs(report.account.raw_usd - cash) < CENT
    assert abs(report.account.available - free) < CENT
    assert [p.symbol for p in report.positions] == ["TSLA"]
    assert [(o.symbol, o.trigger.kind) for o in report.orders] == [("TSLA", TriggerKind.STOP)]


async def test_an_account_of_another_dex_has_none_of_this_ones_positions(seat):
    at = seat(mode="unifiedAccount")
    at.desk.order(limit(True, "301", "4", "Ioc", asset=110_000))
    at.desk.order(trigger(False, "280", "4", asset=110_000))
    report = await at.reader.report()
    assert report.positions == report.orders == ()


async def test_a_mode_nobody_knows_fails_the_read_and_says_what_to_do(seat):
    """HYPERLIQUID §11.1 (4): every adapter that guessed reported no equity, or twice of it."""
    at = seat()
    await at.reader.report()
    at.desk.now += 60_000
    at.others.call_mode(at.desk.user, "hyperModeX")
    with pytest.raises(DataError, match="hyperModeX") as raised:
        await at.reader.report()
    assert "known are default, disabled, unifiedAccount" in raised.value.hints[0]
    assert at.codes() == ["account_mode_unknown"]
    at.others.call_mode(at.desk.user, None)
    await at.reader.report()  # well again, without a restart


@pytest.mark.parametrize("answer", [None, 7, {"mode": "default"}, "", "Default"])
async def test_what_is_no_mode_is_none(seat, answer):
    at = seat()
    at.client.instead["userAbstraction"] = lambda _: answer
    with pytest.raises(DataError, match="in a mode nobody here knows"):
        await at.reader.report()


@pytest.mark.parametrize("after", MODES[1:])
async def test_a_mode_that_changes_during_a_run_is_noticed_and_changes_no_figure(seat, after):
    at = seat(mode="default")
    at.desk.order(limit(True, "100100", "0.05", "Ioc"))
    before = (await at.reader.report()).account
    at.others.switch_mode(at.desk.user, after)
    at.desk.now += 11_000
    found = (await at.reader.report()).account
    assert abs(found.equity - before.equity) < CENT
    assert abs(found.raw_usd - before.raw_usd) < CENT
    assert abs(found.available - before.available) < CENT
    [(code, text)] = at.alerts
    assert code == "account_mode_changed"
    assert "was default" in text
    assert f"is {after}" in text
    assert await at.reader.mode() == after


@pytest.mark.parametrize("mode", ["unifiedAccount", "dexAbstraction"])
async def test_marks_that_move_between_two_answers_move_no_cash(seat, mode):
    """Cash that seems to change stops entries: both answers must be of the same marks."""
    at = seat(mode=mode, dex="" if mode == "unifiedAccount" else "xyz")
    desk = at.desk
    desk.order(limit(True, "100100", "0.1", "Ioc"), limit(True, "301", "4", "Ioc", asset=110_000))
    price, moves = [100_000], 3

    def move(_):
        nonlocal moves
        if moves:
            moves -= 1
            price[0] += 37
            desk.tick(1, BTC=price[0], **{"xyz:TSLA": 300 + moves})

    for _ in range(4):
        moves = 3
        at.client.before = move
        asked = len(at.client.asked)
        report = await at.reader.report()
        assert len(at.client.asked) - asked <= 10  # it stops as soon as prices do
        at.client.before = lambda _: None
        assert abs(report.account.raw_usd - venues_own(desk, at.reader._coins.dex)[1]) < CENT


async def test_cash_is_known_again_from_two_answers_while_marks_never_stand_still(seat):
    at = seat(mode="unifiedAccount")
    desk = at.desk
    desk.order(limit(True, "100100", "0.1", "Ioc"))
    await at.reader.report()
    at.client.before = lambda request: (
        desk.tick(1, BTC=desk.prices["BTC"] + 11)
        if request["type"] == "spotClearinghouseState"
        else None
    )
    cash = venues_own(desk)[1]
    report = await at.reader.report()
    assert abs(report.account.raw_usd - cash) < CENT


async def test_negative_balances_are_told_as_they_are(seat):
    for mode in MODES:
        at = seat(mode=mode)
        at.others.charge(at.desk.user, D(10_250))
        report = await at.reader.report()
        assert report.account.equity == report.account.raw_usd == D(-250), mode
        assert report.account.available == D(-250), mode


async def test_tokens_that_are_no_collateral_are_left_alone(seat):
    for mode in MODES:
        at = seat(mode=mode)
        at.others.set_spot(at.desk.user, "PURR", D(2000))
        at.others.set_spot(at.desk.user, "+100", D(25))
        report = await at.reader.report()
        assert report.account.equity == D(10_000), mode


async def test_an_answer_that_does_not_add_up_is_refused(seat):
    at = seat(mode="default")
    at.desk.order(limit(True, "100100", "0.05", "Ioc"))

    def doubled(answer):
        answer["marginSummary"]["accountValue"] = "19999.0"
        return answer

    at.client.instead["clearinghouseState"] = doubled
    with pytest.raises(DataError, match="accountValue is 19999.0, but totalRawUsd"):
        await at.reader.report()


async def test_a_margin_ratio_near_the_end_is_told(seat):
    at = seat(mode="unifiedAccount", usd=D(1000))
    at.desk.act({"type": "updateLeverage", "asset": 0, "isCross": True, "leverage": 40})
    at.desk.order(limit(True, "100100", "0.25", "Ioc"))
    await at.reader.report()
    assert at.reader.health() == (Health.OK, "")
    at.desk.tick(5, BTC=97_400)
    await at.reader.report()
    health, sentence = at.reader.health()
    assert health is Health.DEGRADED
    assert "% of the account's margin is needed" in sentence
    assert at.codes() == ["margin_ratio_high"]


async def test_orders_are_read_before_positions_and_the_oldest_part_dates_the_report(seat):
    at = seat(mode="default")
    began = at.clock.now()
    at.client.before = lambda _: at.desk.tick(0.25)
    report = await at.reader.report()
    kinds = at.client.kinds()
    assert kinds.index("frontendOpenOrders") < kinds.index("clearinghouseState")
    assert began < report.time <= at.clock.now() - timedelta(milliseconds=250)
    assert report.account.time == report.time


async def test_every_question_names_the_account_and_never_the_agent(seat):
    """nautilus_trader#4010: the venue says of an agent's own address that it holds nothing."""
    agent = "0x" + "ab" * 20
    at = seat(signer=agent)
    at.desk.venue.outsiders.approve_agent(at.desk.user, agent, "nof0")
    at.desk.order(limit(True, "100100", "0.05", "Ioc"))
    report = await at.reader.report()
    await at.reader.fills(at.since(600))
    await at.reader.funding(at.since(600))
    assert report.account.equity > 9_000
    others = [each for each in at.client.asked if each["type"] != "userRole"]
    assert {each["user"] for each in others} == {at.desk.user}
