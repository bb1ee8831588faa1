"""The return of an account whose capital is moved: of what it was worth at each moment."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal as D

import attrs
import pytest

from nof0_core.domain.event import HourMarked, Transferred
from nof0_core.domain.vocabulary import TransferReason
from nof0_core.errors import UnbookableError
from nof0_core.ids import RESERVE


def earn(script, amount):
    """Let ann earn an amount without a trade."""
    script.fund("ann", "BTC", amount, time=script.now)


@pytest.fixture
def ann(script):
    script.transfer("ann", "1000")
    return script


def returned(script, **marks):
    return script.account("ann", **marks).return_pct


@pytest.mark.parametrize(
    ("earned", "moved", "profit_on_what_is_left"),
    [
        pytest.param("879.5", "-854.8225", "605.81", id="much taken"),
        pytest.param("2470", "-1100", None, id="more taken than ever given"),
        pytest.param("226", "-392.47", "37.20", id="some taken"),
        pytest.param("-301.3", "500", "-20.09", id="loss, then capital given"),
    ],
)
def test_capital_moved_after_the_result_does_not_change_it(
    ann, earned, moved, profit_on_what_is_left
):
    earn(ann, earned)
    wanted = D(earned) / 10
    assert returned(ann) == wanted
    ann.transfer("ann", moved, "rebalance")
    assert returned(ann) == wanted
    state = ann.account("ann")
    if profit_on_what_is_left is None:
        assert state.deposited < 0
    else:
        naive = 100 * (state.equity - state.deposited) / state.deposited
        assert naive.quantize(D("0.01")) == D(profit_on_what_is_left)


def test_the_same_returns_are_the_same_number_however_capital_was_moved(ann):
    earn(ann, "100")
    ann.transfer("ann", "-550", "rebalance")
    earn(ann, "55")
    ann.transfer("ann", "5445", "rebalance")
    earn(ann, "-1210")
    # 1.1 x 1.1 x 0.7983…: each on what was there then.
    wanted = 100 * (D("1.1") * D("1.1") * (D(6050) - 1210) / 6050 - 1)
    assert abs(returned(ann) - wanted) < D("1E-20")


def test_a_position_counts_at_the_mark_of_the_transfer(ann):
    ann.trade("ann", "BTC", "0.01", "100000")
    ann.transfer("ann", "1100", "rebalance", BTC="110000")
    assert returned(ann, BTC="110000") == 10
    # 2200 are at work now: 220 more are 10 % again.
    assert returned(ann, BTC="132000") == 21


def test_two_transfers_at_one_moment_are_as_one(ann):
    earn(ann, "100")
    ann.transfer("ann", "400", "rebalance")
    ann.transfer("ann", "-700", "rebalance")
    assert returned(ann) == 10
    earn(ann, "80")
    assert returned(ann) == 21


def test_all_capital_taken_and_given_again_goes_on_where_it_stood(ann):
    earn(ann, "100")
    ann.transfer("ann", "-1100", "rebalance")
    ann.tell(HourMarked(accounts=(ann.account("ann"),)))
    assert returned(ann) == 10
    ann.transfer("ann", "50", "rebalance")
    earn(ann, "5")
    assert returned(ann) == 21


@pytest.mark.parametrize("seen_by", ["hour", "cycle", "transfer"])
@pytest.mark.parametrize("lost", ["-1000", "-1200"])
def test_who_lost_all_has_lost_all_whatever_comes_later(ann, seen_by, lost):
    earn(ann, lost)
    assert returned(ann) == -100
    account = ann.account("ann")
    if seen_by != "transfer":
        ann.tell(ann.ended(account) if seen_by == "cycle" else HourMarked(accounts=(account,)))
        # Funding or a position may bring it back before anybody moves capital.
        earn(ann, "1500")
        assert returned(ann) == -100
    ann.transfer("ann", "5000", "rebalance")
    earn(ann, "900")
    assert returned(ann) == -100
    assert [point.index for point in ann.ledger.curve("ann")] == [0] * (seen_by == "hour")


def test_a_low_that_nobody_recorded_is_no_ruin(ann):
    earn(ann, "-1000")
    earn(ann, "500")
    assert returned(ann) == -50


def test_nothing_is_judged_by_a_guess(ann):
    ann.trade("ann", "BTC", "0.02", "100000")
    lost = attrs.evolve(ann.account("ann", BTC="40000"), unpriced=("BTC",))
    assert lost.equity < 0
    ann.tell(ann.ended(lost))
    assert returned(ann, BTC="110000") == 20


def test_a_cycle_is_judged_by_the_transfers_it_knew(ann):
    """A model thinks for a while: its account is that of before."""
    ann.transfer("ann", "-1000", "rebalance")
    empty = ann.account("ann")
    ann.transfer("ann", "200", "rebalance")
    ann.tell(ann.ended(empty))
    assert returned(ann) == 0
    assert ann.account("ann").growth.index == 1


def test_a_trader_added_later_begins_at_nothing(ann):
    earn(ann, "100")
    ann.transfer("bob", "300")
    assert (ann.account("bob").return_pct, returned(ann)) == (0, 10)


def test_a_first_capital_of_nothing_is_no_ruin(script):
    script.transfer("ann", "0")
    script.tell(HourMarked(accounts=(script.account("ann"),)))
    assert returned(script) == 0
    script.transfer("ann", "100", "rebalance")
    earn(script, "7")
    assert returned(script) == 7


def test_a_transfer_that_does_not_say_what_the_account_was_worth_is_refused(ann, picture_of):
    before = picture_of(ann.ledger, ["ann"])
    for equities in ({}, {"bob": D(1000)}, {"ann": D("NaN")}):
        body = Transferred(
            venue_account="paper",
            amounts={"ann": D(5), RESERVE: D(-5)},
            equities=equities,
            reason=TransferReason.REBALANCE,
        )
        with pytest.raises(UnbookableError, match=r"\(transferred\) cannot be booked"):
            ann.tell(body)
        ann.events.pop()
    assert picture_of(ann.ledger, ["ann"]) == before


def test_an_index_neither_vanishes_nor_overflows(ann):
    """Nearly all lost, and nearly all won, many times over."""
    for _ in range(40):
        state = ann.account("ann")
        earn(ann, D("0.000001") - state.equity)
        ann.transfer("ann", "1000", "rebalance")
    assert 0 < ann.account("ann").growth.index < D("1E-300")
    assert -100 <= returned(ann) < D("-99.999")
    for _ in range(80):
        state = ann.account("ann")
        ann.transfer("ann", D("0.000001") - state.equity, "rebalance")
        earn(ann, "1000")
    assert returned(ann).is_finite()
    assert returned(ann) > 10**300


def test_points_of_the_curve_carry_the_index(ann):
    earn(ann, "100")
    ann.tell(HourMarked(accounts=(ann.account("ann"),)))
    ann.transfer("ann", "-600", "rebalance")
    ann.tell(
        HourMarked(accounts=(attrs.evolve(ann.account("ann"), time=ann.now + timedelta(hours=1)),))
    )
    assert [point.index for point in ann.ledger.curve("ann")] == [D("1.1"), D("1.1")]
    assert [point.equity for point in ann.ledger.curve("ann")] == [D(1100), D(500)]


def test_a_late_debit_of_an_emptied_account_is_no_ruin(ann):
    earn(ann, "100")
    ann.transfer("ann", "-1100", "rebalance")
    earn(ann, "-0.5")
    assert returned(ann) == 10
    ann.transfer("ann", "1000.5", "rebalance")
    assert returned(ann) == 10
    earn(ann, "-1000")
    assert returned(ann) == -100
