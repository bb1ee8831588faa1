"""Task "cross": the whole engine and a plain loop agree to the last digit."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import plain_cross
import pytest
from cross_project import CAPITAL, START, WARM, project

from nof0_core.domain.candles import from_ms, to_ms
from nof0_core.project import Window, run_backtest

ALL = {"stop", "target", "close"}


# Calm prices are left by signal, wild ones by stop and target as well, also over full hours.
@pytest.mark.parametrize(
    ("seed", "step", "reasons"),
    [(1, 12.0, {"close"}), (2, 120.0, ALL), (3, 260.0, ALL)],
)
def test_the_engine_and_a_plain_loop_agree_to_the_last_digit(tmp_path, seed, step, reasons):
    bars = plain_cross.made_up(
        WARM + 1500, seed=seed, start=to_ms(START) - WARM * 60_000, step=step
    )
    file = project(tmp_path, bars)

    result = run_backtest(file, Window(START, START + timedelta(minutes=1440)), moments=1)

    [trader] = result.traders
    # The first decision is at the start itself, on the bar that closes then; so is the last.
    ended = WARM + 1440
    cut = plain_cross.Bars(*(getattr(bars, n)[:ended] for n in bars.__annotations__))
    trades, held, cash = plain_cross.run(cut, WARM - 1, Decimal(CAPITAL))
    assert len(trades) >= 10
    assert {trade.reason for trade in trades} == reasons
    assert any(trade.funding for trade in trades)
    told = [
        (t.entry.time, t.entry.price, t.quantity, t.entry.fee, t.funding) for t in trader.trades
    ]
    left = [(t.exit.time, t.exit.price, t.exit.fee, t.reason.value) for t in trader.trades]
    assert told == [(from_ms(t.entered), t.entry, t.size, t.entry_fee, t.funding) for t in trades]
    assert left == [(from_ms(t.left), t.exit, t.exit_fee, t.reason) for t in trades]
    assert trader.account.cash == cash
    assert [h.quantity for h in trader.account.holdings] == ([held.size] if held else [])
