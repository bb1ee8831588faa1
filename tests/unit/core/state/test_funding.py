from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof0_core.domain.fill import FundingPayment
from nof0_core.ids import RESERVE
from nof0_core.ledger import share_funding

D = Decimal


def payment(size, amount, rate="0.0000125"):
    return FundingPayment(
        symbol="BTC",
        time=datetime(2025, 7, 23, 1, tzinfo=UTC),
        quantity=D(size),
        rate=D(rate),
        amount=D(amount),
    )


def test_two_longs_pay_by_size_and_the_reserve_takes_the_crumb():
    shares = share_funding(payment("0.3", "-0.442500"), {"ann": D("0.1"), "bob": D("0.2")}, None)
    assert shares == {"ann": D("-0.1475"), "bob": D("-0.295")}
    shares = share_funding(payment("3", "-0.000100"), {"ann": D(1), "bob": D(2)}, None)
    # A third of 0.0001 is 0.0000333…, cut to 0.000033.
    assert shares == {"ann": D("-0.000033"), "bob": D("-0.000066"), RESERVE: D("-0.000001")}


def test_long_pays_the_short_beside_what_the_venue_takes():
    shares = share_funding(payment("0.2", "-0.295"), {"ann": D("0.3"), "bob": D("-0.1")}, None)
    assert shares == {"ann": D("-0.4425"), "bob": D("0.1475")}


@pytest.mark.parametrize(("rate", "long_gets"), [("0.0001", D(-1)), ("-0.0001", D(1))])
def test_opposite_positions_pay_each_other_when_the_net_is_zero(rate, long_gets):
    sizes = {"ann": D("0.1"), "bob": D("-0.1")}
    shares = share_funding(payment("0", "0", rate), sizes, D(100000))
    assert shares == {"ann": long_gets, "bob": -long_gets}  # 0.1 * 100000 * 0.0001


def test_without_oracle_and_net_nobody_pays():
    sizes = {"ann": D("0.1"), "bob": D("-0.1")}
    assert share_funding(payment("0", "0"), sizes, None) == {"ann": D(0), "bob": D(0)}


def test_nearly_netted_position_is_charged_by_the_formula_not_by_a_rounded_crumb():
    """0.00001 coins cost 0.0000125: cut to 0.000012, that is 4 % too little for everybody."""
    sizes = {"ann": D("10.00001"), "bob": D("-10")}
    shares = share_funding(payment("0.00001", "-0.000012"), sizes, D(100000))
    assert shares["ann"] == D("-12.500012")
    assert shares["bob"] == D("12.5")
    assert sum(shares.values()) == D("-0.000012")


sizes = st.integers(-(10**9), 10**9).map(lambda n: D(n).scaleb(-5))


@given(
    held=st.dictionaries(st.sampled_from(["ann", "bob", "cy", "dan"]), sizes),
    amount=st.integers(-(10**12), 10**12).map(lambda n: D(n).scaleb(-6)),
    oracle=st.one_of(st.none(), st.integers(1, 10**8).map(lambda n: D(n).scaleb(-2))),
    rate=st.sampled_from(["0.0000125", "-0.0004", "0"]),
)
def test_shares_sum_to_the_payment_exactly(held, amount, oracle, rate):
    net = sum(held.values(), D(0))
    shares = share_funding(payment(net, amount, rate), held, oracle)
    assert sum(shares.values(), D(0)) == amount
    assert [t for t in shares if t != RESERVE] == list(held)
    # Nobody on one side pays while another of the same side receives.
    for side in (1, -1):
        signs = {(shares[t] > 0) - (shares[t] < 0) for t, s in held.items() if s * side > 0}
        assert not {1, -1} <= signs


@given(held=st.dictionaries(st.sampled_from(["ann", "bob", "cy"]), sizes, min_size=1))
def test_only_crumbs_go_to_the_reserve_when_the_venue_pays_for_the_net(held):
    net = sum(held.values(), D(0))
    amount = (net * D("-1.4750123")).quantize(D("1E-6"))
    shares = share_funding(payment(net, amount), held, D("118001"))
    gross = sum((abs(size) for size in held.values()), D(0))
    if gross <= 1000 * abs(net):
        assert abs(shares.get(RESERVE, D(0))) <= D("1E-6") * len(held)
