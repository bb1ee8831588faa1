"""What shares are percent of, and that nothing of it is ever lost to the reserve."""

from __future__ import annotations

from decimal import Decimal as D
from types import SimpleNamespace

import attrs
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nof0_core.ids import RESERVE
from nof0_core.manager.allocation.managed import configured_pct, managed_usd, part_usd
from nof0_core.manager.allocation.transfers import transfers


def config(total, **pct):
    """Traders by name; the exchange account is the part of the name before the underscore."""
    traders = [
        SimpleNamespace(id=name, exchange=name.split("_")[0], allocation_pct=D(each))
        for name, each in pct.items()
    ]
    return SimpleNamespace(total_equity_usd=D(total), traders=traders)


def test_on_one_exchange_account_shares_are_of_all_capital():
    made = config(10_000, a_one="33.33", a_two="0")
    assert part_usd(made, "a") == 10_000
    assert configured_pct(made, "a") == {"a_one": D("33.33"), "a_two": D(0)}


def test_exchange_accounts_divide_capital_as_their_traders_do():
    made = config(10_000, a_one=30, a_two=15, b_one=15)
    assert (part_usd(made, "a"), part_usd(made, "b")) == (7500, 2500)
    # 40 % of 7,500 are the 30 % of 10,000 that a_one began with.
    assert configured_pct(made, "a") == {"a_one": D(40), "a_two": D(20)}
    assert configured_pct(made, "b") == {"b_one": D(60)}


def test_exchange_accounts_whose_traders_get_nothing_divide_alike():
    made = config(10_000, a_one=0, b_one=0)
    assert (part_usd(made, "a"), part_usd(made, "b")) == (5000, 5000)
    assert configured_pct(made, "b") == {"b_one": D(0)}
    idle = config(10_000, a_one=50, b_one=0)
    assert (part_usd(idle, "a"), part_usd(idle, "b")) == (10_000, 0)


def test_profit_and_loss_of_all_traders_is_managed_moved_capital_changes_nothing(make_account):
    won = attrs.evolve(make_account("a", equity=D(1500)), deposited=D(1200))
    lost = attrs.evolve(make_account("b", equity=D(-50)), deposited=D(800))
    assert managed_usd(D(10_000), [won, lost]) == 10_000 + 300 - 850


def test_divided_shares_move_nothing_where_everybody_has_them(make_account):
    made = config(10_000, a_one="33.33", a_two="13.34", b_one="13.33")
    for venue in "ab":
        managed = part_usd(made, venue)
        shares = configured_pct(made, venue)
        accounts = {
            trader.id: make_account(trader.id, equity=trader.allocation_pct * 100)
            for trader in made.traders
            if trader.exchange == venue
        }
        accounts[RESERVE] = make_account(RESERVE, equity=D(9000))
        assert transfers(accounts, shares, managed) == ()


class Venue:
    """One exchange account over many rebalances, in whole micro-dollars."""

    def __init__(self, make_account, *, count, reserve_pct, total, there):
        self.make = make_account
        self.total, self.reserve_pct = D(total), D(reserve_pct)
        self.traders = [f"t{place}" for place in range(count)]
        self.equity = dict.fromkeys([*self.traders, RESERVE], D(0))
        self.deposited = dict.fromkeys([*self.traders, RESERVE], D(0))
        self.move({RESERVE: D(there)})
        each = (self.total * self.available / 100 / count).quantize(D("1E-6"), "ROUND_DOWN")
        self.move({RESERVE: -each * count} | dict.fromkeys(self.traders, each))

    @property
    def available(self):
        return 100 - self.reserve_pct

    @property
    def managed(self):
        return managed_usd(self.total, [self.account(trader) for trader in self.traders])

    def account(self, trader):
        made = self.make(trader, equity=self.equity[trader])
        return attrs.evolve(made, deposited=self.deposited[trader])

    def move(self, amounts):
        for who, amount in amounts.items():
            self.equity[who] += amount
            self.deposited[who] += amount

    def rebalance(self, shares):
        accounts = {who: self.account(who) for who in self.equity}
        moves = dict(transfers(accounts, shares, self.managed))
        assert sum(moves.values(), D(0)) == 0
        self.move(moves)

    def spread(self, pct):
        return {trader: D(pct) / len(self.traders) for trader in self.traders}


