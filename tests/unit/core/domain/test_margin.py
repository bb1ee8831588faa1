"""The margin rules by themselves: Hyperliquid's where nothing is stated, a venue's own else."""

from __future__ import annotations

from decimal import Context, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof0_core.domain.instrument import Instrument, MarginTier
from nof0_core.domain.margin import (
    initial_margin,
    liquidation_price,
    maintenance,
    maintenance_rates,
    positive_price,
)

D = Decimal
STEP = D("1E-10")


def coin(*tiers, max_leverage=50):
    return Instrument(
        symbol="X",
        size_decimals=0,
        price_decimals=6,
        max_leverage=max_leverage,
        tiers=tuple(
            MarginTier(
                lower_bound=D(bound),
                max_leverage=leverage,
                maintenance_rate=None if rate is None else D(rate),
            )
            for bound, leverage, rate in tiers
        ),
    )


OWN = coin((0, 50, "0.008"), (50_000, 20, "0.015"), (200_000, 10, "0.06"))


def test_a_rate_nobody_states_is_half_of_one_by_leverage():
    bare, tiered = coin(max_leverage=40), coin((0, 40, None), (1_000, 20, None), max_leverage=40)
    assert maintenance_rates(bare) == [D("0.0125")]
    assert maintenance_rates(tiered) == [D("0.0125"), D("0.025")]
    assert maintenance(bare, D(100)).margin == D("1.25")


def test_stated_rates_apply_each_to_the_part_above_its_bound():
    assert maintenance_rates(OWN) == [D("0.008"), D("0.015"), D("0.06")]
    assert maintenance(OWN, D(10_000)).margin == 80
    # 50,000 x 0.8 % + 50,000 x 1.5 %
    assert maintenance(OWN, D(100_000)).margin == 1_150
    # 400 + 150,000 x 1.5 % + 100,000 x 6 %
    top = maintenance(OWN, D(300_000))
    assert (top.margin, top.rate) == (8_650, D("0.06"))


@pytest.mark.parametrize("bound", [50_000, 200_000])
def test_the_margin_does_not_jump_where_a_tier_begins(bound):
    below, at = maintenance(OWN, bound - STEP), maintenance(OWN, D(bound))
    assert below.rate < at.rate
    assert abs(at.margin - below.margin) < D("1E-10")


def test_initial_margin_is_rounded_against_the_trader_or_not_at_all():
    assert initial_margin(D(100), 3) == D("33.333334")
    assert initial_margin(D(100), 3, step=D(1)) == 34
    assert initial_margin(D(100), 3, step=None) == D("33." + "3" * 48)


@given(
    side=st.sampled_from([1, -1]),
    size=st.integers(1, 10_000),
    mark=st.integers(1, 10_000).map(lambda cents: D(cents).scaleb(-2)),
    backing=st.integers(1, 1_000_000),
)
def test_at_the_liquidation_price_the_backing_is_what_is_needed(side, size, mark, backing):
    flat = coin((0, 50, "0.013"))
    spare = backing - maintenance(flat, size * mark).margin
    price = liquidation_price(
        mark=mark, side=side, spare_per_coin=spare / size, rate=maintenance_rates(flat)[0]
    )
    if price > 0:
        there = backing + side * size * (price - mark)
        assert abs(there - maintenance(flat, size * price).margin) < D("1E-15")


def test_a_price_that_is_not_above_zero_is_none():
    assert positive_price(D("2.00000000005"), STEP) == D("2.0000000000")
    assert positive_price(D(0), STEP) is None
    assert positive_price(D(-1), STEP) is None


def test_the_callers_decimal_context_does_not_matter_and_stays_as_it_is():
    def numbers():
        rule = maintenance(OWN, D("123456.789123"))
        return (
            rule,
            initial_margin(D("123456.789123"), 7),
            liquidation_price(
                mark=D("98765.4321"), side=-1, spare_per_coin=D("12345.678912345"), rate=rule.rate
            ),
        )

    expected = numbers()
    with localcontext(Context(prec=9)) as ambient:
        assert numbers() == expected
        assert not any(ambient.flags.values())


@pytest.mark.parametrize(
    ("tiers", "message"),
    [
        ([(5, 10, None)], "start at 0"),
        ([(0, 10, None), (7, 5, None), (7, 4, None)], "ascend"),
        ([(0, 10, "0")], "from 0 USD must be above 0 and below 1/10"),
        ([(0, 10, "-0.01")], "must be above 0"),
        ([(0, 10, "0.1")], r"below 1/10 \(1 / max_leverage\), got 0.1"),
        ([(0, 50, "0.01"), (9, 20, "0.05")], "from 9 USD must be above 0 and below 1/20"),
        (
            [(0, 50, "0.01"), (9, 20, "0.009")],
            "from 9 USD must not be below that of the tier before, 0.01, got 0.009",
        ),
        ([(0, 10, None), (9, 20, None)], "from 9 USD must not be below"),
    ],
)
def test_tiers_that_cannot_be_reckoned_with_are_refused(tiers, message):
    with pytest.raises(ValueError, match=message):
        coin(*tiers)
