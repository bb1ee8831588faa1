"""A liquidation of the shared position is shared to the last coin and the last digit."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal as D

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nof0_core.domain.fill import Fill
from nof0_core.domain.order import Side
from nof0_core.ledger.liquidations import share_liquidation

pytestmark = pytest.mark.anyio
sizes = st.dictionaries(
    st.sampled_from(["@unassigned", "ann", "bob", "cid", "dan"]),
    st.decimals("-50", "50", places=3).filter(bool),
    max_size=5,
)


def _fill(side, size, fee="0"):
    return Fill(
        trade_id="7",
        venue_order_id="7", client_id=None, symbol="BTC", side=Side(side), price=D(90_000),
        size=D(size), fee=D(fee), time=datetime(2025, 7, 16, tzinfo=UTC), is_liquidation=True,
    )  # fmt: skip


def test_longs_lose_in_proportion_and_shorts_nothing():
    # 6 of 8 long coins go: 5 x 6/8 = 3.75 and 3 x 6/8 = 2.25; the fee of 10 as 6.25 and 3.75.
    parts = share_liquidation(
        _fill("sell", "6", "10"), {"ann": D(5), "bob": D(-2), "cid": D(3)}, D("0.01")
    )
    assert {t: (p.size, p.fee) for t, p in parts.items()} == {
        "ann": (D("3.75"), D("6.25")),
        "cid": (D("2.25"), D("3.75")),
    }


def test_steps_that_are_left_over_go_to_the_largest_remainder():
    # In whole coins 2 x 4/6 = 1.33 each; the fourth coin goes to whoever comes first.
    parts = share_liquidation(_fill("buy", "4"), {"ann": D(-2), "bob": D(-2), "cid": D(-2)}, D(1))
    assert {t: p.size for t, p in parts.items()} == {"ann": 2, "bob": 1, "cid": 1}


def test_what_nobody_holds_is_unassigned():
    parts = share_liquidation(_fill("sell", "3"), {"ann": D(2), "bob": D(-1)}, D("0.1"))
    assert {t: p.size for t, p in parts.items()} == {"ann": 2, "@unassigned": 1}


@given(
    sizes=sizes,
    side=st.sampled_from(["buy", "sell"]),
    size=st.decimals("0.001", "120", places=3),
    fee=st.decimals("-100", "1000", places=8),
)
def test_nothing_is_lost_and_nobody_loses_more_than_he_has(sizes, side, size, fee):
    fill = _fill(side, size, fee)
    parts = share_liquidation(fill, sizes, D("0.001"))
    assert sum(p.size for p in parts.values()) == fill.size
    assert sum(p.fee for p in parts.values()) == fill.fee
    closed = {t: s for t, s in sizes.items() if s * fill.side.sign < 0}
    held = sum(abs(s) for s in closed.values())
    for trader, part in parts.items():
        assert part.size > 0
        assert attrs.evolve(part, size=fill.size, fee=fill.fee) == fill
        if trader == "@unassigned" and fill.size > held:
            continue
        assert part.size <= abs(closed[trader])
        # No further from its proportion than one step.
        assert abs(part.size - min(fill.size, held) * abs(closed[trader]) / held) < D("0.001")


async def test_venue_liquidation_is_booked_to_the_holders_once_even_after_a_crash(scene):
    await scene.open("ann")
    await scene.open("bob")
    # What the venue does by itself: 0.012 of the 0.02 BTC sold at 90,000.
    scene.venue.prices["BTC"] = D(90_000)
    scene.venue.trade_by_hand("BTC", Side.SELL, "0.012")
    fill = scene.venue.executed[-1]
    scene.venue.executed[-1] = attrs.evolve(fill, is_liquidation=True)
    await scene.sync()
    scene.assert_agrees()
    for trader in ("ann", "bob"):
        (trade,) = scene.state.trades(trader)
        assert (trade.quantity, trade.reason) == (D("0.006"), "liquidation")
    assert "liquidation" in scene.alerts()
    assert "foreign_fill" not in scene.alerts()


def test_parts_booked_before_a_crash_are_not_booked_again(scene):
    from nof0_core.domain.event import Filled

    fill = _fill("sell", "1", "0.5")
    parts = share_liquidation(fill, {"ann": D("0.6"), "bob": D("0.4")}, D("0.1"))
    record = scene.recorder.record

    def book(trader):
        record(
            trader,
            Filled(trader=trader, venue_account="paper", fill=parts[trader], whole=fill.size),
        )

    book("ann")
    assert not scene.state.knows_fill("paper", "7")
    assert scene.state.parts_of("paper", "7") == {"ann": D("0.6")}
    book("ann")
    scene.restart()
    assert scene.state.quantities("paper", "BTC") == {"ann": D("-0.6")}
    record = scene.recorder.record
    book("bob")
    assert scene.state.knows_fill("paper", "7")
    book("bob")
    assert scene.state.quantities("paper", "BTC") == {"ann": D("-0.6"), "bob": D("-0.4")}
    assert scene.state.audit("paper") == ()
