"""Counting votes: no signal without more than half, and never a number nobody named."""

from __future__ import annotations

import itertools
from decimal import Decimal as D

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof0_core.domain.decision import Decision, Signal
from nof0_llm.ensemble.ballot import decide

SYMBOLS = ("BTC", "ETH")


def wants(signal, symbol="BTC", confidence=80.0, size=300, leverage=5, stop=90, target=120, **more):
    if signal in ("hold", "close"):
        return Decision(signal=Signal(signal), symbol=symbol, confidence=confidence)
    return Decision(
        signal=Signal(signal),
        symbol=symbol,
        leverage=leverage,
        position_size_usd=D(size),
        entry_price=D(100),
        stop_loss=None if stop is None else D(stop),
        take_profit=None if target is None else D(target),
        confidence=confidence,
        **more,
    )


BUY, SELL, HOLD, CLOSE = "buy_to_enter", "sell_to_enter", "hold", "close"


def outcome(*votes, by_confidence=False):
    ballots = {f"m{n}": [wants(vote)] if vote else [] for n, vote in enumerate(votes)}
    made = decide(ballots, SYMBOLS, by_confidence=by_confidence)
    return made[0].signal.value if made else None


@pytest.mark.parametrize(
    ("votes", "expected"),
    [
        ((BUY, BUY, BUY), BUY),
        ((BUY, BUY, SELL), BUY),
        ((SELL, SELL, HOLD), SELL),
        ((CLOSE, CLOSE, BUY), CLOSE),
        ((BUY, SELL), HOLD),
        ((BUY, HOLD), HOLD),
        ((BUY, BUY, SELL, SELL), HOLD),
        ((BUY, BUY, SELL, CLOSE), HOLD),
        ((BUY, SELL, CLOSE), HOLD),
        ((BUY, None, None), HOLD),
        ((BUY, BUY, None), BUY),
        ((None, None), None),
    ],
)
def test_a_signal_needs_more_than_half_of_the_voters(votes, expected):
    for order in itertools.permutations(votes):
        assert outcome(*order) == expected


def test_confidence_outweighs_numbers_where_it_counts():
    ballots = {
        "a": [wants(BUY, confidence=95)],
        "b": [wants(HOLD, confidence=30)],
        "c": [wants(HOLD, confidence=40)],
    }
    assert decide(ballots, SYMBOLS, by_confidence=True)[0].signal is Signal.BUY_TO_ENTER
    assert decide(ballots, SYMBOLS, by_confidence=False)[0].signal is Signal.HOLD


def test_half_of_all_confidence_is_a_tie_and_a_tie_holds():
    ballots = {"a": [wants(BUY, confidence=70)], "b": [wants(SELL, confidence=70)]}
    assert decide(ballots, SYMBOLS, by_confidence=True)[0].signal is Signal.HOLD


def test_a_silent_member_votes_to_hold_with_middling_confidence():
    ballots = {"a": [wants(BUY, confidence=50)], "b": []}
    assert decide(ballots, SYMBOLS, by_confidence=True)[0].signal is Signal.HOLD


def test_no_confidence_at_all_is_no_majority():
    ballots = {"a": [wants(BUY, confidence=0)], "b": [wants(BUY, confidence=0)]}
    assert decide(ballots, SYMBOLS, by_confidence=True)[0].signal is Signal.HOLD


@pytest.mark.parametrize(
    ("signal", "stop", "target"), [(BUY, D(95), D(110)), (SELL, D(90), D(130))]
)
def test_of_the_winners_numbers_the_careful_ones_are_taken(signal, stop, target):
    ballots = {
        "a": [wants(signal, size=100, leverage=10, stop=90, target=110, confidence=90)],
        "b": [wants(signal, size=500, leverage=3, stop=95, target=130, confidence=75)],
        "c": [wants(signal, size=300, leverage=5, stop=92, target=120, confidence=80)],
        "d": [wants(HOLD)],
    }
    (made,) = decide(ballots, SYMBOLS, by_confidence=False)

    assert made.position_size_usd == D(300)
    assert made.leverage == 3
    assert (made.stop_loss, made.take_profit) == (stop, target)
    assert made.confidence == 80
    assert made.risk_usd is None


def test_of_two_sizes_the_smaller_is_the_median():
    ballots = {"a": [wants(BUY, size=100)], "b": [wants(BUY, size=500)]}
    assert decide(ballots, SYMBOLS, by_confidence=False)[0].position_size_usd == D(100)


def test_numbers_of_those_who_lost_do_not_count():
    ballots = {
        "a": [wants(BUY, size=300)],
        "b": [wants(BUY, size=400)],
        "c": [wants(SELL, size=1, stop=99, target=99)],
    }
    (made,) = decide(ballots, SYMBOLS, by_confidence=False)
    assert (made.position_size_usd, made.stop_loss, made.take_profit) == (D(300), D(90), D(120))


def test_an_exit_that_only_one_winner_names_is_kept():
    ballots = {"a": [wants(BUY, stop=None, target=None)], "b": [wants(BUY)]}
    assert decide(ballots, SYMBOLS, by_confidence=False)[0].stop_loss == D(90)


def test_any_of_the_winners_conditions_invalidates():
    ballots = {
        "a": [wants(BUY, invalidation_condition="below 90")],
        "b": [wants(BUY, invalidation_condition="funding turns")],
        "c": [wants(BUY, invalidation_condition="below 90")],
    }
    (made,) = decide(ballots, SYMBOLS, by_confidence=False)
    assert made.invalidation_condition == "below 90 or funding turns"


def test_a_member_that_wants_two_things_in_one_coin_votes_to_hold():
    ballots = {"a": [wants(BUY), wants(CLOSE)], "b": [wants(BUY)]}
    (made,) = decide(ballots, SYMBOLS, by_confidence=False)
    assert made.signal is Signal.HOLD
    assert "wants more than one thing" in made.reasoning


def test_coins_come_in_the_traders_order_and_those_it_may_not_trade_not_at_all():
    ballots = {"a": [wants(BUY, "PEPE"), wants(CLOSE, "ETH"), wants(BUY, "BTC")]}
    made = decide(ballots, SYMBOLS, by_confidence=False)
    assert [d.symbol for d in made] == ["BTC", "ETH"]


entries = st.builds(
    wants,
    st.sampled_from([BUY, SELL, HOLD, CLOSE]),
    st.sampled_from(["BTC", "ETH", "PEPE"]),
    confidence=st.none() | st.floats(0, 100),
    size=st.integers(1, 1000),
    leverage=st.integers(1, 20),
    stop=st.none() | st.integers(50, 99),
    target=st.none() | st.integers(101, 200),
)


@given(
    st.dictionaries(st.text("abc", min_size=1, max_size=2), st.lists(entries, max_size=4)),
    st.booleans(),
)
def test_what_comes_out_is_within_what_members_asked_for(ballots, by_confidence):
    made = decide(ballots, SYMBOLS, by_confidence=by_confidence)

    assert [d.symbol for d in made] == sorted({d.symbol for d in made})
    for decision in made:
        same = [
            d
            for each in ballots.values()
            for d in each
            if (d.symbol, d.signal) == (decision.symbol, decision.signal)
        ]
        if decision.signal is Signal.HOLD:
            continue
        assert same
        if not by_confidence:
            voters = sum(any(d in same for d in each) for each in ballots.values())
            assert 2 * voters > len(ballots)
        if decision.signal.is_entry:
            sizes = sorted(d.position_size_usd for d in same)
            assert sizes[0] <= decision.position_size_usd <= sizes[-1]
            assert decision.leverage <= max(d.leverage for d in same)
