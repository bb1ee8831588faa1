from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal as D

import attrs
import pytest

from nof0_core.analysis.leaderboard import Leaderboard
from nof0_core.analysis.verdict import verdict
from nof0_core.domain.growth import Growth


@pytest.fixture
def wandering(curve):
    """Make a curve that drifts by a percentage per hour."""

    def make(drift, hours=72, seed=1, spread=0.5):
        rng, equity, points = random.Random(seed), 10_000.0, []
        for _ in range(hours + 1):
            points.append(round(equity, 2))
            equity *= 1 + (drift + rng.gauss(0, spread)) / 100
        return curve(*points)

    return make


def by_name(rows):
    return {row.trader: row for row in rows}


def test_rows_stand_in_the_order_of_the_ranking_with_what_it_rests_on(trader, view):
    rows = Leaderboard().rows(
        view(
            trader("mute", equity="20000", answers=(0, 12)),
            trader("a", equity="9000"),
            trader("b", equity="11000", answers=(90, 100)),
        )
    )
    assert [row.trader for row in rows] == ["b", "a", "mute"]
    assert rows[0].return_pct == 10
    assert [(row.usable_answers, row.cycles) for row in rows] == [(90, 100), (100, 100), (0, 12)]
    assert [row.is_ranked for row in rows] == [True, True, False]
    assert rows[2].unranked_reason == "0 of 12 answers usable, 0 of 20 cycles"


def test_trades_are_counted_by_their_net_profit(trader, trade, view):
    trades = [trade("10"), trade("-4"), trade("0"), trade("2.5")]
    row = Leaderboard().rows(view(trader("a", trades=trades, fees="4")))[0]
    assert (row.num_trades, row.num_wins, row.num_losses) == (4, 2, 2)
    assert (row.win_dollars, row.lose_dollars, row.fees) == (12.5, -4, 4)
    assert row.win_rate == 50


def test_nothing_is_said_about_chance_before_a_day_of_returns(trader, view, wandering):
    rows = Leaderboard().rows(
        view(
            trader("a", curve=wandering(0.1, hours=23)),
            trader("yardstick", curve=wandering(0, hours=23), is_baseline=True),
        )
    )
    assert rows[0].return_pct_ci is rows[0].sharpe_ci is rows[0].beats_baseline_p is None


def test_the_rival_is_the_best_baseline_other_than_oneself(trader, view, wandering):
    rows = by_name(
        Leaderboard().rows(
            view(
                trader("model", curve=wandering(0.05, seed=3), equity="10300"),
                trader("good", curve=wandering(0.3, seed=1), equity="12000", is_baseline=True),
                trader("bad", curve=wandering(-0.3, seed=2), equity="8000", is_baseline=True),
            )
        )
    )
    assert rows["model"].beats_baseline_p < 0.1
    assert rows["good"].beats_baseline_p > 0.99
    assert rows["bad"].beats_baseline_p < 0.01


def test_without_another_baseline_there_is_no_rival(trader, view, wandering):
    rows = Leaderboard().rows(view(trader("alone", curve=wandering(0), is_baseline=True)))
    assert rows[0].return_pct_ci is not None
    assert rows[0].beats_baseline_p is None


def test_a_baseline_below_the_gates_is_nobodys_rival_until_it_is_above(trader, view, wandering):
    def at(answers):
        return view(
            trader("model", curve=wandering(0.05, seed=3), equity="10300"),
            trader(
                "good",
                curve=wandering(0.3, seed=1),
                equity="12000",
                is_baseline=True,
                answers=answers,
            ),
            trader("bad", curve=wandering(-0.3, seed=2), equity="8000", is_baseline=True),
        )

    board = Leaderboard()
    below = by_name(board.rows(at((19, 19))))
    assert below["model"].beats_baseline_p > 0.9
    assert below["good"].beats_baseline_p is None
    # No hour was added since: the same board must see that there is a better rival now.
    above = by_name(board.rows(at((20, 20))))
    assert above["model"].beats_baseline_p < 0.1
    assert above["good"].beats_baseline_p > 0.99


def test_with_every_baseline_below_the_gates_there_is_no_rival(trader, view, wandering):
    rows = by_name(
        Leaderboard().rows(
            view(
                trader("model", curve=wandering(0.05, seed=3)),
                trader("new", curve=wandering(0), is_baseline=True, answers=(3, 3)),
            )
        )
    )
    assert rows["model"].return_pct_ci is not None
    assert rows["model"].beats_baseline_p is None


def test_the_interval_of_return_is_around_what_the_curve_made(trader, view, wandering):
    points = wandering(0.1)
    row = Leaderboard().rows(view(trader("a", curve=points, equity=points[-1].equity)))[0]
    made = float(100 * (points[-1].equity / points[0].equity - 1))
    assert row.return_pct == pytest.approx(made)
    assert row.return_pct_ci[0] < made < row.return_pct_ci[1]


