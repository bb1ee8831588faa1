"""Where marks may bring an account to a limit: extremes of one coin tell it where they can."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from decimal import Decimal as D

import numpy as np
import pytest

from nof0_core.backtest.account_line import AccountLine
from nof0_core.domain.account import AccountState
from nof0_core.domain.growth import Growth
from nof0_core.domain.instrument import Instrument
from nof0_core.domain.position import ExitPlan, Holding, MarginMode
from nof0_core.ledger.pools import Pool

NOON = datetime(2025, 7, 1, 12, tzinfo=UTC)
BTC = Instrument(symbol="BTC", size_decimals=5, price_decimals=1, max_leverage=20)


def account(quantity, mark, cash):
    held = Holding(
        symbol="BTC",
        quantity=quantity,
        entry_price=mark,
        mark=mark,
        leverage=10,
        margin=abs(quantity) * mark / 10,
        unrealized_pnl=D(0),
        liquidation_price=None,
        opened_at=NOON,
        exit_plan=ExitPlan(),
        confidence=90.0,
        risk_usd=D(0),
        fees=D(0),
        funding=D(0),
        realized_pnl=D(0),
        entry_order_id="1",
    )
    return AccountState(
        trader="ann",
        time=NOON,
        deposited=cash,
        cash=cash,
        equity=cash,
        realized_pnl=D(0),
        unrealized_pnl=D(0),
        fees=D(0),
        funding=D(0),
        margin_used=held.margin,
        growth=Growth(index=D("1.25"), base=cash),
        holdings=(held,),
    )


def line_of(rng):
    mark, cash = D(rng.randint(900, 1100)), D(rng.choice([1000, 5000, 20_000]))
    quantity = D(rng.choice([-30, -9, -2, 2, 9, 30]))
    made = account(quantity, mark, cash)
    pool = Pool(mode=MarginMode.CROSS, positions=made.holdings, equity=cash, needed=D(0), rates={})
    return AccountLine(made, [pool], {"BTC": BTC}), float(mark)


@pytest.mark.parametrize("seed", range(60))
def test_extremes_hide_no_danger(seed, monkeypatch):
    rng = random.Random(seed)
    line, mark = line_of(rng)
    steps = [rng.gauss(0, rng.choice([1, 10, 40])) for _ in range(rng.randint(0, 40))]
    marks = {"BTC": np.maximum(mark + np.cumsum(steps), 1.0) if steps else np.array([])}
    limits = {
        "day_start": rng.choice([None, 1.25, 1.3]),
        "day_limit": rng.choice([0.01, 0.1]),
        "peak": rng.choice([None, 1.25, 1.5]),
        "fall_limit": rng.choice([0.05, 0.3]),
    }

    found = line.first_danger(marks, **limits)

    monkeypatch.setattr(AccountLine, "_is_far", lambda *_: False)
    assert line.first_danger(marks, **limits) == found


def test_far_accounts_and_near_ones_are_among_them():
    told = []
    for seed in range(300):
        rng = random.Random(seed)
        line, mark = line_of(rng)
        told.append(line._is_far(np.array([mark, mark + 20, mark - 20]), 1.25, 0.1, 1.3, 0.3))
    assert 30 < sum(told) < 270
