"""What became of each position, from what the venue recorded."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hyperliquid_desk import Desk, limit, trigger

from nof0_provider_hyperliquid.rehearsal.coverage import Coverage, bare_positions
from nof0_provider_hyperliquid.rehearse.episodes import (
    BY_ENGINE,
    BY_HAND,
    BY_STOP,
    BY_TARGET,
    episodes,
)
from nof0_provider_hyperliquid.rehearse.opposed import bare, opposed

D = Decimal
IDS = iter(range(1, 1_000))


def cloid(who=0):
    return f"0x{who:08x}{next(IDS):024x}"


class Watched(Desk):
    """A desk whose positions are watched."""

    def __init__(self):
        super().__init__()
        self.coverage = Coverage()

    def look(self):
        self.coverage.look(self.now, bare_positions(self.venue.state))

    def trade(self, is_buy, size, *, reduce=False, who=0):
        price = "110000" if is_buy else "90000"
        self.order(limit(is_buy, price, size, "Ioc", reduce=reduce, cloid=cloid(who)))
        self.look()

    def protect(self, is_long, at, size, tpsl="sl"):
        price = str(int(int(at) * (0.9 if is_long else 1.1)))
        self.order(trigger(not is_long, at, size, tpsl, price=price, cloid=cloid()))
        self.look()

    def later(self, seconds, **prices):
        self.tick(seconds, **prices)
        self.look()

    def found(self):
        return episodes([self.account], self.coverage, self.now)


@pytest.fixture
def desk():
    return Watched()


def test_a_position_its_engine_closed(desk):
    desk.trade(True, "0.01")
    desk.later(4)
    desk.protect(True, "95000", "0.01")
    desk.later(6)
    desk.trade(False, "0.01", reduce=True)
    [one] = desk.found()
    assert (one.coin, one.size, one.ended_by) == ("BTC", D("0.01"), BY_ENGINE)
    assert (one.ended_ms - one.opened_ms, one.bare_ms) == (10_000, 4_000)
    assert one.pnl < 0


@pytest.mark.parametrize(
    ("tpsl", "at", "price", "by"),
    [("sl", "95000", 94_000, BY_STOP), ("tp", "105000", 106_000, BY_TARGET)],
)
def test_a_position_that_its_stop_or_target_closed(desk, tpsl, at, price, by):
    desk.trade(True, "0.01")
    desk.protect(True, at, "0.01", tpsl)
    desk.later(2, BTC=price)
    assert [one.ended_by for one in desk.found()] == [by]


def test_a_position_closed_by_hand_and_one_that_is_open(desk):
    desk.trade(False, "0.02")
    desk.venue.outsiders.close(desk.user, "BTC")
    desk.look()
    desk.later(1)
    desk.trade(True, "0.03")
    desk.later(7)
    first, second = desk.found()
    assert (first.size, first.ended_by) == (D("-0.02"), BY_HAND)
    assert (second.size, second.ended_by, second.ended_ms) == (D("0.03"), "", None)
    assert second.bare_ms == 7_000


def test_a_position_that_turns_is_two(desk):
    desk.trade(True, "0.01")
    desk.later(1)
    desk.trade(False, "0.03")
    first, second = desk.found()
    assert (first.size, first.ended_by) == (D("0.01"), BY_ENGINE)
    assert (second.size, second.ended_ms) == (D("-0.02"), None)


def test_one_that_grows_and_shrinks_is_one(desk):
    desk.trade(True, "0.01")
    desk.trade(True, "0.02")
    desk.trade(False, "0.02", reduce=True)
    [one] = desk.found()
    assert (one.size, one.ended_ms) == (D("0.03"), None)


def test_what_is_left_of_opposite_sides_is_not_without_its_stop(desk):
    desk.trade(True, "0.03", who=1)
    desk.later(2)
    desk.trade(False, "0.01", who=2)
    desk.later(9)
    [one] = desk.found()
    assert (one.bare_ms, one.opposed_ms) == (2_000, 11_000)
    desk.trade(True, "0.01", who=2)
    desk.later(1)
    desk.protect(True, "95000", "0.03")
    desk.later(5)
    [one] = desk.found()
    assert (one.bare_ms, one.opposed_ms) == (2_000, 12_000)
    assert [
        each.until_ms - each.since_ms for each in bare([desk.account], desk.coverage, desk.now)
    ] == [
        2_000,
        1_000,
    ]


def test_two_on_the_same_side_are_not_opposed(desk):
    desk.trade(True, "0.01", who=1)
    desk.trade(True, "0.01", who=2)
    desk.later(3)
    assert opposed(desk.account, desk.now) == []
    assert [(one.bare_ms, one.opposed_ms) for one in desk.found()] == [(3_000, 0)]


def test_a_close_by_hand_takes_from_those_it_closes(desk):
    desk.trade(True, "0.03", who=1)
    desk.trade(True, "0.01", who=2)
    desk.trade(False, "0.01", who=3)
    began = desk.now
    desk.later(4)
    desk.venue.outsiders.trade(desk.user, "BTC", D("-0.04"))
    desk.look()
    [both] = opposed(desk.account, desk.now)
    assert (both.since_ms, both.until_ms) == (began, began + 4_000)


def test_a_part_closed_by_hand_that_has_no_end_as_a_decimal(desk):
    desk.trade(True, "0.02", who=1)
    desk.trade(True, "0.01", who=2)
    desk.venue.outsiders.trade(desk.user, "BTC", D("-0.01"))
    desk.look()
    assert opposed(desk.account, desk.now) == []
    desk.venue.outsiders.trade(desk.user, "BTC", D("-0.02"))
    desk.look()
    desk.trade(False, "0.01", who=3)
    desk.later(2)
    assert opposed(desk.account, desk.now) == []
