from __future__ import annotations

from decimal import Decimal, localcontext
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from nof0_core.manager.allocation.shares import SHARE_STEP, bounded_shares
from nof0_core.money import EXACT

D = Decimal


def shares(weights, whole="100", floor="0", cap="100"):
    return bounded_shares(
        {t: D(w) for t, w in weights.items()}, D(whole), floor_pct=D(floor), cap_pct=D(cap)
    )


def test_shares_are_in_proportion_to_weights():
    assert shares({"a": 1, "b": 3}, whole="80") == {"a": D(20), "b": D(60)}


def test_remainder_of_a_division_goes_to_the_largest():
    assert shares({"a": 1, "b": 1, "c": 1}) == {
        "a": D("33.333334"),
        "b": D("33.333333"),
        "c": D("33.333333"),
    }
    assert shares({"a": 1, "b": 5}) == {"a": D("16.666666"), "b": D("83.333334")}


def test_what_the_cap_holds_back_goes_to_the_others_in_proportion():
    # 70 : 20 : 10 with a cap of 40: the other 60 are shared 2 : 1.
    assert shares({"a": 70, "b": 20, "c": 10}, cap="40") == {"a": D(40), "b": D(40), "c": D(20)}


def test_what_the_floor_gives_is_taken_from_the_others_in_proportion():
    # 90 : 9 : 1 with a floor of 10: b and c are raised to 10 each.
    assert shares({"a": 90, "b": 9, "c": 1}, floor="10") == {"a": D(80), "b": D(10), "c": D(10)}


def test_floor_and_cap_are_of_the_whole_not_of_everything():
    assert shares({"a": 99, "b": 1}, whole="50", floor="20", cap="60") == {"a": D(30), "b": D(20)}


def test_impossible_bounds_become_the_equal_share():
    assert shares({"a": 9, "b": 1}, cap="40") == {"a": D(50), "b": D(50)}
    assert shares({"a": 9, "b": 1}, floor="60") == {"a": D(50), "b": D(50)}


def test_nothing_to_divide_and_nobody_to_get_it():
    assert shares({}) == {}
    assert shares({"a": 1, "b": 2}, whole="0") == {"a": 0, "b": 0}


weights = st.dictionaries(
    st.sampled_from("abcdefgh"),
    st.integers(1, 10**9).map(lambda n: D(n).scaleb(-6)),
    min_size=1,
)
wholes = st.one_of(
    st.integers(0, 10_000).map(lambda n: D(n).scaleb(-2)),
    # As a rebalance of several exchange accounts has it: with all digits of a division.
    st.integers(1, 10_000).map(lambda n: EXACT.divide(D(n), D(101))),
)
percents = st.integers(0, 10_000).map(lambda n: D(n).scaleb(-2))


@settings(max_examples=300, deadline=None)
@given(weights=weights, whole=wholes, floor=percents, cap=percents)
def test_shares_sum_exactly_respect_bounds_and_keep_the_order(weights, whole, floor, cap):
    got = bounded_shares(weights, whole, floor_pct=floor, cap_pct=cap)
    with localcontext(EXACT):
        assert sum(got.values()) == whole
    assert list(got) == list(weights)
    crumb = SHARE_STEP * len(got)
    lowest = min(floor * whole / 100, whole / len(got))
    highest = max(cap * whole / 100, whole / len(got))
    for share in got.values():
        assert max(D(0), lowest - crumb) <= share <= highest + crumb
    for a, b in pairwise(sorted(weights, key=weights.get)):
        assert got[a] <= got[b] or weights[a] == weights[b]
    # Whoever no bound touches has the same share per weight as the others like it.
    free = [t for t, s in got.items() if lowest + crumb < s < highest - crumb]
    for a in free:
        for b in free:
            assert abs(got[a] * weights[b] - got[b] * weights[a]) <= crumb * (
                weights[a] + weights[b]
            )
