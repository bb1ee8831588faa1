"""The last few trades, which are summed up as they come."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from nof0_core.domain.position import ExitPlan
from nof0_core.domain.trade import ClosedTrade, TradeLeg
from nof0_core.domain.vocabulary import ExitReason
from nof0_core.state.recent_trades import MOST_TRADES, NO_TRADES

START = datetime(2025, 7, 14, tzinfo=UTC)


def leg(name, number):
    return TradeLeg(
        price=Decimal(100 + number),
        time=START + timedelta(minutes=number),
        trade_id=name,
        venue_order_id=name,
        is_taker=True,
        fee=Decimal(number) / 10,
    )


def trade(key, number):
    return ClosedTrade(
        trader="ann",
        symbol="BTC",
        quantity=Decimal(number + 1),
        leverage=1,
        confidence=80.0,
        exit_plan=ExitPlan(stop_loss=None, take_profit=None, invalidation_condition=""),
        entry=leg(f"e{key}", number),
        exit=leg(f"x{key}", number),
        gross_pnl=Decimal(1),
        funding=Decimal(0),
        net_pnl=Decimal(number),
        reason=ExitReason.STOP,
    )


@given(
    keys=st.lists(st.integers(0, 8), max_size=40),
    steps=st.lists(st.integers(1, 4), min_size=40, max_size=40),
)
def test_what_has_grown_tells_the_same_as_all_looked_at_at_once(keys, steps):
    trades = [trade(key, number) for number, key in enumerate(keys)]
    grown, count = NO_TRADES, 0
    for step in steps:
        count = min(count + step, len(trades))
        grown = grown.grown(trades[:count])
        assert grown.told == NO_TRADES.grown(trades[:count]).told
    assert len(grown.told) <= MOST_TRADES


def test_only_what_is_new_is_looked_at():
    class Counted(list):
        looked_at = 0

        def __getitem__(self, index):
            self.looked_at += 1
            return super().__getitem__(index)

    trades = Counted(trade(number, number) for number in range(50))
    known = NO_TRADES.grown(trades)
    assert trades.looked_at == MOST_TRADES + 1
    trades.append(trade(50, 50))
    told = known.grown(trades).told
    assert [each.net_pnl for each in told] == [Decimal(n) for n in (50, 49, 48, 47, 46)]
    assert trades.looked_at == MOST_TRADES + 2