def test_thirty_each_is_accepted_and_means_the_same_for_ever(make_account):
    venue = Venue(make_account, count=2, reserve_pct=0, total=1000, there=5000)
    for _ in range(20):
        venue.rebalance({"t0": D(30), "t1": D(30)})
        assert venue.equity == {"t0": 300, "t1": 300, RESERVE: 4400}
    venue.rebalance({"t0": D(50), "t1": D(50)})
    assert venue.equity == {"t0": 500, "t1": 500, RESERVE: 4000}


def test_profit_is_shared_and_the_reserve_has_its_part_of_it(make_account):
    venue = Venue(make_account, count=2, reserve_pct=10, total=1000, there=1000)
    venue.equity["t0"] += 200
    venue.rebalance({"t0": D(45), "t1": D(45)})
    assert venue.equity == {"t0": 540, "t1": 540, RESERVE: 120}


def test_what_is_not_there_is_given_to_nobody_and_traders_keep_what_they_have(make_account):
    venue = Venue(make_account, count=2, reserve_pct=20, total=1000, there=850)
    assert venue.equity == {"t0": 400, "t1": 400, RESERVE: 50}
    venue.rebalance({"t0": D(40), "t1": D(40)})
    assert venue.equity == {"t0": 400, "t1": 400, RESERVE: 50}
    venue.equity["t0"] -= 100
    venue.rebalance({"t0": D(40), "t1": D(40)})
    # 360 each are wanted of 900; the reserve has less than its own 180 and gives nothing.
    assert venue.equity == {"t0": 340, "t1": 360, RESERVE: 50}


def test_reserve_gives_nothing_that_something_else_stands_on(make_account):
    accounts = {
        "a": make_account("a", equity=D(300)),
        RESERVE: make_account(RESERVE, equity=D(700)),
    }
    assert dict(transfers(accounts, {"a": D(60)}, D(1000), {}, D(250))) == {"a": 50, RESERVE: -50}
    assert transfers(accounts, {"a": D(60)}, D(1000), {}, D(700)) == ()


steps = st.lists(
    st.tuples(
        # Percent of what is available that is handed out, weights, profit and loss in USD.
        st.integers(0, 100),
        st.lists(st.integers(0, 9), min_size=4, max_size=4),
        st.lists(st.integers(-400, 400), min_size=4, max_size=4),
    ),
    max_size=12,
)


@settings(max_examples=200, deadline=None)
@given(
    steps=steps,
    count=st.integers(1, 4),
    reserve_pct=st.integers(0, 60),
    surplus=st.integers(-100, 90_000),
)
@example(steps=[(80, [1] * 4, [0] * 4)] * 5, count=2, reserve_pct=0, surplus=0)
def test_after_any_answers_all_that_is_available_comes_back_to_the_traders(
    make_account, steps, count, reserve_pct, surplus
):
    # As much as there must be at the start: what the traders get.
    there = max(D(1000) * (100 - reserve_pct) / 100, D(1000 + surplus))
    venue = Venue(make_account, count=count, reserve_pct=reserve_pct, total=1000, there=there)
    nobodys = max(D(0), there - 1000)
    for handed_out, weights, results in steps:
        for trader, result in zip(venue.traders, results, strict=False):
            venue.equity[trader] += result
        if venue.managed <= 0:
            return
        whole = sum(venue.equity.values())
        used = weights[:count] if any(weights[:count]) else [1] * count
        pct = venue.available * handed_out / 100
        venue.rebalance({t: pct * w / sum(used) for t, w in zip(venue.traders, used, strict=True)})
        assert sum(venue.equity.values()) == whole
        assert venue.equity[RESERVE] >= min(nobodys, there)
    venue.rebalance(venue.spread(venue.available))
    own = venue.managed * venue.reserve_pct / 100
    crumbs = D("1E-6") * (count + 1)
    # The reserve has its own part and what is nobody's, and not a cent more.
    assert venue.equity[RESERVE] <= own + nobodys + crumbs
    if min(venue.equity.values()) >= 0 and there >= 1000:
        assert venue.equity[RESERVE] >= own + nobodys - crumbs
        for trader in venue.traders:
            share = venue.managed * venue.available / 100 / count
            assert venue.equity[trader] == pytest.approx(share, abs=crumbs)
