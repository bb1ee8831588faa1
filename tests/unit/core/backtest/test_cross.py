"""Task "cross": the whole engine and a plain loop agree to the last digit."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial

import anyio
import plain_cross
import pytest
from cross_project import CAPITAL, START, WARM, project

from nof0_core.backtest.one_run import Stop, live
from nof0_core.backtest.running import plan
from nof0_core.backtest.stage import Source
from nof0_core.domain.candles import from_ms, to_ms
from nof0_core.manager.manager import Manager
from nof0_core.project import Window, load_config, open_journal, run_backtest
from nof0_core.testing.environment import Lines

ALL = {"stop", "target", "close"}


# Calm prices are left by signal, wild ones by stop and target as well, also over full hours.
@pytest.mark.parametrize("turns", [False, True])
@pytest.mark.parametrize(
    ("seed", "step", "reasons"),
    [(1, 12.0, {"close"}), (2, 120.0, ALL), (3, 260.0, ALL)],
)
def test_the_engine_and_a_plain_loop_agree_to_the_last_digit(tmp_path, seed, step, reasons, turns):
    bars = plain_cross.made_up(
        WARM + 1500, seed=seed, start=to_ms(START) - WARM * 60_000, step=step
    )
    file = project(tmp_path, bars, turns=turns)

    result = run_backtest(file, Window(START, START + timedelta(minutes=1440)), moments=1)

    [trader] = result.traders
    # The first decision is at the start itself, on the bar that closes then; so is the last.
    ended = WARM + 1440
    cut = plain_cross.Bars(*(getattr(bars, n)[:ended] for n in bars.__annotations__))
    trades, held, cash = plain_cross.run(cut, WARM - 1, Decimal(CAPITAL), turns=turns)
    if turns:
        assert any(
            one.entered == other.left for one, other in zip(trades[1:], trades, strict=False)
        )
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


@pytest.mark.parametrize("step", [12.0, 260.0])
def test_nothing_is_done_but_decisions_fills_and_hours(tmp_path, step):
    """What was traded is not looked at again a bar later; where nothing is held no hour is."""
    start, length = to_ms(START) - WARM * 60_000, timedelta(minutes=1440)
    file = project(tmp_path, plain_cross.made_up(WARM + 1500, seed=2, start=start, step=step))
    done: list[datetime] = []
    planned = plan(load_config(file), start=START, end=START + length, source=Source())
    work = partial(live, planned.staged, planned.window, log=lambda _: Lines(), stop=Stop())

    anyio.run(partial(work, progress=done.append))

    records = list(open_journal(planned.folder / "run").records())
    needed = {record.time for record in records if record.type in {"decided", "filled"}}
    hours = {moment for moment in done if not moment.minute}
    marked = {record.time for record in records if record.type == "hour"}
    assert needed <= set(done)
    assert marked <= hours
    assert len(hours) <= len(marked) + 3
    assert len(set(done) - needed - hours) <= 5


def test_hours_in_which_nobody_holds_anything_are_marked_without_a_look(tmp_path, monkeypatch):
    """Prices stand still; start and end are looked at."""
    start, length = to_ms(START) - WARM * 60_000, timedelta(minutes=1440)
    file = project(tmp_path, plain_cross.made_up(WARM + 1500, seed=2, start=start, step=0))
    planned = plan(load_config(file), start=START, end=START + length, source=Source())
    looks, sync = [], Manager.sync

    async def look(self, venue_account):
        looks.append(venue_account)
        await sync(self, venue_account)

    monkeypatch.setattr(Manager, "sync", look)

    anyio.run(partial(live, planned.staged, planned.window, log=lambda _: Lines(), stop=Stop()))

    records = list(open_journal(planned.folder / "run").records())
    counts = [record.event().body.count for record in records if record.type == "hours"]
    assert sum(counts) + sum(record.type == "hour" for record in records) == 24
    assert len(counts) <= 2
    assert len(looks) <= 4
