from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import attrs

from nof0_core.analysis.ranking import ranking
from nof0_core.domain.quality import QualityGates


def names(view):
    return [standing.trader.trader for standing in ranking(view)]


def test_the_best_return_is_first_whatever_capital_was_moved(trader, view):
    rich = trader("rich", equity="20300", deposited="20000")
    poor = trader("poor", equity="5300", deposited="5000")
    assert rich.account.equity > poor.account.equity
    assert poor.account.return_pct > rich.account.return_pct
    assert names(view(rich, poor)) == ["poor", "rich"]


def test_equal_returns_keep_the_order_of_the_configuration(trader, view):
    assert names(view(*map(trader, ("z", "a", "m")))) == ["z", "a", "m"]


def test_who_is_below_a_gate_stands_after_all_others_and_by_return_among_themselves(trader, view):
    picture = view(
        trader("dead", equity="99000", answers=(0, 500)),
        trader("loser", equity="100"),
        trader("new", equity="99500", answers=(3, 3)),
        trader("winner", equity="11000"),
    )
    standings = ranking(picture)
    assert [one.trader.trader for one in standings] == ["winner", "loser", "new", "dead"]
    assert [one.unranked_reason for one in standings] == [
        None,
        None,
        "3 of 20 cycles",
        "0 of 500 answers usable, 0 of 20 cycles",
    ]


def test_with_nobody_above_the_gates_all_stand_by_return(trader, view):
    picture = view(trader("a", answers=(0, 0)), trader("b", equity="11000"), age=timedelta(hours=2))
    standings = ranking(picture)
    assert [one.trader.trader for one in standings] == ["b", "a"]
    assert [one.unranked_reason for one in standings] == [
        "2 h of 24 h",
        "0 of 20 cycles, 2 h of 24 h",
    ]


def test_a_trader_added_later_has_an_age_of_its_own(trader, view):
    old, new = trader("old"), trader("new", equity="12000")
    later = attrs.evolve(new, started_at=new.started_at + timedelta(hours=30))
    standings = ranking(view(old, later))
    assert [one.trader.trader for one in standings] == ["old", "new"]
    assert standings[1].unranked_reason == "18 h of 24 h"


def test_gates_that_are_switched_off_keep_nobody_out(trader, view):
    off = QualityGates(min_cycles=0, min_usable_pct=Decimal(0), min_age=timedelta(0))
    dead = trader("dead", equity="11000", answers=(0, 9))
    [first, _] = ranking(view(trader("a"), dead, age=timedelta(0), gates=off))
    assert (first.trader.trader, first.is_ranked) == ("dead", True)
