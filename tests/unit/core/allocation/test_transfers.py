from __future__ import annotations

from datetime import UTC, datetime
from decimal import ROUND_DOWN, Decimal, localcontext

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nof0_core.domain.position import ExitPlan, Holding
from nof0_core.ids import RESERVE
from nof0_core.manager.allocation import transfers
from nof0_core.manager.allocation.transfers import free_cash
from nof0_core.money import EXACT

D = Decimal


def holding(size="0.1", mark="10000", stop=None):
    return Holding(
        symbol="BTC",
        quantity=D(size),
        entry_price=D(mark),
        mark=D(mark),
        leverage=10,
        margin=abs(D(size)) * D(mark) / 10,
        unrealized_pnl=D(0),
        liquidation_price=None,
        opened_at=datetime(2025, 7, 23, tzinfo=UTC),
        exit_plan=ExitPlan(stop_loss=D(stop) if stop else None),
        confidence=0.0,
        risk_usd=D(0),
        fees=D(0),
        funding=D(0),
        realized_pnl=D(0),
        entry_order_id="1",
    )


@pytest.fixture
def accounts(make_account):
    def make(**equities):
        made = {t: make_account(t, equity=D(e)) for t, e in equities.items()}
        if "reserve" in made:
            made[RESERVE] = made.pop("reserve")
        return made

    return make


def test_winner_gives_to_the_loser(accounts):
    moves = transfers(accounts(a="1200", b="800", reserve="500"), {"a": D(40), "b": D(40)}, D(2500))
    assert moves == (("a", D(-200)), ("b", D(200)))


def test_nothing_moves_when_everybody_has_its_share(accounts):
    assert transfers(accounts(a="500", reserve="500"), {"a": D(50)}, D(1000)) == ()


def test_reserve_takes_what_the_shares_leave(accounts):
    moves = transfers(accounts(a="600", reserve="400"), {"a": D(50)}, D(1000))
    assert moves == (("a", D(-100)), (RESERVE, D(100)))


def test_reserve_gives_only_what_it_has_beyond_its_own_share(accounts):
    moves = transfers(accounts(a="300", reserve="700"), {"a": D(60)}, D(1000))
    assert moves == (("a", D(300)), (RESERVE, D(-300)))


def test_gifts_are_cut_in_proportion_when_the_giver_cannot_give_enough(accounts, make_account):
    """a should give 600 but 1500 of its 1600 are margin; b and c asked for 2 : 1."""
    held = accounts(b="600", c="800", reserve="0")
    held["a"] = make_account("a", equity=D(1600), margin=D(1500))
    third = D(100) / 3
    moves = transfers(held, {"a": third, "b": third, "c": third}, D(3000))
    assert dict(moves) == {
        "a": D(-100),
        "b": D("66.666666"),
        "c": D("33.333333"),
        RESERVE: D("0.000001"),
    }
    assert moves[0][0] == "a"


def test_account_without_a_share_is_left_alone(accounts):
    moves = transfers(accounts(a="500", b="700", reserve="0"), {"b": D(50)}, D(1200))
    assert moves == (("b", D(-100)), (RESERVE, D(100)))


def test_reserve_cannot_have_a_share(accounts):
    with pytest.raises(ValueError, match="@reserve"):
        transfers(accounts(reserve="5"), {RESERVE: D(5)}, D(5))


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        pytest.param(holding(), "900", id="no stop: margin only"),
        # 0.1 * (10000 - 9000) = 100 lost at the stop, 100 margin.
        pytest.param(holding(stop="9000"), "800", id="long with its stop below"),
        pytest.param(holding(size="-0.1", stop="12000"), "700", id="short with its stop above"),
        pytest.param(holding(stop="10500"), "900", id="stop that locks in a profit frees nothing"),
        pytest.param(holding(stop="1"), "0", id="stop far away keeps all"),
    ],
)
def test_free_cash_leaves_margin_and_the_loss_at_the_stop(make_account, held, expected):
    account = make_account("a", equity=D(1000), margin=held.margin, holdings=(held,))
    assert free_cash(account) == D(expected)


money = st.integers(-(10**9), 10**11).map(lambda n: D(n).scaleb(-6))
margins = st.integers(0, 10**10).map(lambda n: D(n).scaleb(-6))


@settings(max_examples=200, deadline=None)
@given(
    states=st.lists(st.tuples(money, margins, st.integers(0, 100)), min_size=1, max_size=6),
    reserve=money,
    reserve_pct=st.integers(0, 50),
)
@example(
    states=[(D("0"), D("0"), 2), (D("0.000002"), D("0"), 1)], reserve=D("0.000004"), reserve_pct=0
)
def test_moves_sum_to_zero_and_take_nothing_that_is_bound(
    make_account, states, reserve, reserve_pct
):
    accounts = {
        f"t{i}": make_account(f"t{i}", equity=e, margin=m) for i, (e, m, _) in enumerate(states)
    }
    accounts[RESERVE] = make_account(RESERVE, equity=reserve)
    weight = sum(w for _, _, w in states) or 1
    shares = {f"t{i}": D(w * (100 - reserve_pct)) / weight for i, (_, _, w) in enumerate(states)}
    total = sum((a.equity for a in accounts.values()), D(0))
    moves = transfers(accounts, shares, total)
    assert sum((amount for _, amount in moves), D(0)) == 0
    assert len({trader for trader, _ in moves}) == len(moves)
    for trader, amount in moves:
        assert amount == amount.quantize(D("1E-6"))
        assert amount != 0
        if amount < 0:
            assert -amount <= accounts[trader].available
        if trader != RESERVE:
            # Nobody moves past its share.
            # A share is cut to whole micro-dollars, which may be all that is missing.
            with localcontext(EXACT):
                share = (total * shares[trader] / 100).quantize(D("1E-6"), ROUND_DOWN)
            gap = share - accounts[trader].equity
            assert abs(amount) <= abs(gap) + D("1E-5")
            assert amount * gap > 0
    signs = [amount < 0 for trader, amount in moves if trader != RESERVE]
    assert signs == sorted(signs, reverse=True)