def test_the_interval_of_return_moves_with_what_no_full_hour_holds(trader, view, wandering):
    """The hour under way, and the time before the first mark, are in number and interval alike."""
    points = wandering(0.1)
    late = [attrs.evolve(point, index=point.index * D("0.6")) for point in points]
    whole = Leaderboard().rows(view(trader("a", curve=points, equity=points[-1].equity)))[0]
    row = Leaderboard().rows(view(trader("a", curve=late, equity=points[-1].equity / 2)))[0]
    assert row.return_pct == pytest.approx((100 + whole.return_pct) / 2 - 100)
    for end, other in zip(row.return_pct_ci, whole.return_pct_ci, strict=True):
        assert end == pytest.approx((100 + other) / 2 - 100)


@pytest.mark.parametrize("step", ["1.001", "0.999", "1"])
def test_equal_returns_have_an_interval_with_the_number_in_it(trader, view, curve, step):
    points = curve(*(D(10_000) * D(step) ** hour for hour in range(40)))
    row = Leaderboard().rows(view(trader("a", curve=points, equity=points[-1].equity)))[0]
    assert row.return_pct_ci[0] <= row.return_pct <= row.return_pct_ci[1]
    assert row.return_pct_ci == pytest.approx((row.return_pct,) * 2)
    assert row.sharpe_ci == (0, 0)


def test_the_number_of_a_ruined_trader_is_in_its_interval(trader, view, wandering):
    points = wandering(0.1)
    dead = [attrs.evolve(points[-1], index=D(0), time=points[-1].time + timedelta(hours=n))
            for n in (1, 2)]  # fmt: skip
    one = trader("a", curve=[*points, *dead], equity="500")
    one = attrs.evolve(one, account=attrs.evolve(one.account, growth=Growth(index=D(0))))
    row = Leaderboard().rows(view(one))[0]
    assert row.return_pct == row.return_pct_ci[0] == -100


def test_an_hour_marked_anew_is_resampled_anew(trader, view, wandering):
    points, board = wandering(0.1), Leaderboard()
    first = board.rows(view(trader("a", curve=points)))[0]
    again = attrs.evolve(points[-1], index=points[-1].index * 2)
    second = board.rows(view(trader("a", curve=[*points[:-1], again])))[0]
    assert second.sharpe_ci != first.sharpe_ci


def test_resampling_happens_only_when_an_hour_was_added(trader, view, wandering, monkeypatch):
    import nof0_core.analysis.leaderboard as module

    calls = []
    luck = module.luck
    monkeypatch.setattr(module, "luck", lambda *given: calls.append(1) or luck(*given))
    board, one = Leaderboard(), trader("a", curve=wandering(0, hours=30))
    first = board.rows(view(one))
    later = board.rows(view(attrs.evolve(one, account=attrs.evolve(one.account, equity=9))))
    assert len(calls) == 1
    assert later[0].equity == 9
    assert later[0].sharpe_ci == first[0].sharpe_ci
    board.rows(view(trader("a", curve=wandering(0, hours=31))))
    assert len(calls) == 2


@pytest.fixture
def row(trader, view):
    def make(name, interval, trades=50):
        plain = Leaderboard().rows(view(trader(name)))[0]
        return attrs.evolve(plain, return_pct_ci=interval, num_trades=trades)

    return make


@pytest.mark.parametrize(
    ("first", "second", "trades", "said"),
    [
        pytest.param(None, (0, 1), 50, "at least 24 hours", id="no history"),
        pytest.param((1, 5), (-2, 1.5), 50, "means nothing: their 95 % intervals", id="overlap"),
        pytest.param((2, 5), (-2, 1.5), 3, "on 3 closed trades", id="few trades"),
        pytest.param((2, 5), (-2, 1.5), 50, "beyond what chance explains: their", id="clear"),
    ],
)
def test_verdict_says_whether_the_order_means_something(row, first, second, trades, said):
    assert said in verdict([row("a", first, trades), row("b", second)])


def test_one_trader_alone_needs_no_verdict(row):
    assert not verdict([row("a", (0, 1))])


def test_verdict_compares_the_first_two_that_are_ranked(row):
    outside = attrs.evolve(row("mute", (90, 99)), unranked_reason="0 of 12 answers usable")
    said = verdict([row("a", (2, 5)), row("b", (-2, 1.5)), outside])
    assert said.startswith("A leads B")
    unnamed = attrs.evolve(row("a", (2, 5)), name="")
    assert verdict([unnamed, outside]) == (
        "Only a has passed the quality gates: there is no order yet."
    )
    assert verdict([outside, outside]) == (
        "The order means nothing yet: no trader has passed the quality gates."
    )
