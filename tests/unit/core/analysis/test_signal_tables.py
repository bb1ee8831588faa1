from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from nof0_core.analysis.exposure import Exposure
from nof0_core.analysis.signal_tables import SignalLog
from nof0_core.domain.context import Performance
from nof0_core.domain.decision import Decision, Judgement, Signal
from nof0_core.domain.event import CycleEnded
from nof0_core.domain.vocabulary import CycleStatus
from nof0_core.ids import CycleId, Symbol, TraderId

ARENA = Path(__file__).parents[3] / "data" / "arena"
RECORDED = json.loads((ARENA / "analytics-gpt-5.json").read_text())["analytics"][0]


@pytest.fixture
def cycle(account):
    def make(*judgements):
        return CycleEnded(
            trader=TraderId("one"),
            cycle=CycleId("c"),
            number=1,
            scheduled=datetime(2025, 7, 1, tzinfo=UTC),
            status=CycleStatus.OK,
            model="m",
            market="",
            account=account(),
            performance=Performance(),
            judgements=judgements,
        )

    return make


def judged(signal, *, confidence=None, asked=None, granted=None, symbol="BTC"):
    decision = Decision(signal=signal, symbol=Symbol(symbol), confidence=confidence, leverage=asked)
    return Judgement(decision=decision, is_approved=granted is not None, leverage=granted)


def test_every_key_of_the_recording_is_there_before_anything_was_said():
    log = SignalLog()
    assert set(log.signals(Exposure())) == set(RECORDED["signals_breakdown_table"])
    assert set(log.signals(Exposure()).values()) == {0}
    assert set(log.invocation_table()) == set(RECORDED["invocation_breakdown_table"])
    assert set(log.invocation_table().values()) == {0}


def test_signals_are_counted_by_what_they_ask_for(cycle):
    log = SignalLog()
    log.add(
        cycle(
            judged(Signal.BUY_TO_ENTER, confidence=80, asked=20, granted=10),
            judged(Signal.HOLD, confidence=60, symbol="ETH"),
        ),
        0,
    )
    log.add(
        cycle(
            judged(Signal.SELL_TO_ENTER, confidence=70, asked=4),
            judged(Signal.BUY_TO_ENTER, confidence=90, asked=6, granted=6),
        ),
        60,
    )
    table = log.signals(Exposure(long_mins=30, short_mins=10, flat_mins=60))
    assert table["total_signals"] == 4
    assert (table["num_long_signals"], table["num_close_signals"]) == (2, 0)
    assert (table["long_signal_pct"], table["long_short_ratio"]) == (50, 2)
    assert table["avg_confidence"] == pytest.approx(0.75)
    assert table["avg_confidence_long"] == pytest.approx(0.85)
    assert table["std_confidence_short"] == 0
    assert (table["avg_leverage"], table["median_leverage"]) == (pytest.approx(20 / 3), 6)
    assert table["pct_mins_flat_combined"] == 60
    assert list(log.asked_leverage) == [4, 6, 20]
    assert log.symbols == {"BTC", "ETH"}


def test_no_short_signal_makes_a_ratio_of_zero(cycle):
    log = SignalLog()
    log.add(cycle(judged(Signal.BUY_TO_ENTER, asked=2)), 0)
    assert log.signals(Exposure())["long_short_ratio"] == 0


def test_breaks_are_minutes_between_invocations(cycle):
    log = SignalLog()
    for time in (0, 180, 420):
        log.add(cycle(), time)
    table = log.invocation_table()
    assert (table["num_invocations"], table["avg_invocation_break_mins"]) == (3, 3.5)
    assert (table["min_invocation_break_mins"], table["max_invocation_break_mins"]) == (3, 4)


def test_logging_goes_on_after_tables_were_built(cycle):
    """The arrays lend their memory to numpy while a table is built."""
    log = SignalLog()
    log.add(cycle(judged(Signal.BUY_TO_ENTER, confidence=80, asked=2)), 0)
    kept = (log.signals(Exposure()), log.invocation_table())
    log.add(cycle(judged(Signal.BUY_TO_ENTER, confidence=60, asked=4)), 60)
    assert kept[0]["avg_confidence"] == pytest.approx(0.8)
    assert log.signals(Exposure())["avg_leverage_long"] == 3
